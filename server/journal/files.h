// The one seam between the journal and the operating system: files, folders, and the calls that
// make them durable. posix_files.h is the real one; tests bring one that fails at any call, or
// forgets what was not synced.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coheld::journal {

// The code of a Fault: the file is whole, but this program is too old for it.
inline constexpr int kNewerFile = -1;

// Why the journal cannot go on.
struct Fault {
  // The errno of a call that failed; 0 if the bytes on disk are wrong; kNewerFile if a newer
  // program wrote them.
  int code = 0;
  std::string message;  // For people: which file, what, and what to do.
};

// True if the disk has no room, or this user may have no more of it.
inline bool IsFull(const Fault& fault) { return fault.code == ENOSPC || fault.code == EDQUOT; }

// Nothing, or why it did not work.
using Status = std::optional<Fault>;

// An open file. One thread at a time, but Sync may go on while another writes, or syncs too.
class File {
 public:
  virtual ~File() = default;
  // Writes all the bytes at this offset.
  [[nodiscard]] virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Reads `size` bytes, or fewer if the file ends before.
  [[nodiscard]] virtual Status ReadAt(uint64_t offset, size_t size, std::string* bytes) const = 0;
  // Makes what was written durable, and the size that it needs. After a failure what is on disk is
  // unknown: the file must not be used again.
  [[nodiscard]] virtual Status Sync() = 0;
  // Makes the file so long, if it is shorter, by writing zeros. What is then written over them and
  // synced changes nothing but data: syncing costs a fraction of what it does at a growing end.
  [[nodiscard]] virtual Status Reserve(uint64_t bytes) = 0;
  // The same at a fraction of the cost, where the disk can do it: it reads as zeros, and has its
  // room, but the first sync of what is then written is as dear as at a growing end.
  [[nodiscard]] virtual Status Allocate(uint64_t bytes) { return Reserve(bytes); }
  [[nodiscard]] virtual Status Size(uint64_t* bytes) const = 0;
};

// The calls that make and find files. Paths are as the operating system takes them.
class Files {
 public:
  virtual ~Files() = default;
  // Makes a file that must not be there yet, and opens it.
  [[nodiscard]] virtual Status Create(const std::string& path, std::unique_ptr<File>* file) = 0;
  // Opens a file that is there.
  [[nodiscard]] virtual Status Open(const std::string& path, std::unique_ptr<File>* file) = 0;
  // Renames a file; one that has the new name already is replaced. Durable after SyncFolder.
  [[nodiscard]] virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // Removes a file. Durable after SyncFolder.
  [[nodiscard]] virtual Status Remove(const std::string& path) = 0;
  // Makes a folder, unless it is there.
  [[nodiscard]] virtual Status MakeFolder(const std::string& path) = 0;
  // Returns the names in a folder, sorted bytewise.
  [[nodiscard]] virtual Status List(const std::string& folder, std::vector<std::string>* names) = 0;
  // Makes what was created, renamed and removed in a folder durable.
  [[nodiscard]] virtual Status SyncFolder(const std::string& folder) = 0;
};

}  // namespace coheld::journal
