// A disk in memory that knows what was made durable, fails at the N-th call, and can show every
// state in which a power cut may leave it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/files.h"

namespace coheld::journal {

class SimulatedDisk : public Files {
 public:
  // What is on the disk: files by path. Folders are not kept.
  using Image = std::map<std::string, std::string>;

  SimulatedDisk() = default;
  // A disk with these files, all durable.
  explicit SimulatedDisk(const Image& image);

  Status Create(const std::string& path, std::unique_ptr<File>* file) override;
  Status Open(const std::string& path, std::unique_ptr<File>* file) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status List(const std::string& folder, std::vector<std::string>* names) override;
  Status SyncFolder(const std::string& folder) override;

  // Lets the calls from the n-th on (from 1) fail with this errno; a failed write may have written
  // a part.
  void FailFrom(uint64_t call, int code) {
    fail_from_ = calls_ + call;
    fail_code_ = code;
  }
  void FailNoMore() { fail_from_ = UINT64_MAX; }
  // Lets files not grow any more, as on a full disk.
  void FailReserve(int code) { reserve_code_ = code; }
  // How many calls were made.
  uint64_t calls() const { return calls_; }

  // What readers see now: what is there after the process was killed.
  Image Now() const;
  // Returns states in which a power cut may leave the disk: of the writes since a file's last sync
  // any sectors of 512 bytes are there, and of the names changed since the folder's sync the first
  // so many. Deterministic from the seed.
  Image AfterPowerCut(uint64_t seed) const;

 private:
  class OpenFile;
  struct Write {
    uint64_t offset = 0;
    std::string bytes;
  };
  struct Content {
    std::string now;
    std::string durable;
    std::vector<Write> unsynced;
  };
  struct Renaming {
    std::string path;
    std::shared_ptr<Content> content;  // Between names, open files and changes; null: removed.
  };

  Status Count(std::string_view call, const std::string& path);
  static void Apply(const Write& write, std::string* bytes);

  std::map<std::string, std::shared_ptr<Content>> names_;
  std::map<std::string, std::shared_ptr<Content>> durable_names_;
  std::vector<Renaming> renamings_;  // Since the folder's last sync.
  uint64_t calls_ = 0;
  uint64_t fail_from_ = UINT64_MAX;
  int fail_code_ = 0;
  int reserve_code_ = 0;
};

}  // namespace coheld::journal
