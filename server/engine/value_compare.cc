// Equality, order and hash of values, as Python has them. See value.h.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "proto/wire/check.h"
#include "server/engine/sip_hash.h"
#include "server/engine/value.h"

namespace coheld::engine {
namespace {

using std::partial_ordering;
using wire::Failure;
using wire::Result;

constexpr double kTwoTo63 = 9223372036854775808.0;
// Beyond this many members sets and maps are compared through sorted hashes.
constexpr size_t kNaiveMembersMax = 8;

// What NaN is equal to: nothing, or itself where values are keys.
enum class NanRule { kUnequal, kSame };

SipKey hash_key;

bool IsIntegral(ValueKind kind) {
  return kind == ValueKind::kBoolean || kind == ValueKind::kInteger;
}

// The value of a boolean or 64-bit integer.
int64_t Integral(const Value& value) {
  return value.kind() == ValueKind::kBoolean ? value.boolean() : value.integer();
}

// Writes the integral part of a finite real, exactly.
std::string_view IntegralDigits(double real, std::array<char, 400>& buffer) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::trunc(real),
                                 std::chars_format::fixed, 0);
  COHELD_CHECK(end.ec == std::errc());
  return {buffer.data(), static_cast<size_t>(end.ptr - buffer.data())};
}

bool FitsInteger(double real) { return real >= -kTwoTo63 && real < kTwoTo63; }

std::strong_ordering CompareDigits(std::string_view a, std::string_view b) {
  const bool a_negative = a.starts_with('-');
  const bool b_negative = b.starts_with('-');
  if (a_negative != b_negative) return b_negative <=> a_negative;
  const auto order = a.size() != b.size() ? a.size() <=> b.size() : a <=> b;
  return a_negative ? 0 <=> order : order;
}

partial_ordering CompareIntegralReal(int64_t a, double b) {
  if (std::isnan(b)) return partial_ordering::unordered;
  if (!FitsInteger(b)) return b > 0 ? partial_ordering::less : partial_ordering::greater;
  const auto whole = static_cast<int64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - static_cast<double>(whole);
}

partial_ordering CompareBigReal(std::string_view a, double b) {
  if (std::isnan(b)) return partial_ordering::unordered;
  if (std::isinf(b)) return 0.0 <=> b;
  // Reals of this size have no fraction; smaller ones are on the other side of 64 bits.
  std::array<char, 400> buffer;
  return CompareDigits(a, FitsInteger(b) ? "0" : IntegralDigits(b, buffer));
}

partial_ordering CompareBigWith(std::string_view a, const Value& b) {
  if (b.kind() == ValueKind::kReal) return CompareBigReal(a, b.real());
  if (b.kind() == ValueKind::kBigInteger) return CompareDigits(a, b.text());
  return a.starts_with('-') ? partial_ordering::less : partial_ordering::greater;
}

partial_ordering CompareNumbers(const Value& a, const Value& b) {
  if (IsIntegral(a.kind()) && IsIntegral(b.kind())) return Integral(a) <=> Integral(b);
  if (a.kind() == ValueKind::kReal && b.kind() == ValueKind::kReal) return a.real() <=> b.real();
  if (a.kind() == ValueKind::kBigInteger) return CompareBigWith(a.text(), b);
  if (b.kind() == ValueKind::kBigInteger) return 0 <=> CompareBigWith(b.text(), a);
  if (a.kind() == ValueKind::kReal) return 0 <=> CompareIntegralReal(Integral(b), a.real());
  return CompareIntegralReal(Integral(a), b.real());
}

bool Equal(const Value& a, const Value& b, NanRule rule);

bool EqualItems(const Value::Items& a, const Value::Items& b, NanRule rule) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [rule](const Value& x, const Value& y) { return Equal(x, y, rule); });
}

// Finds members of a set or map by key.
template <typename Members, typename KeyOf>
class Membership {
 public:
  using Member = typename Members::value_type;

  Membership(const Members& members, KeyOf key_of) : members_(members), key_of_(key_of) {
    if (members.size() <= kNaiveMembersMax) return;
    by_hash_.reserve(members.size());
    for (const Member& member : members) by_hash_.push_back({key_of(member).Hash(), &member});
    std::sort(by_hash_.begin(), by_hash_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
  }

  // Returns the member with the key, or nullptr.
  const Member* Find(const Value& key) const {
    if (by_hash_.empty()) {
      for (const Member& member : members_) {
        if (SameKey(key_of_(member), key)) return &member;
      }
      return nullptr;
    }
    const uint64_t hash = key.Hash();
    auto place =
        std::lower_bound(by_hash_.begin(), by_hash_.end(), hash,
                         [](const auto& entry, uint64_t wanted) { return entry.first < wanted; });
    for (; place != by_hash_.end() && place->first == hash; ++place) {
      if (SameKey(key_of_(*place->second), key)) return place->second;
    }
    return nullptr;
  }

 private:
  const Members& members_;
  KeyOf key_of_;
  std::vector<std::pair<uint64_t, const Member*>> by_hash_;
};

bool Includes(const Value& larger, const Value& smaller) {
  if (smaller.items().size() > larger.items().size()) return false;
  const Membership members(larger.items(), [](const Value& item) -> const Value& { return item; });
  return std::all_of(smaller.items().begin(), smaller.items().end(),
                     [&](const Value& item) { return members.Find(item) != nullptr; });
}

bool EqualMaps(const Value& a, const Value& b, NanRule rule) {
  if (a.entries().size() != b.entries().size()) return false;
  const Membership members(b.entries(),
                           [](const auto& entry) -> const Value& { return entry.first; });
  return std::all_of(a.entries().begin(), a.entries().end(), [&](const auto& entry) {
    const auto* other = members.Find(entry.first);
    return other != nullptr && Equal(entry.second, other->second, rule);
  });
}

bool EqualNumbers(const Value& a, const Value& b, NanRule rule) {
  if (CompareNumbers(a, b) == 0) return true;
  return rule == NanRule::kSame && a.kind() == ValueKind::kReal && b.kind() == ValueKind::kReal &&
         std::isnan(a.real()) && std::isnan(b.real());
}

bool Equal(const Value& a, const Value& b, NanRule rule) {
  if (a.is_number() && b.is_number()) return EqualNumbers(a, b, rule);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::kNull:
      return true;
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
    case ValueKind::kReal:
      return EqualNumbers(a, b, rule);
    case ValueKind::kText:
    case ValueKind::kBytes:
      return a.text() == b.text();
    case ValueKind::kList:
    case ValueKind::kTuple:
      return EqualItems(a.items(), b.items(), rule);
    case ValueKind::kSet:
      return a.items().size() == b.items().size() && Includes(a, b);
    case ValueKind::kMap:
      return EqualMaps(a, b, rule);
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      return a.pair() == b.pair();
  }
  return false;
}

Result<partial_ordering> CompareItems(const Value::Items& a, const Value::Items& b) {
  const size_t shared = std::min(a.size(), b.size());
  for (size_t place = 0; place < shared; ++place) {
    if (!(a[place] == b[place])) return Compare(a[place], b[place]);
  }
  return partial_ordering(a.size() <=> b.size());
}

partial_ordering CompareSets(const Value& a, const Value& b) {
  const bool a_in_b = Includes(b, a);
  const bool b_in_a = Includes(a, b);
  if (a_in_b) return b_in_a ? partial_ordering::equivalent : partial_ordering::less;
  return b_in_a ? partial_ordering::greater : partial_ordering::unordered;
}

uint64_t HashWord(ValueKind kind, uint64_t word) {
  return SipHash13({hash_key.low ^ static_cast<uint64_t>(kind), hash_key.high}, word);
}

uint64_t HashText(ValueKind kind, std::string_view text) {
  return SipHash13({hash_key.low ^ static_cast<uint64_t>(kind), hash_key.high}, text);
}

uint64_t HashReal(double real) {
  // Whole reals hash as the integers that they equal.
  if (std::isfinite(real) && real == std::trunc(real)) {
    if (FitsInteger(real)) {
      return HashWord(ValueKind::kInteger, static_cast<uint64_t>(static_cast<int64_t>(real)));
    }
    std::array<char, 400> buffer;
    return HashText(ValueKind::kBigInteger, IntegralDigits(real, buffer));
  }
  const double canonical = std::isnan(real) ? std::numeric_limits<double>::quiet_NaN() : real;
  return HashWord(ValueKind::kReal, std::bit_cast<uint64_t>(canonical));
}

uint64_t HashItems(const Value::Items& items) {
  uint64_t hash = items.size();
  for (const Value& item : items) {
    hash = HashWord(ValueKind::kTuple, std::rotl(hash, 23) ^ item.Hash());
  }
  return HashWord(ValueKind::kTuple, hash);
}

}  // namespace

bool operator==(const Value& a, const Value& b) { return Equal(a, b, NanRule::kUnequal); }

bool SameKey(const Value& a, const Value& b) {
  // What most keys are.
  if (a.kind() == ValueKind::kText && b.kind() == ValueKind::kText) return a.text() == b.text();
  return Equal(a, b, NanRule::kSame);
}

void SeedValueHash(uint64_t low, uint64_t high) { hash_key = {low, high}; }

bool Value::holds_opaque() const {
  switch (kind()) {
    case ValueKind::kOpaque:
      return true;
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
      return std::any_of(items().begin(), items().end(),
                         [](const Value& item) { return item.holds_opaque(); });
    case ValueKind::kMap:
      return std::any_of(entries().begin(), entries().end(), [](const auto& entry) {
        return entry.first.holds_opaque() || entry.second.holds_opaque();
      });
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
    case ValueKind::kReal:
    case ValueKind::kText:
    case ValueKind::kBytes:
    case ValueKind::kRef:
      return false;
  }
  return false;
}

bool Value::hashable() const {
  switch (kind()) {
    case ValueKind::kList:
    case ValueKind::kSet:
    case ValueKind::kMap:
      return false;
    case ValueKind::kTuple:
      return std::all_of(items().begin(), items().end(),
                         [](const Value& item) { return item.hashable(); });
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
    case ValueKind::kReal:
    case ValueKind::kText:
    case ValueKind::kBytes:
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      return true;
  }
  return false;
}

uint64_t Value::Hash() const {
  switch (kind()) {
    case ValueKind::kNull:
      return HashWord(ValueKind::kNull, 0);
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
      return HashWord(ValueKind::kInteger, static_cast<uint64_t>(Integral(*this)));
    case ValueKind::kReal:
      return HashReal(real());
    case ValueKind::kBigInteger:
    case ValueKind::kText:
    case ValueKind::kBytes:
      return HashText(kind(), text());
    case ValueKind::kTuple:
      return HashItems(items());
    case ValueKind::kRef:
      return HashText(kind(), pair().first);
    case ValueKind::kOpaque:
      return HashText(kind(), {wide_.block, wide_.block_bytes});
    case ValueKind::kList:
    case ValueKind::kSet:
    case ValueKind::kMap:
      break;
  }
  COHELD_CHECK(!"an unhashable value was hashed");
  return 0;
}

Result<partial_ordering> Compare(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b);
  if (a.kind() == b.kind()) {
    switch (a.kind()) {
      case ValueKind::kText:
      case ValueKind::kBytes:
        return partial_ordering(a.text() <=> b.text());
      case ValueKind::kList:
      case ValueKind::kTuple:
        return CompareItems(a.items(), b.items());
      case ValueKind::kSet:
        return CompareSets(a, b);
      case ValueKind::kNull:
      case ValueKind::kBoolean:
      case ValueKind::kInteger:
      case ValueKind::kBigInteger:
      case ValueKind::kReal:
      case ValueKind::kMap:
      case ValueKind::kRef:
      case ValueKind::kOpaque:
        break;
    }
  }
  return Failure{v1::ERROR_REASON_NOT_ORDERABLE,
                 std::string(KindWord(a.kind())) + " " + ShortText(a) + " and " +
                     std::string(KindWord(b.kind())) + " " + ShortText(b) +
                     " have no order among each other"};
}

}  // namespace coheld::engine
