// See key_file.h.
#include "server/config/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace coheld::config {
namespace {

constexpr size_t kKeyBytesMax = 4096;

// Returns what is wrong with the file, or nothing.
std::string Complaint(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "it is no plain file";
  if (status.st_uid != geteuid() && status.st_uid != 0) return "it belongs to another user";
  if ((status.st_mode & 077) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof(mode), "%04o", status.st_mode & 07777);
    return std::string("others can read or write it (mode ") + mode + "); chmod 600 it";
  }
  return "";
}

std::string ReadAll(int descriptor, std::string* bytes) {
  std::array<char, kKeyBytesMax + 1> buffer;
  while (bytes->size() <= kKeyBytesMax) {
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::strerror(errno);
    if (size == 0) return "";
    bytes->append(buffer.data(), static_cast<size_t>(size));
  }
  return "it has over " + std::to_string(kKeyBytesMax) + " bytes";
}

std::string ReadKey(int descriptor, std::string* key) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return std::strerror(errno);
  std::string complaint = Complaint(status);
  if (complaint.empty()) complaint = ReadAll(descriptor, key);
  if (!complaint.empty()) return complaint;
  if (key->ends_with('\n')) key->pop_back();
  return key->empty() ? "it is empty" : "";
}

}  // namespace

bool ReadKeyFile(const std::string& path, std::string* key, std::string* error) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  std::string complaint = std::strerror(errno);
  if (descriptor >= 0) {
    complaint = ReadKey(descriptor, key);
    ::close(descriptor);
  }
  if (complaint.empty()) return true;
  *error = "cannot take the key from \"" + path + "\": " + complaint;
  return false;
}

}  // namespace coheld::config
