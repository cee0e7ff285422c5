// Protobuf's encoding without message objects, for the few messages that pass so often that making
// objects of them would be most of their cost. Groups, long gone from protobuf, are refused.
// (https://protobuf.dev/programming-guides/encoding/)
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coheld::wire {

enum class WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// What stands before a field: its number and wire type.
constexpr uint32_t FieldTag(uint32_t number, WireType type) {
  return number << 3 | static_cast<uint32_t>(type);
}

// Walks the fields of a serialised message in the order of its bytes, which must outlive it.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  // Reads the next field. False at the end, and where the bytes are no message: see valid().
  bool Next();
  bool valid() const { return valid_; }

  // Of the field read by Next: what FieldTag made.
  uint32_t tag() const { return tag_; }
  // The number of a varint field; the little-endian bits of a fixed one.
  uint64_t number() const { return number_; }
  // The content of a field of bytes, text or a message.
  std::string_view bytes() const { return bytes_; }

 private:
  bool ReadVarint(uint64_t* number) {
    if (rest_.empty() || static_cast<signed char>(rest_[0]) < 0) return ReadLongVarint(number);
    *number = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    return true;
  }
  bool ReadLongVarint(uint64_t* number);
  // Of a tag or a length, which protobuf takes in at most 5 bytes.
  bool ReadShortVarint(uint64_t* number);
  bool ReadFixed(size_t size);
  bool ReadBytes();

  std::string_view rest_;
  bool valid_ = true;
  uint32_t tag_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

// Signed integers (sint64) as varints, small ones of either sign being short.
constexpr uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t UnZigZag(uint64_t bits) {
  return static_cast<int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
}

// Returns how many bytes a varint takes.
constexpr size_t VarintBytes(uint64_t number) {
  return (static_cast<size_t>(std::bit_width(number | 1)) + 6) / 7;
}
// Writes a varint and returns what follows it; at most kVarintBytesMax bytes.
inline constexpr size_t kVarintBytesMax = 10;
inline char* WriteVarint(uint64_t number, char* out) {
  for (; number >= 0x80; number >>= 7) *out++ = static_cast<char>(number | 0x80);
  *out++ = static_cast<char>(number);
  return out;
}

// Returns true if the bytes are all ASCII, and so valid UTF-8.
bool IsAscii(std::string_view bytes);

// Returns true if the bytes are valid UTF-8, as a field of text must be.
bool IsUtf8(std::string_view bytes);

}  // namespace coheld::wire
