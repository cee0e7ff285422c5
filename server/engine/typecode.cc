// See typecode.h.
#include "server/engine/typecode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace coheld::engine {
namespace {

// The type codes that hold integers, with their range.
struct IntegerRange {
  char code;
  int64_t min;
  uint64_t max;
};

template <typename T>
constexpr IntegerRange RangeOf(char code) {
  using Limits = std::numeric_limits<T>;
  return {code, static_cast<int64_t>(Limits::min()), static_cast<uint64_t>(Limits::max())};
}

constexpr std::array<IntegerRange, 10> kIntegerRanges = {
    RangeOf<int8_t>('b'),  RangeOf<uint8_t>('B'),  RangeOf<int16_t>('h'), RangeOf<uint16_t>('H'),
    RangeOf<int32_t>('i'), RangeOf<uint32_t>('I'), RangeOf<int64_t>('l'), RangeOf<uint64_t>('L'),
    RangeOf<int64_t>('q'), RangeOf<uint64_t>('Q')};
constexpr std::string_view kOtherCodes = "cuwfd?";

// Reals from here on round to infinity in single precision.
constexpr double kSingleOverflow = 0x1.ffffffp127;

const IntegerRange* FindRange(char code) {
  for (const IntegerRange& range : kIntegerRanges) {
    if (range.code == code) return &range;
  }
  return nullptr;
}

// Returns an integer beyond int64 that fits uint64, from its digits.
std::optional<uint64_t> Unsigned(std::string_view digits) {
  constexpr std::string_view kMax = "18446744073709551615";
  if (digits.starts_with('-') || digits.size() > kMax.size()) return std::nullopt;
  if (digits.size() == kMax.size() && digits > kMax) return std::nullopt;
  return std::strtoull(std::string(digits).c_str(), nullptr, 10);
}

bool IsOneCodePoint(std::string_view utf8) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return std::count_if(utf8.begin(), utf8.end(), starts) == 1;
}

}  // namespace

wire::Result<Typecode> Typecode::Parse(std::string_view word) {
  if (word.empty()) return Typecode();
  const bool known = FindRange(word[0]) != nullptr || kOtherCodes.find(word[0]) != word.npos;
  if (word.size() == 1 && known) return Typecode(word[0]);
  return wire::Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                       "no type code \"" + std::string(word) +
                           "\"; use one of c u w b B h H i I l L q Q f d ?, or none"};
}

Value Typecode::Zero() const {
  switch (code_) {
    case '\0':
      return Value();
    case 'c':
      return Value::Bytes(std::string(1, '\0'));
    case 'u':
    case 'w':
      return Value::Text(std::string(1, '\0'));
    case 'f':
    case 'd':
      return Value::Real(0);
    case '?':
      return Value::Boolean(false);
  }
  return Value::Integer(0);
}

wire::Result<Value> Typecode::Conform(Value value) const {
  const ValueKind kind = value.kind();
  switch (code_) {
    case '\0':
      return value;
    case 'c':
      if (kind == ValueKind::kBytes && value.text().size() == 1) return value;
      return Mismatch(value);
    case 'u':
    case 'w':
      if (kind == ValueKind::kText && IsOneCodePoint(value.text())) return value;
      return Mismatch(value);
    case '?':
      if (kind == ValueKind::kBoolean) return value;
      return Mismatch(value);
    case 'f':
    case 'd':
      return ConformReal(value);
  }
  return ConformInteger(std::move(value));
}

wire::Result<Value> Typecode::ConformInteger(Value value) const {
  const IntegerRange& range = *FindRange(code_);
  if (value.kind() == ValueKind::kBoolean) return Value::Integer(value.boolean() ? 1 : 0);
  if (value.kind() == ValueKind::kBigInteger) {
    const std::optional<uint64_t> number = Unsigned(value.text());
    if (!number || *number > range.max) return Overflow(value.text());
    return value;
  }
  if (value.kind() != ValueKind::kInteger) return Mismatch(value);
  const int64_t number = value.integer();
  const bool above = number > 0 && static_cast<uint64_t>(number) > range.max;
  if (number < range.min || above) return Overflow(std::to_string(number));
  return value;
}

wire::Result<Value> Typecode::ConformReal(const Value& value) const {
  double real = 0;
  switch (value.kind()) {
    case ValueKind::kReal:
      real = value.real();
      break;
    case ValueKind::kInteger:
      real = static_cast<double>(value.integer());
      break;
    case ValueKind::kBoolean:
      real = value.boolean() ? 1 : 0;
      break;
    case ValueKind::kBigInteger:
      real = std::strtod(std::string(value.text()).c_str(), nullptr);
      if (std::isinf(real)) return Overflow(value.text());
      break;
    case ValueKind::kNull:
    case ValueKind::kText:
    case ValueKind::kBytes:
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
    case ValueKind::kMap:
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      return Mismatch(value);
  }
  if (code_ == 'd' || !std::isfinite(real)) return Value::Real(real);
  if (std::fabs(real) >= kSingleOverflow) return Overflow(std::to_string(real));
  return Value::Real(static_cast<float>(real));
}

wire::Failure Typecode::Mismatch(const Value& value) const {
  std::string wanted = "an integer";
  if (code_ == 'c') wanted = "bytes of length 1";
  if (code_ == 'u' || code_ == 'w') wanted = "text of one code point";
  if (code_ == '?') wanted = "a boolean";
  if (code_ == 'f' || code_ == 'd') wanted = "a number";
  return {v1::ERROR_REASON_TYPECODE_MISMATCH, "type code '" + std::string(word()) + "' holds " +
                                                  wanted + ", not this " +
                                                  std::string(KindWord(value.kind()))};
}

wire::Failure Typecode::Overflow(std::string_view number) const {
  constexpr size_t kShown = 40;
  std::string shown(number.substr(0, kShown));
  if (number.size() > kShown) shown += "...";
  return {v1::ERROR_REASON_OVERFLOW, shown + " is outside the range of type code '" +
                                         std::string(word()) + "'; use a wider one"};
}

}  // namespace coheld::engine
