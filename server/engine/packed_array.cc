// See packed_array.h.
#include "server/engine/packed_array.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "items travel as they are packed");

constexpr uint32_t kCodePointMax = 0x10FFFF;
// Reals from here on round to infinity in single precision.
constexpr double kSingleOverflow = 0x1.ffffffp127;

bool IsCodePoint(uint32_t number) {
  const bool surrogate = number >= 0xD800 && number <= 0xDFFF;
  return number <= kCodePointMax && !surrogate;
}

std::string ToUtf8(uint32_t code_point) {
  std::string utf8;
  const auto tail = [&](int shift) {
    utf8 += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    utf8 += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    utf8 += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    utf8 += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    utf8 += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
  return utf8;
}

// Reads the only code point of a text; the parser checked that it is UTF-8.
uint32_t FromUtf8(std::string_view utf8) {
  const auto lead = static_cast<unsigned char>(utf8[0]);
  if (lead < 0x80) return lead;
  uint32_t code_point = lead & (0xFFu >> (utf8.size() + 1));
  for (const char next : utf8.substr(1)) {
    code_point = code_point << 6 | (static_cast<unsigned char>(next) & 0x3F);
  }
  return code_point;
}

// As C does, but defined: what is too large is infinite.
float ToSingle(double real) {
  if (std::isfinite(real) && std::fabs(real) >= kSingleOverflow) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    return real > 0 ? kInfinity : -kInfinity;
  }
  return static_cast<float>(real);
}

}  // namespace

const PackedArray::Type PackedArray::kTypes[] = {
    {'b', 1, Kind::kSigned},   {'B', 1, Kind::kUnsigned}, {'h', 2, Kind::kSigned},
    {'H', 2, Kind::kUnsigned}, {'i', 4, Kind::kSigned},   {'I', 4, Kind::kUnsigned},
    {'l', 8, Kind::kSigned},   {'L', 8, Kind::kUnsigned}, {'q', 8, Kind::kSigned},
    {'Q', 8, Kind::kUnsigned}, {'f', 4, Kind::kReal},     {'d', 8, Kind::kReal},
    {'u', 4, Kind::kText},     {'w', 4, Kind::kText},
};

wire::Result<PackedArray> PackedArray::Make(std::string_view typecode, uint64_t length) {
  for (const Type& type : kTypes) {
    if (typecode != std::string_view(&type.code, 1)) continue;
    if (length > kArrayBytesMax / type.bytes) {
      return wire::Failure{v1::ERROR_REASON_TOO_LARGE,
                           std::to_string(length) + " items of type code '" + type.code +
                               "' are over " + std::to_string(kArrayBytesMax) +
                               " bytes; spread them over several arrays"};
    }
    PackedArray array;
    array.typecode_ = Typecode::Parse(typecode).value();
    array.kind_ = type.kind;
    array.item_bytes_ = type.bytes;
    array.length_ = length;
    // At least one byte, so that null is only what failed.
    array.items_.reset(static_cast<char*>(std::calloc(length * type.bytes + 1, 1)));
    if (array.items_ != nullptr) return array;
    return wire::Failure{v1::ERROR_REASON_TOO_LARGE,
                         "no memory for " + std::to_string(length) + " items"};
  }
  return wire::Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                       "no type code \"" + std::string(typecode) +
                           "\" for an array; use one of b B u w h H i I l L q Q f d"};
}

Value PackedArray::At(size_t index) const {
  Bits bits = 0;
  std::memcpy(&bits, Item(index), item_bytes_);
  switch (kind_) {
    case Kind::kSigned: {
      const size_t unused = 64 - 8 * item_bytes_;
      return Value::Integer(static_cast<int64_t>(bits << unused) >> unused);
    }
    case Kind::kUnsigned:
      if (bits <= static_cast<Bits>(INT64_MAX)) return Value::Integer(static_cast<int64_t>(bits));
      return Value::BigInteger(std::to_string(bits));
    case Kind::kReal:
      if (item_bytes_ == sizeof(double)) return Value::Real(std::bit_cast<double>(bits));
      return Value::Real(std::bit_cast<float>(static_cast<uint32_t>(bits)));
    case Kind::kText:
      return Value::Text(ToUtf8(static_cast<uint32_t>(bits)));
  }
  return Value();
}

wire::Result<PackedArray::Bits> PackedArray::Pack(const Value& value) const {
  // Unlike a value cell, an array of floats takes what is infinite as a float.
  const bool single = kind_ == Kind::kReal && item_bytes_ == sizeof(float);
  const Typecode& typecode = single ? Typecode::Parse("d").value() : typecode_;
  const wire::Result<Value> fitting = typecode.Conform(value);
  if (!fitting.ok()) return fitting.failure();
  const Value& item = fitting.value();
  switch (kind_) {
    case Kind::kSigned:
      return static_cast<Bits>(item.integer());
    case Kind::kUnsigned:
      if (item.kind() == ValueKind::kInteger) return static_cast<Bits>(item.integer());
      return Bits{std::strtoull(std::string(item.text()).c_str(), nullptr, 10)};
    case Kind::kReal:
      if (single) return Bits{std::bit_cast<uint32_t>(ToSingle(item.real()))};
      return std::bit_cast<Bits>(item.real());
    case Kind::kText:
      return Bits{FromUtf8(item.text())};
  }
  return Bits{0};
}

void PackedArray::SetAt(size_t index, Bits item) { std::memcpy(Item(index), &item, item_bytes_); }

std::optional<wire::Failure> PackedArray::CheckRaw(std::string_view raw) const {
  if (item_bytes_ == 0 || raw.size() % item_bytes_ != 0) {
    return wire::Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                         std::to_string(raw.size()) + " bytes are no whole number of items of " +
                             std::to_string(item_bytes_) + " bytes"};
  }
  if (kind_ != Kind::kText) return std::nullopt;
  for (size_t at = 0; at < raw.size(); at += item_bytes_) {
    uint32_t number = 0;
    std::memcpy(&number, raw.data() + at, sizeof(number));
    if (IsCodePoint(number)) continue;
    return wire::Failure{v1::ERROR_REASON_INVALID_VALUE,
                         "item " + std::to_string(at / item_bytes_) + ", " +
                             std::to_string(number) + ", is no Unicode code point"};
  }
  return std::nullopt;
}

void PackedArray::Read(const SliceRange& range, std::string* raw) const {
  const auto count = static_cast<size_t>(range.count);
  if (count == 0) return raw->clear();
  if (range.step == 1) {
    raw->assign(Item(range.At(0)), count * item_bytes_);
    return;
  }
  raw->resize(count * item_bytes_);
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(raw->data() + i * item_bytes_, Item(range.At(static_cast<int64_t>(i))),
                item_bytes_);
  }
}

void PackedArray::Write(const SliceRange& range, std::string_view raw) {
  const auto count = static_cast<size_t>(range.count);
  if (count == 0) return;
  if (range.step == 1) {
    std::memcpy(Item(range.At(0)), raw.data(), raw.size());
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(Item(range.At(static_cast<int64_t>(i))), raw.data() + i * item_bytes_, item_bytes_);
  }
}

void PackedArray::Fill(const SliceRange& range, Bits item) {
  for (int64_t i = 0; i < range.count; ++i) SetAt(range.At(i), item);
}

void PackedArray::Save(StateWriter& state) const {
  state.PutBytes(typecode());
  state.PutBytes({items_.get(), length_ * item_bytes_});
}

void PackedArray::Load(StateReader& state) {
  const std::string_view typecode = state.TakeBytes();
  const std::string_view raw = state.TakeBytes();
  if (typecode.empty() && raw.empty()) return;
  wire::Result<PackedArray> made = Make(typecode, 0);
  if (made.ok()) {
    if (const auto wrong = made.value().CheckRaw(raw)) return state.Fail(wrong->message);
    made = Make(typecode, raw.size() / made.value().item_bytes());
  }
  if (!made.ok()) return state.Fail(made.failure().message);
  *this = std::move(made).value();
  std::memcpy(items_.get(), raw.data(), raw.size());
}

}  // namespace coheld::engine
