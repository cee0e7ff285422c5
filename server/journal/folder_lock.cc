// See folder_lock.h.
#include "server/journal/folder_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "server/journal/failpoint.h"
#include "server/journal/posix_files.h"

namespace coheld::journal {
namespace {

// The file has the holder's pid, for people.
Fault Taken(int descriptor, const std::string& folder) {
  std::array<char, 32> pid{};
  const ssize_t size = pread(descriptor, pid.data(), pid.size() - 1, 0);
  std::string holder(pid.data(), size > 0 ? static_cast<size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return {EWOULDBLOCK, "the folder " + folder + " is in use by " +
                           (holder.empty() ? "another process" : "process " + holder) +
                           "; stop it, or use another folder"};
}

// Locks the whole file against others: F_WRLCK against all, F_RDLCK against those who write.
Status Lock(int descriptor, short kind, const std::string& folder, const std::string& path) {
  struct flock whole {};
  whole.l_type = kind;
  whole.l_whence = SEEK_SET;
  if (fcntl(descriptor, F_SETLK, &whole) == 0) return std::nullopt;
  return errno == EACCES || errno == EAGAIN ? Taken(descriptor, folder) : SystemFault("lock", path);
}

}  // namespace

Status FolderLock::Take(const std::string& folder, std::unique_ptr<FolderLock>* lock,
                        const char* name) {
  const std::string path = folder + "/" + name;
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemFault("open", path);
  std::unique_ptr<FolderLock> taken(new FolderLock(descriptor));
  if (Status fault = Lock(descriptor, F_WRLCK, folder, path)) return fault;
  // Without room for it the lock holds all the same.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor, 0) == 0) (void)!pwrite(descriptor, pid.data(), pid.size(), 0);
  COHELD_FAILPOINT("folder.locked");
  *lock = std::move(taken);
  return std::nullopt;
}

Status FolderLock::TakeIfThere(const std::string& folder, std::unique_ptr<FolderLock>* lock) {
  const std::string path = folder + "/lock";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT ? std::nullopt : Status(SystemFault("open", path));
  std::unique_ptr<FolderLock> taken(new FolderLock(descriptor));
  if (Status fault = Lock(descriptor, F_RDLCK, folder, path)) return fault;
  *lock = std::move(taken);
  return std::nullopt;
}

FolderLock::~FolderLock() { close(descriptor_); }

}  // namespace coheld::journal
