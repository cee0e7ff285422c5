// Keeps two daemons from using one folder.
#pragma once

#include <memory>
#include <string>

#include "server/journal/files.h"

namespace coheld::journal {

// Holds the lock of a folder until it is destroyed, or the process ends. The lock is the process's
// (fcntl(2)): a child that it forked, and that lives on, does not hold it. Within one process it
// keeps nobody out.
class FolderLock {
 public:
  // Takes the lock, of a file in the folder, which is made if it is missing.
  // A Fault with EWOULDBLOCK that names the holder's pid if another process has it.
  [[nodiscard]] static Status Take(const std::string& folder, std::unique_ptr<FolderLock>* lock,
                                   const char* name = "lock");
  // The same for those who change nothing, of whom there may be several: nothing is made or
  // written. Without a file there is no daemon, and no lock is returned.
  [[nodiscard]] static Status TakeIfThere(const std::string& folder,
                                          std::unique_ptr<FolderLock>* lock);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
};

}  // namespace coheld::journal
