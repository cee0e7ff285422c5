// Arithmetic of values, as Python has it. See value.h.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "server/engine/big_number.h"
#include "server/engine/limits.h"
#include "server/engine/value.h"

namespace coheld::engine {
namespace {

using wire::Failure;
using wire::Result;

// Integers up to this magnitude are exact as reals.
constexpr int64_t kExactRealMax = int64_t{1} << 53;

std::string_view Sign(v1::Operator op) {
  switch (op) {
    case v1::OPERATOR_ADD:
      return "+";
    case v1::OPERATOR_SUBTRACT:
      return "-";
    case v1::OPERATOR_MULTIPLY:
      return "*";
    case v1::OPERATOR_DIVIDE:
      return "/";
    case v1::OPERATOR_FLOOR_DIVIDE:
      return "//";
    case v1::OPERATOR_MODULO:
      return "%";
    case v1::OPERATOR_AND:
      return "&";
    case v1::OPERATOR_OR:
      return "|";
    case v1::OPERATOR_XOR:
      return "^";
    case v1::OPERATOR_MIN:
      return "min";
    case v1::OPERATOR_MAX:
      return "max";
    case v1::OPERATOR_UNSPECIFIED:
    case v1::Operator_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Operator_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return "";
}

Failure Unsupported(v1::Operator op, const Value& a, const Value& b) {
  return {v1::ERROR_REASON_UNSUPPORTED_OPERAND,
          std::string(KindWord(a.kind())) + " " + ShortText(a) + " " + std::string(Sign(op)) + " " +
              std::string(KindWord(b.kind())) + " " + ShortText(b) + " is not supported"};
}

Failure DivisionByZero(v1::Operator op, const Value& a) {
  return {v1::ERROR_REASON_DIVISION_BY_ZERO,
          ShortText(a) + " " + std::string(Sign(op)) + " 0: division by zero"};
}

Failure Overflow(std::string message) { return {v1::ERROR_REASON_OVERFLOW, std::move(message)}; }

Failure TooLarge() {
  return {v1::ERROR_REASON_TOO_LARGE, "the result would be over " +
                                          std::to_string(kGrowthBytesMax >> 20) +
                                          " MiB; keep it in parts"};
}

bool IsWord(const Value& value) {
  return value.kind() == ValueKind::kBoolean || value.kind() == ValueKind::kInteger;
}

bool IsWhole(const Value& value) { return IsWord(value) || value.kind() == ValueKind::kBigInteger; }

int64_t Word(const Value& value) {
  return value.kind() == ValueKind::kBoolean ? value.boolean() : value.integer();
}

BigNumber Big(const Value& value) {
  return value.kind() == ValueKind::kBigInteger ? BigNumber::FromDigits(value.text())
                                                : BigNumber(Word(value));
}

Result<Value> FromBig(const BigNumber& number) {
  if (const std::optional<int64_t> word = number.ToInteger()) return Value::Integer(*word);
  const std::string digits = number.ToDigits();
  if (digits.size() - (number.negative() ? 1 : 0) > kIntegerDigitsMax) {
    return Overflow("the result has over " + std::to_string(kIntegerDigitsMax) +
                    " digits; use a real");
  }
  return Value::BigInteger(digits);
}

Result<double> ToReal(const Value& value) {
  if (value.kind() == ValueKind::kReal) return value.real();
  if (IsWord(value)) return static_cast<double>(Word(value));
  double real = 0;
  const std::string_view digits = value.text();
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), real);
  if (end.ec != std::errc()) {
    return Overflow("the integer " + ShortText(value) + " is too large for a real");
  }
  return real;
}

double FloatModulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (b < 0) != (rest < 0) ? rest + b : rest;
}

// As CPython's float_floor_div.
double FloatFloorDivide(double a, double b) {
  const double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

// The sign of a NaN that the processor makes differs between processors; nothing may depend on it.
Value RealResult(double real) {
  return Value::Real(std::isnan(real) ? std::numeric_limits<double>::quiet_NaN() : real);
}

Result<Value> ApplyReal(v1::Operator op, const Value& a, const Value& b) {
  const Result<double> left = ToReal(a);
  if (!left.ok()) return left.failure();
  const Result<double> right = ToReal(b);
  if (!right.ok()) return right.failure();
  const double x = left.value();
  const double y = right.value();
  if (op == v1::OPERATOR_ADD) return RealResult(x + y);
  if (op == v1::OPERATOR_SUBTRACT) return RealResult(x - y);
  if (op == v1::OPERATOR_MULTIPLY) return RealResult(x * y);
  if (y == 0) return DivisionByZero(op, a);
  if (op == v1::OPERATOR_DIVIDE) return RealResult(x / y);
  if (op == v1::OPERATOR_FLOOR_DIVIDE) return RealResult(FloatFloorDivide(x, y));
  return RealResult(FloatModulo(x, y));
}

// Arithmetic that fits 64 bits; nothing if it does not (or is none of these).
std::optional<int64_t> ApplyWords(v1::Operator op, int64_t a, int64_t b) {
  int64_t result = 0;
  if (op == v1::OPERATOR_ADD && !__builtin_add_overflow(a, b, &result)) return result;
  if (op == v1::OPERATOR_SUBTRACT && !__builtin_sub_overflow(a, b, &result)) return result;
  if (op == v1::OPERATOR_MULTIPLY && !__builtin_mul_overflow(a, b, &result)) return result;
  if (op == v1::OPERATOR_AND) return a & b;
  if (op == v1::OPERATOR_OR) return a | b;
  if (op == v1::OPERATOR_XOR) return a ^ b;
  if (a == INT64_MIN && b == -1) return std::nullopt;
  const bool uneven = b != 0 && a % b != 0 && (a < 0) != (b < 0);
  if (op == v1::OPERATOR_FLOOR_DIVIDE) return a / b - (uneven ? 1 : 0);
  if (op == v1::OPERATOR_MODULO) return a % b + (uneven ? b : 0);
  return std::nullopt;
}

Result<Value> ApplyBig(v1::Operator op, const BigNumber& a, const BigNumber& b) {
  if (op == v1::OPERATOR_ADD) return FromBig(a + b);
  if (op == v1::OPERATOR_SUBTRACT) return FromBig(a - b);
  if (op == v1::OPERATOR_MULTIPLY) return FromBig(a * b);
  if (op == v1::OPERATOR_FLOOR_DIVIDE) return FromBig(BigNumber::FloorDivide(a, b).first);
  if (op == v1::OPERATOR_MODULO) return FromBig(BigNumber::FloorDivide(a, b).second);
  if (op == v1::OPERATOR_AND) return FromBig(a & b);
  if (op == v1::OPERATOR_OR) return FromBig(a | b);
  if (op == v1::OPERATOR_XOR) return FromBig(a ^ b);
  const std::optional<double> quotient = BigNumber::TrueDivide(a, b);
  if (!quotient) return Overflow("the quotient of the integers is too large for a real");
  return Value::Real(*quotient);
}

bool Divides(v1::Operator op) {
  return op == v1::OPERATOR_DIVIDE || op == v1::OPERATOR_FLOOR_DIVIDE || op == v1::OPERATOR_MODULO;
}

bool IsBitwise(v1::Operator op) {
  return op == v1::OPERATOR_AND || op == v1::OPERATOR_OR || op == v1::OPERATOR_XOR;
}

Result<Value> ApplyWhole(v1::Operator op, const Value& a, const Value& b) {
  if (IsWord(a) && IsWord(b)) {
    const int64_t x = Word(a);
    const int64_t y = Word(b);
    if (Divides(op) && y == 0) return DivisionByZero(op, a);
    if (op == v1::OPERATOR_DIVIDE && std::max(x, y) <= kExactRealMax &&
        std::min(x, y) >= -kExactRealMax) {
      return Value::Real(static_cast<double>(x) / static_cast<double>(y));
    }
    if (const std::optional<int64_t> word = ApplyWords(op, x, y)) {
      const bool booleans = a.kind() == ValueKind::kBoolean && b.kind() == ValueKind::kBoolean;
      return booleans && IsBitwise(op) ? Value::Boolean(*word != 0) : Value::Integer(*word);
    }
  }
  const BigNumber divisor = Big(b);
  if (Divides(op) && divisor.zero()) return DivisionByZero(op, a);
  return ApplyBig(op, Big(a), divisor);
}

bool IsSequence(const Value& value) {
  return value.kind() == ValueKind::kText || value.kind() == ValueKind::kBytes ||
         value.kind() == ValueKind::kList || value.kind() == ValueKind::kTuple;
}

bool IsString(const Value& value) {
  return value.kind() == ValueKind::kText || value.kind() == ValueKind::kBytes;
}

Value MakeString(ValueKind kind, std::string_view characters) {
  return kind == ValueKind::kText ? Value::Text(characters) : Value::Bytes(characters);
}

Value MakeSequence(ValueKind kind, Value::Items items) {
  return kind == ValueKind::kList ? Value::List(std::move(items)) : Value::Tuple(std::move(items));
}

Result<Value> Concatenate(const Value& a, const Value& b) {
  if (IsString(a)) {
    if (a.text().size() + b.text().size() > kGrowthBytesMax) return TooLarge();
    std::string both;
    both.reserve(a.text().size() + b.text().size());
    both += a.text();
    both += b.text();
    return MakeString(a.kind(), both);
  }
  if (a.owned_bytes() + b.owned_bytes() > kGrowthBytesMax) return TooLarge();
  Value::Items both;
  both.reserve(a.items().size() + b.items().size());
  both.insert(both.end(), a.items().begin(), a.items().end());
  both.insert(both.end(), b.items().begin(), b.items().end());
  return MakeSequence(a.kind(), std::move(both));
}

Result<Value> Repeat(const Value& sequence, const Value& count) {
  const bool string = IsString(sequence);
  const size_t length = string ? sequence.text().size() : sequence.items().size();
  const bool none =
      count.kind() == ValueKind::kBigInteger ? count.text().starts_with('-') : Word(count) <= 0;
  if (none || length == 0) {
    return string ? MakeString(sequence.kind(), "") : MakeSequence(sequence.kind(), {});
  }
  if (count.kind() == ValueKind::kBigInteger) return TooLarge();
  const auto times = static_cast<uint64_t>(Word(count));
  const size_t bytes = string ? length : sequence.owned_bytes();
  if (times > kGrowthBytesMax / bytes) return TooLarge();
  if (string) {
    std::string repeated;
    repeated.reserve(length * times);
    for (uint64_t turn = 0; turn < times; ++turn) repeated += sequence.text();
    return MakeString(sequence.kind(), repeated);
  }
  Value::Items repeated;
  repeated.reserve(length * times);
  for (uint64_t turn = 0; turn < times; ++turn) {
    repeated.insert(repeated.end(), sequence.items().begin(), sequence.items().end());
  }
  return MakeSequence(sequence.kind(), std::move(repeated));
}

// Python's min and max: of equal ones the first.
Result<Value> Extreme(v1::Operator op, const Value& a, const Value& b) {
  const Result<std::partial_ordering> order = Compare(b, a);
  if (!order.ok()) return order.failure();
  const bool second = op == v1::OPERATOR_MIN ? order.value() < 0 : order.value() > 0;
  return second ? b : a;
}

}  // namespace

Result<Value> Add(const Value& a, const Value& b) { return Apply(v1::OPERATOR_ADD, a, b); }

Result<Value> Apply(v1::Operator op, const Value& a, const Value& b) {
  if (Sign(op).empty()) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "no operator has number " + std::to_string(op) + "; name one of Operator"};
  }
  if (op == v1::OPERATOR_MIN || op == v1::OPERATOR_MAX) return Extreme(op, a, b);
  if (IsWhole(a) && IsWhole(b)) return ApplyWhole(op, a, b);
  if (a.is_number() && b.is_number() && !IsBitwise(op)) return ApplyReal(op, a, b);
  if (op == v1::OPERATOR_ADD && IsSequence(a) && a.kind() == b.kind()) return Concatenate(a, b);
  if (op == v1::OPERATOR_MULTIPLY && IsSequence(a) && IsWhole(b)) return Repeat(a, b);
  if (op == v1::OPERATOR_MULTIPLY && IsWhole(a) && IsSequence(b)) return Repeat(b, a);
  return Unsupported(op, a, b);
}

}  // namespace coheld::engine
