// The file calls of one simulated process, which may end before any of them: what it calls from
// then on fails and does nothing, until somebody notices that it is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/journal/files.h"

namespace coheld::simulation {

class ProcessFiles : public journal::Files {
 public:
  using Status = journal::Status;

  // `disk` outlives it.
  explicit ProcessFiles(journal::Files& disk) : disk_(disk) {}

  // The process ends when it makes this many calls more; 0 is at once.
  void EndAfter(uint64_t calls) { left_ = calls; }
  bool ended() const { return left_ == 0; }

  Status Create(const std::string& path, std::unique_ptr<journal::File>* file) override;
  Status Open(const std::string& path, std::unique_ptr<journal::File>* file) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status List(const std::string& folder, std::vector<std::string>* names) override;
  Status SyncFolder(const std::string& folder) override;

 private:
  class OpenFile;
  // A Fault if the process has ended.
  Status Count();

  journal::Files& disk_;
  uint64_t left_ = UINT64_MAX;
};

}  // namespace coheld::simulation
