// The journal's files on a POSIX system.
#pragma once

#include "server/journal/files.h"

namespace coheld::journal {

// Returns errno as the fault of this call: "open /path: No such file or directory".
Fault SystemFault(std::string_view call, const std::string& path);

class PosixFiles : public Files {
 public:
  Status Create(const std::string& path, std::unique_ptr<File>* file) override;
  Status Open(const std::string& path, std::unique_ptr<File>* file) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status List(const std::string& folder, std::vector<std::string>* names) override;
  Status SyncFolder(const std::string& folder) override;
};

// The same files for those who only look: what may be read need not be writable.
class ReadOnlyPosixFiles : public PosixFiles {
 public:
  Status Open(const std::string& path, std::unique_ptr<File>* file) override;
};

}  // namespace coheld::journal
