// Reads the key that a client shares with a daemon. See coheld/client.h.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "coheld/client.h"

namespace coheld {
namespace {

constexpr size_t kKeyBytesMax = 4096;

[[noreturn]] void Refuse(const std::string& path, const std::string& why) {
  throw InvalidArgument(Reason::kInvalidArgument,
                        "cannot take the key from \"" + path + "\": " + why);
}

// A descriptor that closes itself.
struct Descriptor {
  const int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

std::string read_key_file(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) Refuse(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) Refuse(path, "it is no plain file");
  if ((status.st_mode & 077) != 0) Refuse(path, "others can read or write it; chmod 600 it");
  std::array<char, kKeyBytesMax + 1> buffer;
  const ssize_t size = ::read(file.number, buffer.data(), buffer.size());
  if (size < 0) Refuse(path, std::strerror(errno));
  std::string key(buffer.data(), static_cast<size_t>(size));
  if (key.size() > kKeyBytesMax) {
    Refuse(path, "it has over " + std::to_string(kKeyBytesMax) + " bytes");
  }
  if (key.ends_with('\n')) key.pop_back();
  if (key.empty()) Refuse(path, "it is empty");
  return key;
}

}  // namespace coheld
