// Protobuf's encoding without message objects, for the few messages that pass so often that making
// objects of them would be most of their cost. Groups, long gone from protobuf, are refused.
// (https://protobuf.dev/programming-guides/encoding/)
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
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
  explicit FieldReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // Reads the next field. False at the end, and where the bytes are no message: see valid().
  bool Next() {
    if (at_ == end_) return false;
    return NextShort() || NextAny();
  }
  bool valid() const { return valid_; }

  // Of the field read by Next: what FieldTag made.
  uint32_t tag() const { return tag_; }
  // The number of a varint field; the little-endian bits of a fixed one.
  uint64_t number() const { return number_; }
  // The content of a field of bytes, text or a message.
  std::string_view bytes() const { return bytes_; }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  uint32_t ByteAt(size_t place) const { return static_cast<unsigned char>(at_[place]); }
  // Reads what nearly all fields are: a tag of one byte, and a number or length of up to two. False
  // if it is another one.
  bool NextShort();
  bool NextAny();
  bool ReadVarint(uint64_t* number);
  // Of a tag or a length, which protobuf takes in at most 5 bytes.
  bool ReadShortVarint(uint64_t* number);
  bool ReadFixed(size_t size);
  bool ReadBytes();

  const char* at_;
  const char* end_;
  bool valid_ = true;
  uint32_t tag_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
};

inline bool FieldReader::NextShort() {
  if (left() < 2) return false;
  const uint32_t tag = ByteAt(0);
  uint32_t number = ByteAt(1);
  size_t used = 2;
  if (number >= 0x80) {
    if (left() < 3 || ByteAt(2) >= 0x80) return false;
    number = (number & 0x7F) | ByteAt(2) << 7;
    used = 3;
  }
  if (tag >= 0x80 || tag >> 3 == 0) return false;
  const auto type = static_cast<WireType>(tag & 7);
  if (type == WireType::kVarint) {
    number_ = number;
  } else if (type == WireType::kBytes && number <= left() - used) {
    bytes_ = {at_ + used, number};
    used += number;
  } else {
    return false;
  }
  tag_ = tag;
  at_ += used;
  return true;
}

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

// Some varints in a row, at most four of the largest, appended at once: a string grows by single
// bytes at a high price.
class VarintRow {
 public:
  VarintRow& Add(uint64_t number) {
    end_ = WriteVarint(number, end_);
    return *this;
  }
  VarintRow& AddTag(uint32_t field, WireType type) { return Add(FieldTag(field, type)); }
  void AppendTo(std::string* out) const { out->append(bytes_, static_cast<size_t>(end_ - bytes_)); }

 private:
  char bytes_[4 * kVarintBytesMax];
  char* end_ = bytes_;
};

// Gathers what is appended to a string, so that short fields are appended to it in one go.
class FieldWriter {
 public:
  // The string must outlive it, and is whole when it is gone.
  explicit FieldWriter(std::string* out) : out_(out) {}
  ~FieldWriter() { Flush(); }
  FieldWriter(const FieldWriter&) = delete;
  FieldWriter& operator=(const FieldWriter&) = delete;

  // Appends a varint: a number, or what FieldTag made.
  void AddVarint(uint64_t number) {
    if (left() < kVarintBytesMax) Flush();
    at_ = WriteVarint(number, at_);
  }
  // Appends the bytes as they are.
  void Add(std::string_view bytes) {
    if (bytes.size() > left()) return AddLarge(bytes);
    at_ += bytes.copy(at_, bytes.size());
  }
  // The same, and may take their memory.
  void Take(std::string&& bytes) {
    if (at_ != buffer_ || !out_->empty()) return Add(bytes);
    out_->swap(bytes);
  }
  // Appends what is gathered.
  void Flush();

 private:
  size_t left() const { return static_cast<size_t>(buffer_ + sizeof(buffer_) - at_); }
  void AddLarge(std::string_view bytes);

  std::string* const out_;
  char buffer_[256];
  char* at_ = buffer_;
};

// Returns true if the bytes are all ASCII, and so valid UTF-8.
inline bool IsAscii(std::string_view bytes) {
  const size_t size = bytes.size();
  uint64_t all = 0;
  uint64_t word = 0;
  if (size < sizeof(word)) {
    for (const char byte : bytes) all |= static_cast<unsigned char>(byte);
    return all < 0x80;
  }
  for (size_t i = 0; i < size - sizeof(word); i += sizeof(word)) {
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    all |= word;
  }
  // The last ones may be read for the second time.
  std::memcpy(&word, bytes.data() + size - sizeof(word), sizeof(word));
  return ((all | word) & 0x8080808080808080) == 0;
}

namespace internal {
bool IsUtf8ByCharacters(std::string_view bytes);
}  // namespace internal

// Returns true if the bytes are valid UTF-8, as a field of text must be.
inline bool IsUtf8(std::string_view bytes) {
  return IsAscii(bytes) || internal::IsUtf8ByCharacters(bytes);
}

}  // namespace coheld::wire
