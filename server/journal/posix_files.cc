// See posix_files.h.
#include "server/journal/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace coheld::journal {

Fault SystemFault(std::string_view call, const std::string& path) {
  const int code = errno;
  return {code, std::string(call) + " " + path + ": " + std::strerror(code)};
}

namespace {

// Calls again what a signal interrupted.
template <typename Call>
auto Uninterrupted(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

class PosixFile : public File {
 public:
  PosixFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  ~PosixFile() override { close(descriptor_); }

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = Uninterrupted([&] {
        return pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (written < 0) return SystemFault("write", path_);
      if (written == 0) return Fault{EIO, "write " + path_ + ": nothing was written"};
      offset += static_cast<uint64_t>(written);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return std::nullopt;
  }

  Status ReadAt(uint64_t offset, size_t size, std::string* bytes) const override {
    bytes->resize(size);
    size_t have = 0;
    while (have < size) {
      const ssize_t count = Uninterrupted([&] {
        return pread(descriptor_, bytes->data() + have, size - have,
                     static_cast<off_t>(offset + have));
      });
      if (count < 0) return SystemFault("read", path_);
      if (count == 0) break;
      have += static_cast<size_t>(count);
    }
    bytes->resize(have);
    return std::nullopt;
  }

  Status Sync() override {
    // Not repeated: the kernel may have dropped what it could not write.
    if (fdatasync(descriptor_) == 0) return std::nullopt;
    return SystemFault("fdatasync", path_);
  }

  Status Reserve(uint64_t bytes) override {
    static const std::string zeros(size_t{1} << 20, '\0');
    uint64_t size = 0;
    if (Status fault = Size(&size)) return fault;
    while (size < bytes) {
      const auto part = std::string_view(zeros).substr(0, std::min(bytes - size, zeros.size()));
      if (Status fault = WriteAt(size, part)) return fault;
      size += part.size();
    }
    return std::nullopt;
  }

  Status Allocate(uint64_t bytes) override {
    uint64_t size = 0;
    if (Status fault = Size(&size)) return fault;
    if (size >= bytes) return std::nullopt;
    const int failed = Uninterrupted([&] {
      return fallocate(descriptor_, 0, static_cast<off_t>(size), static_cast<off_t>(bytes - size));
    });
    if (failed == 0) return std::nullopt;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return Reserve(bytes);
    return SystemFault("fallocate", path_);
  }

  Status Size(uint64_t* bytes) const override {
    struct stat status {};
    if (fstat(descriptor_, &status) != 0) return SystemFault("stat", path_);
    *bytes = static_cast<uint64_t>(status.st_size);
    return std::nullopt;
  }

 private:
  const std::string path_;
  const int descriptor_;
};

Status OpenWith(int flags, std::string_view call, const std::string& path,
                std::unique_ptr<File>* file) {
  const int descriptor = Uninterrupted([&] { return open(path.c_str(), flags | O_CLOEXEC, 0600); });
  if (descriptor < 0) return SystemFault(call, path);
  *file = std::make_unique<PosixFile>(path, descriptor);
  return std::nullopt;
}

}  // namespace

Status PosixFiles::Create(const std::string& path, std::unique_ptr<File>* file) {
  return OpenWith(O_RDWR | O_CREAT | O_EXCL, "create", path, file);
}

Status PosixFiles::Open(const std::string& path, std::unique_ptr<File>* file) {
  return OpenWith(O_RDWR, "open", path, file);
}

Status ReadOnlyPosixFiles::Open(const std::string& path, std::unique_ptr<File>* file) {
  return OpenWith(O_RDONLY, "open", path, file);
}

Status PosixFiles::Rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return std::nullopt;
  return SystemFault("rename", from + " to " + to);
}

Status PosixFiles::Remove(const std::string& path) {
  if (unlink(path.c_str()) == 0) return std::nullopt;
  return SystemFault("remove", path);
}

Status PosixFiles::MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return std::nullopt;
  return SystemFault("make folder", path);
}

Status PosixFiles::List(const std::string& folder, std::vector<std::string>* names) {
  names->clear();
  DIR* const stream = opendir(folder.c_str());
  if (stream == nullptr) return SystemFault("list", folder);
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names->emplace_back(name);
  }
  Status status;
  if (errno != 0) status = SystemFault("list", folder);
  closedir(stream);
  std::sort(names->begin(), names->end());
  return status;
}

Status PosixFiles::SyncFolder(const std::string& folder) {
  const int descriptor =
      Uninterrupted([&] { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return SystemFault("open", folder);
  Status status;
  if (fsync(descriptor) != 0) status = SystemFault("fsync", folder);
  close(descriptor);
  return status;
}

}  // namespace coheld::journal
