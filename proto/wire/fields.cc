// See fields.h.
#include "proto/wire/fields.h"

namespace coheld::wire {

bool FieldReader::NextAny() {
  valid_ = false;
  uint64_t tag = 0;
  if (ReadShortVarint(&tag) && tag <= UINT32_MAX && tag >> 3 != 0) {
    tag_ = static_cast<uint32_t>(tag);
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
  }
  if (!valid_) at_ = end_;
  return valid_;
}

bool FieldReader::ReadVarint(uint64_t* number) {
  uint64_t read = 0;
  for (size_t i = 0; i < left() && i < kVarintBytesMax; ++i) {
    const uint32_t byte = ByteAt(i);
    read |= uint64_t{byte & 0x7F} << (7 * i);
    if (byte >= 0x80) continue;
    at_ += i + 1;
    *number = read;
    return true;
  }
  return false;
}

bool FieldReader::ReadShortVarint(uint64_t* number) {
  constexpr size_t kShortBytesMax = 5;
  const char* const before = at_;
  return ReadVarint(number) && at_ - before <= static_cast<ptrdiff_t>(kShortBytesMax);
}

bool FieldReader::ReadFixed(size_t size) {
  if (left() < size) return false;
  number_ = 0;
  std::memcpy(&number_, at_, size);
  at_ += size;
  return true;
}

bool FieldReader::ReadBytes() {
  uint64_t size = 0;
  if (!ReadShortVarint(&size) || size > left()) return false;
  bytes_ = {at_, static_cast<size_t>(size)};
  at_ += size;
  return true;
}

void FieldWriter::Flush() {
  out_->append(buffer_, static_cast<size_t>(at_ - buffer_));
  at_ = buffer_;
}

void FieldWriter::AddLarge(std::string_view bytes) {
  constexpr size_t kRoomAfter = 16;  // For what else a message says.
  out_->reserve(out_->size() + static_cast<size_t>(at_ - buffer_) + bytes.size() + kRoomAfter);
  Flush();
  out_->append(bytes);
}

bool internal::IsUtf8ByCharacters(std::string_view bytes) {
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
