// Comparison as Python does it. Printing is value_print.cc. See coheld/value.h.
#include "coheld/value.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "coheld/error.h"

namespace coheld {
namespace {

// A number of any kind: exactly one member counts.
struct Number {
  enum class Form { kInteger, kBig, kReal } form = Form::kInteger;
  int64_t integer = 0;
  std::string_view digits;
  double real = 0;
};

std::optional<Number> NumberOf(const Value& value) {
  if (const auto* boolean = value.get_if<bool>()) return Number{.integer = *boolean ? 1 : 0};
  if (const auto* integer = value.get_if<int64_t>()) return Number{.integer = *integer};
  if (const auto* big = value.get_if<BigInteger>()) {
    return Number{.form = Number::Form::kBig, .digits = big->digits};
  }
  if (const auto* real = value.get_if<double>()) {
    return Number{.form = Number::Form::kReal, .real = *real};
  }
  return std::nullopt;
}

// Exact: a double cannot hold every 64-bit integer.
std::partial_ordering CompareIntegerToReal(int64_t integer, double real) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (std::isnan(real)) return std::partial_ordering::unordered;
  if (real >= kLimit) return std::partial_ordering::less;
  if (real < -kLimit) return std::partial_ordering::greater;
  const double whole = std::trunc(real);
  const auto rounded = static_cast<int64_t>(whole);
  if (integer != rounded) return integer <=> rounded;
  return 0.0 <=> real - whole;
}

bool IsNegative(std::string_view digits) { return digits.starts_with('-'); }

std::partial_ordering CompareDigits(std::string_view a, std::string_view b) {
  if (IsNegative(a) != IsNegative(b)) {
    return IsNegative(a) ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  if (IsNegative(a)) return CompareDigits(b.substr(1), a.substr(1));
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

// Every whole double has an exact decimal form.
std::partial_ordering CompareDigitsToReal(std::string_view digits, double real) {
  if (std::isnan(real)) return std::partial_ordering::unordered;
  if (std::isinf(real)) {
    return real > 0 ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  const double whole = std::trunc(real);
  std::string text(512, '\0');
  text.resize(static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.0f", whole)));
  const std::partial_ordering order = CompareDigits(digits, text);
  return order != 0 ? order : 0.0 <=> real - whole;
}

std::partial_ordering Reversed(std::partial_ordering order) { return 0 <=> order; }

std::partial_ordering CompareNumbers(const Number& a, const Number& b) {
  using Form = Number::Form;
  if (a.form == Form::kReal && b.form == Form::kReal) return a.real <=> b.real;
  if (a.form == Form::kReal) return Reversed(CompareNumbers(b, a));
  if (b.form == Form::kReal) {
    return a.form == Form::kInteger ? CompareIntegerToReal(a.integer, b.real)
                                    : CompareDigitsToReal(a.digits, b.real);
  }
  if (a.form == Form::kInteger && b.form == Form::kInteger) return a.integer <=> b.integer;
  if (a.form == Form::kBig && b.form == Form::kBig) return CompareDigits(a.digits, b.digits);
  if (a.form == Form::kBig) return Reversed(CompareNumbers(b, a));
  return IsNegative(b.digits) ? std::partial_ordering::greater : std::partial_ordering::less;
}

// As Python: the first pair that is not equal decides.
std::partial_ordering CompareItems(const std::vector<Value>& a, const std::vector<Value>& b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return a.size() <=> b.size();
  return *x <=> *y;
}

bool Contains(const std::vector<Value>& items, const Value& wanted) {
  return std::find(items.begin(), items.end(), wanted) != items.end();
}

}  // namespace

bool operator==(const ValueList& a, const ValueList& b) { return a.items == b.items; }
bool operator==(const Tuple& a, const Tuple& b) { return a.items == b.items; }

bool operator==(const ValueSet& a, const ValueSet& b) {
  return a.items.size() == b.items.size() &&
         std::all_of(a.items.begin(), a.items.end(),
                     [&b](const Value& item) { return Contains(b.items, item); });
}

bool operator==(const Map& a, const Map& b) {
  return a.entries.size() == b.entries.size() &&
         std::all_of(a.entries.begin(), a.entries.end(), [&b](const Entry& entry) {
           return std::find(b.entries.begin(), b.entries.end(), entry) != b.entries.end();
         });
}

bool operator==(const Value& a, const Value& b) {
  const std::optional<Number> x = NumberOf(a);
  const std::optional<Number> y = NumberOf(b);
  if (x && y) return CompareNumbers(*x, *y) == 0;
  return a.kind() == b.kind() && a.variant_ == b.variant_;
}

std::partial_ordering operator<=>(const Value& a, const Value& b) {
  const std::optional<Number> x = NumberOf(a);
  const std::optional<Number> y = NumberOf(b);
  if (x && y) return CompareNumbers(*x, *y);
  if (a == b) return std::partial_ordering::equivalent;
  if (a.kind() != b.kind()) return std::partial_ordering::unordered;
  if (const auto* text = a.get_if<std::string>()) return *text <=> *b.get_if<std::string>();
  if (const auto* bytes = a.get_if<Bytes>()) return *bytes <=> *b.get_if<Bytes>();
  if (const auto* list = a.get_if<ValueList>()) {
    return CompareItems(list->items, b.get_if<ValueList>()->items);
  }
  if (const auto* tuple = a.get_if<Tuple>())
    return CompareItems(tuple->items, b.get_if<Tuple>()->items);
  return std::partial_ordering::unordered;
}

void Value::refuse(Kind wanted) const {
  throw BadConversion("the value " + to_string(*this) + " is of kind " +
                      std::string(to_string(kind())) + ", not " + std::string(to_string(wanted)));
}

}  // namespace coheld
