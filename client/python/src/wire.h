// Protobuf's wire format, as far as this module writes and reads it: no messages, no descriptors.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "proto/wire/fields.h"

namespace coheld::python {

using wire::UnZigZag;
using wire::VarintBytes;
using wire::VarintRow;
using wire::WireType;
using wire::ZigZag;

// Appends a whole length-delimited field.
inline void AppendBytes(uint32_t field, std::string_view bytes, std::string* out) {
  VarintRow().AddTag(field, WireType::kBytes).Add(bytes.size()).AppendTo(out);
  out->append(bytes);
}

// Opens a length-delimited field whose length is not known yet: Close writes it. One byte is kept
// free; a longer length moves the body.
class OpenField {
 public:
  OpenField(uint32_t field, std::string* out) : out_(out) {
    VarintRow().AddTag(field, WireType::kBytes).Add(0).AppendTo(out);
    start_ = out->size() - 1;
  }

  void Close() {
    const size_t length = out_->size() - start_ - 1;
    if (length < 0x80) {
      (*out_)[start_] = static_cast<char>(length);
      return;
    }
    std::string prefix;
    VarintRow().Add(length).AppendTo(&prefix);
    out_->replace(start_, 1, prefix);
  }

 private:
  std::string* out_;
  size_t start_ = 0;
};

// Walks over the fields of one message. After Next() returned true, field() and type() describe the
// field and number() or bytes() hold it. Next() returns false at the end and on bytes that are no
// message; broken() tells which.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  bool Next() {
    uint64_t tag = 0;
    if (rest_.empty() || !Varint(&tag)) return false;
    field_ = static_cast<uint32_t>(tag >> 3);
    type_ = static_cast<WireType>(tag & 7);
    switch (type_) {
      case WireType::kVarint:
        return Varint(&number_);
      case WireType::kFixed64:
        return Fixed(8);
      case WireType::kFixed32:
        return Fixed(4);
      case WireType::kBytes:
        return Bytes();
    }
    return Break();
  }

  // Reads the next field if it is `field`, of fewer than 128 bytes, with a tag of one byte. False
  // if it is not: then the field that was read before stays.
  bool NextShort(uint32_t field) {
    const uint32_t tag = wire::FieldTag(field, WireType::kBytes);
    if (tag >= 0x80 || rest_.size() < 2 || static_cast<unsigned char>(rest_[0]) != tag) {
      return false;
    }
    const size_t length = static_cast<unsigned char>(rest_[1]);
    if (length >= 0x80 || length > rest_.size() - 2) return false;
    bytes_ = rest_.substr(2, length);
    rest_.remove_prefix(2 + length);
    field_ = field;
    type_ = WireType::kBytes;
    return true;
  }

  uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  uint64_t number() const { return number_; }
  std::string_view bytes() const { return bytes_; }
  bool broken() const { return broken_; }

 private:
  bool Break() {
    broken_ = true;
    return false;
  }

  bool Varint(uint64_t* value) {
    uint64_t result = 0;
    for (size_t i = 0; i < rest_.size() && i < wire::kVarintBytesMax; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      result |= uint64_t{byte & 0x7fu} << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        *value = result;
        return true;
      }
    }
    return Break();
  }

  bool Fixed(size_t size) {
    if (rest_.size() < size) return Break();
    number_ = 0;
    std::memcpy(&number_, rest_.data(), size);
    rest_.remove_prefix(size);
    return true;
  }

  bool Bytes() {
    uint64_t length = 0;
    if (!Varint(&length) || length > rest_.size()) return Break();
    bytes_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  std::string_view rest_;
  uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
  uint64_t number_ = 0;
  std::string_view bytes_;
  bool broken_ = false;
};

// Walks over the varints of a packed field, as FieldReader over fields.
class PackedReader {
 public:
  explicit PackedReader(std::string_view packed) : rest_(packed) {}

  bool Next() {
    if (rest_.empty()) return false;
    number_ = 0;
    for (size_t i = 0; i < rest_.size() && i < wire::kVarintBytesMax; ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      number_ |= uint64_t{byte & 0x7fu} << (7 * i);
      if (byte >= 0x80) continue;
      rest_.remove_prefix(i + 1);
      return true;
    }
    broken_ = true;
    return false;
  }

  uint64_t number() const { return number_; }
  std::string_view bytes() const { return {}; }
  bool broken() const { return broken_; }

 private:
  std::string_view rest_;
  uint64_t number_ = 0;
  bool broken_ = false;
};

}  // namespace coheld::python
