// gRPC's length-prefixed message: 1 byte of flags (bit 0: compressed), 4 bytes of length,
// big-endian, then the message (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). No
// I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coheld::wire {

inline constexpr size_t kPrefixBytes = 5;

// The first five bytes of a message.
struct MessagePrefix {
  bool compressed = false;
  uint32_t length = 0;
};

// Reads a prefix. `bytes` must hold at least kPrefixBytes.
inline MessagePrefix ReadPrefix(const char* bytes) {
  const auto* b = reinterpret_cast<const unsigned char*>(bytes);
  const uint32_t length =
      (uint32_t{b[1]} << 24) | (uint32_t{b[2]} << 16) | (uint32_t{b[3]} << 8) | b[4];
  return {.compressed = (b[0] & 1) != 0, .length = length};
}

// Writes a prefix to kPrefixBytes at `out`.
inline void WritePrefix(MessagePrefix prefix, char* out) {
  out[0] = static_cast<char>(prefix.compressed ? 1 : 0);
  out[1] = static_cast<char>(prefix.length >> 24);
  out[2] = static_cast<char>(prefix.length >> 16);
  out[3] = static_cast<char>(prefix.length >> 8);
  out[4] = static_cast<char>(prefix.length);
}

// Appends the prefix of an uncompressed message of this length, or with the compressed flag.
inline void AppendPrefix(MessagePrefix prefix, std::string* out) {
  char bytes[kPrefixBytes];
  WritePrefix(prefix, bytes);
  out->append(bytes, kPrefixBytes);
}

}  // namespace coheld::wire
