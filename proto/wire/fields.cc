// See fields.h.
#include "proto/wire/fields.h"

#include <cstring>

namespace coheld::wire {

bool FieldReader::Next() {
  if (rest_.empty() || !valid_) return false;
  uint64_t tag = 0;
  valid_ = ReadShortVarint(&tag) && tag <= UINT32_MAX && tag >> 3 != 0;
  if (!valid_) return false;
  tag_ = static_cast<uint32_t>(tag);
  valid_ = false;
  switch (static_cast<WireType>(tag & 7)) {
    case WireType::kVarint:
      valid_ = ReadVarint(&number_);
      break;
    case WireType::kFixed64:
      valid_ = ReadFixed(8);
      break;
    case WireType::kBytes:
      valid_ = ReadBytes();
      break;
    case WireType::kFixed32:
      valid_ = ReadFixed(4);
      break;
  }
  return valid_;
}

bool FieldReader::ReadLongVarint(uint64_t* number) {
  uint64_t read = 0;
  for (size_t i = 0; i < rest_.size() && i < kVarintBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    read |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    rest_.remove_prefix(i + 1);
    *number = read;
    return true;
  }
  return false;
}

bool FieldReader::ReadShortVarint(uint64_t* number) {
  constexpr size_t kShortBytesMax = 5;
  const size_t before = rest_.size();
  return ReadVarint(number) && before - rest_.size() <= kShortBytesMax;
}

bool FieldReader::ReadFixed(size_t size) {
  if (rest_.size() < size) return false;
  number_ = 0;
  std::memcpy(&number_, rest_.data(), size);
  rest_.remove_prefix(size);
  return true;
}

bool FieldReader::ReadBytes() {
  uint64_t size = 0;
  if (!ReadShortVarint(&size) || size > rest_.size()) return false;
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool IsAscii(std::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    if ((word & kHighBits) != 0) return false;
  }
  for (; i < bytes.size(); ++i) {
    if ((static_cast<unsigned char>(bytes[i]) & 0x80) != 0) return false;
  }
  return true;
}

bool IsUtf8(std::string_view bytes) {
  if (IsAscii(bytes)) return true;
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const size_t more = static_cast<size_t>(lead >= 0x80) + static_cast<size_t>(lead >= 0xE0) +
                        static_cast<size_t>(lead >= 0xF0);
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || bytes.size() - i <= more) return false;
    uint32_t code_point = more == 0 ? lead : lead & (0x3Fu >> more);
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code_point = code_point << 6 | (next & 0x3Fu);
    }
    const bool too_long = (more == 2 && code_point < 0x800) || (more == 3 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
    if (too_long || surrogate || code_point > 0x10FFFF) return false;
    i += 1 + more;
  }
  return true;
}

}  // namespace coheld::wire
