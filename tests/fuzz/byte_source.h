// Takes a fuzzer's bytes apart, front to back. When they run out everything reads as zero, so that
// every input means something and a longer one goes on where a shorter one ended.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coheld::fuzz {

class ByteSource {
 public:
  ByteSource(const uint8_t* bytes, size_t size)
      : rest_(reinterpret_cast<const char*>(bytes), size) {}

  bool empty() const { return rest_.empty(); }

  uint8_t Byte() { return static_cast<uint8_t>(Number(1)); }
  uint16_t Short() { return static_cast<uint16_t>(Number(2)); }
  uint64_t Long() { return Number(8); }
  // Returns a number below `end`, which is at most 256.
  size_t Below(size_t end) { return Byte() % end; }
  // Returns the next bytes, fewer if there are no more.
  std::string_view Bytes(size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view Rest() { return Bytes(rest_.size()); }

 private:
  // Little-endian.
  uint64_t Number(size_t bytes) {
    uint64_t number = 0;
    const std::string_view taken = Bytes(bytes);
    for (size_t i = 0; i < taken.size(); ++i) {
      number |= uint64_t{static_cast<uint8_t>(taken[i])} << (8 * i);
    }
    return number;
  }

  std::string_view rest_;
};

}  // namespace coheld::fuzz
