// See big_number.h.
#include "server/engine/big_number.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "proto/wire/check.h"

namespace coheld::engine {
namespace {

constexpr size_t kLimbBits = 32;
constexpr uint32_t kDecimalChunk = 1'000'000'000;
constexpr size_t kDecimalChunkDigits = 9;

}  // namespace

BigNumber::BigNumber(Limbs limbs, bool negative) : limbs_(std::move(limbs)) {
  Trim(&limbs_);
  negative_ = negative && !limbs_.empty();
}

BigNumber::BigNumber(int64_t value) : negative_(value < 0) {
  uint64_t magnitude = negative_ ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  for (; magnitude != 0; magnitude >>= kLimbBits) {
    limbs_.push_back(static_cast<uint32_t>(magnitude));
  }
}

BigNumber BigNumber::FromDigits(std::string_view digits) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  Limbs limbs;
  while (!digits.empty()) {
    // The first chunk takes what does not fill whole ones.
    const size_t length = (digits.size() - 1) % kDecimalChunkDigits + 1;
    uint64_t carry = 0;
    for (const char digit : digits.substr(0, length)) {
      carry = carry * 10 + static_cast<uint64_t>(digit - '0');
    }
    digits.remove_prefix(length);
    for (uint32_t& limb : limbs) {
      carry += uint64_t{limb} * kDecimalChunk;
      limb = static_cast<uint32_t>(carry);
      carry >>= kLimbBits;
    }
    if (carry != 0) limbs.push_back(static_cast<uint32_t>(carry));
  }
  return BigNumber(std::move(limbs), negative);
}

std::string BigNumber::ToDigits() const {
  if (zero()) return "0";
  std::string reversed;
  Limbs rest = limbs_;
  while (!rest.empty()) {
    uint32_t chunk = DivideBySmall(&rest, kDecimalChunk);
    for (size_t place = 0; place < kDecimalChunkDigits && (!rest.empty() || chunk != 0); ++place) {
      reversed += static_cast<char>('0' + chunk % 10);
      chunk /= 10;
    }
  }
  if (negative_) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

size_t BigNumber::bits() const {
  if (zero()) return 0;
  return limbs_.size() * kLimbBits - static_cast<size_t>(std::countl_zero(limbs_.back()));
}

std::optional<int64_t> BigNumber::ToInteger() const {
  if (limbs_.size() > 2) return std::nullopt;
  uint64_t magnitude = 0;
  for (size_t place = limbs_.size(); place-- > 0;) {
    magnitude = magnitude << kLimbBits | limbs_[place];
  }
  constexpr uint64_t kMinMagnitude = uint64_t{1} << 63;
  if (magnitude > kMinMagnitude - (negative_ ? 0 : 1)) return std::nullopt;
  return static_cast<int64_t>(negative_ ? 0 - magnitude : magnitude);
}

BigNumber BigNumber::Negated() const { return BigNumber(limbs_, !negative_); }

void BigNumber::Trim(Limbs* limbs) {
  while (!limbs->empty() && limbs->back() == 0) limbs->pop_back();
}

int BigNumber::CompareMagnitude(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t place = a.size(); place-- > 0;) {
    if (a[place] != b[place]) return a[place] < b[place] ? -1 : 1;
  }
  return 0;
}

BigNumber::Limbs BigNumber::AddMagnitude(const Limbs& a, const Limbs& b) {
  if (a.size() < b.size()) return AddMagnitude(b, a);
  Limbs sum = a;
  uint64_t carry = 0;
  for (size_t place = 0; place < sum.size(); ++place) {
    carry += uint64_t{sum[place]} + (place < b.size() ? b[place] : 0);
    sum[place] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  if (carry != 0) sum.push_back(static_cast<uint32_t>(carry));
  return sum;
}

BigNumber::Limbs BigNumber::SubtractMagnitude(const Limbs& larger, const Limbs& smaller) {
  Limbs rest = larger;
  int64_t borrow = 0;
  for (size_t place = 0; place < rest.size(); ++place) {
    borrow += int64_t{rest[place]} - (place < smaller.size() ? smaller[place] : 0);
    rest[place] = static_cast<uint32_t>(borrow);
    borrow >>= kLimbBits;
  }
  Trim(&rest);
  return rest;
}

BigNumber operator+(const BigNumber& a, const BigNumber& b) {
  if (a.negative_ == b.negative_) {
    return {BigNumber::AddMagnitude(a.limbs_, b.limbs_), a.negative_};
  }
  if (BigNumber::CompareMagnitude(a.limbs_, b.limbs_) >= 0) {
    return {BigNumber::SubtractMagnitude(a.limbs_, b.limbs_), a.negative_};
  }
  return {BigNumber::SubtractMagnitude(b.limbs_, a.limbs_), b.negative_};
}

BigNumber operator-(const BigNumber& a, const BigNumber& b) { return a + b.Negated(); }

BigNumber operator*(const BigNumber& a, const BigNumber& b) {
  BigNumber::Limbs product(a.limbs_.size() + b.limbs_.size());
  for (size_t row = 0; row < a.limbs_.size(); ++row) {
    uint64_t carry = 0;
    for (size_t column = 0; column < b.limbs_.size(); ++column) {
      carry += uint64_t{a.limbs_[row]} * b.limbs_[column] + product[row + column];
      product[row + column] = static_cast<uint32_t>(carry);
      carry >>= kLimbBits;
    }
    product[row + b.limbs_.size()] = static_cast<uint32_t>(carry);
  }
  return {std::move(product), a.negative_ != b.negative_};
}

BigNumber::Limbs BigNumber::ShiftLeft(const Limbs& limbs, size_t bits) {
  const size_t whole = bits / kLimbBits;
  const size_t part = bits % kLimbBits;
  Limbs shifted(limbs.size() + whole + 1);
  for (size_t place = 0; place < limbs.size(); ++place) {
    const uint64_t wide = uint64_t{limbs[place]} << part;
    shifted[place + whole] |= static_cast<uint32_t>(wide);
    shifted[place + whole + 1] = static_cast<uint32_t>(wide >> kLimbBits);
  }
  Trim(&shifted);
  return shifted;
}

uint32_t BigNumber::DivideBySmall(Limbs* limbs, uint32_t divisor) {
  uint64_t rest = 0;
  for (size_t place = limbs->size(); place-- > 0;) {
    rest = rest << kLimbBits | (*limbs)[place];
    (*limbs)[place] = static_cast<uint32_t>(rest / divisor);
    rest %= divisor;
  }
  Trim(limbs);
  return static_cast<uint32_t>(rest);
}

// Knuth, The Art of Computer Programming 4.3.1, algorithm D.
std::pair<BigNumber::Limbs, BigNumber::Limbs> BigNumber::DivideMagnitude(const Limbs& a,
                                                                         const Limbs& b) {
  COHELD_CHECK(!b.empty());
  if (CompareMagnitude(a, b) < 0) return {Limbs(), a};
  if (b.size() == 1) {
    Limbs quotient = a;
    Limbs rest = {DivideBySmall(&quotient, b[0])};
    Trim(&rest);
    return {quotient, rest};
  }
  const auto shift = static_cast<size_t>(std::countl_zero(b.back()));
  const Limbs divisor = ShiftLeft(b, shift);
  Limbs rest = ShiftLeft(a, shift);
  rest.resize(a.size() + 1);
  const size_t size = divisor.size();
  Limbs quotient(rest.size() - size);
  for (size_t place = quotient.size(); place-- > 0;) {
    const uint64_t top = uint64_t{rest[place + size]} << kLimbBits | rest[place + size - 1];
    uint64_t guess = top / divisor[size - 1];
    uint64_t left = top % divisor[size - 1];
    while (guess >> kLimbBits != 0 ||
           guess * divisor[size - 2] > (left << kLimbBits | rest[place + size - 2])) {
      --guess;
      left += divisor[size - 1];
      if (left >> kLimbBits != 0) break;
    }
    uint64_t carry = 0;
    int64_t borrow = 0;
    for (size_t column = 0; column < size; ++column) {
      carry += guess * divisor[column];
      borrow += int64_t{rest[place + column]} - static_cast<uint32_t>(carry);
      rest[place + column] = static_cast<uint32_t>(borrow);
      carry >>= kLimbBits;
      borrow >>= kLimbBits;
    }
    borrow += int64_t{rest[place + size]} - static_cast<int64_t>(carry);
    rest[place + size] = static_cast<uint32_t>(borrow);
    if (borrow < 0) {  // The guess was one too high.
      --guess;
      carry = 0;
      for (size_t column = 0; column < size; ++column) {
        carry += uint64_t{rest[place + column]} + divisor[column];
        rest[place + column] = static_cast<uint32_t>(carry);
        carry >>= kLimbBits;
      }
      rest[place + size] += static_cast<uint32_t>(carry);
    }
    quotient[place] = static_cast<uint32_t>(guess);
  }
  // Undo the shift of the rest: dividing by a power of two below 2^32.
  Trim(&rest);
  if (shift != 0) DivideBySmall(&rest, uint32_t{1} << shift);
  Trim(&quotient);
  return {quotient, rest};
}

std::pair<BigNumber, BigNumber> BigNumber::FloorDivide(const BigNumber& a, const BigNumber& b) {
  auto [quotient_limbs, rest_limbs] = DivideMagnitude(a.limbs_, b.limbs_);
  BigNumber quotient(std::move(quotient_limbs), a.negative_ != b.negative_);
  BigNumber rest(std::move(rest_limbs), a.negative_);
  if (!rest.zero() && a.negative_ != b.negative_) {
    quotient = quotient - BigNumber(1);
    rest = rest + b;
  }
  return {quotient, rest};
}

std::optional<double> BigNumber::TrueDivide(const BigNumber& a, const BigNumber& b) {
  if (a.zero()) return b.negative_ ? -0.0 : 0.0;  // As CPython.
  // Scale so that the quotient has 65 or 66 bits, then keep 64, the lowest standing for the rest.
  const auto scale = static_cast<int64_t>(a.bits()) - static_cast<int64_t>(b.bits()) - 65;
  const auto [quotient, rest] =
      DivideMagnitude(scale < 0 ? ShiftLeft(a.limbs_, static_cast<size_t>(-scale)) : a.limbs_,
                      scale > 0 ? ShiftLeft(b.limbs_, static_cast<size_t>(scale)) : b.limbs_);
  const size_t extra = BigNumber(quotient, false).bits() - 64;
  const uint64_t low = uint64_t{quotient[1]} << kLimbBits | quotient[0];
  uint64_t digits = uint64_t{quotient[2]} << (64 - extra) | low >> extra;
  const int64_t exponent = scale + static_cast<int64_t>(extra);
  if (!rest.empty() || low << (64 - extra) != 0) digits |= 1;
  // A real has 53 bits, fewer if it is subnormal.
  constexpr int64_t kLeastExponent = -1074;
  const int64_t drop = std::max<int64_t>(64 - 53, kLeastExponent - exponent);
  if (drop > 64) return a.negative_ != b.negative_ ? -0.0 : 0.0;
  uint64_t kept = drop == 64 ? 0 : digits >> drop;
  const uint64_t dropped = drop == 64 ? digits : digits & ((uint64_t{1} << drop) - 1);
  const uint64_t half = uint64_t{1} << (drop - 1);
  if (dropped > half || (dropped == half && (kept & 1) != 0)) ++kept;
  if (exponent > 2000) return std::nullopt;
  const double magnitude = std::ldexp(static_cast<double>(kept), static_cast<int>(exponent + drop));
  if (std::isinf(magnitude)) return std::nullopt;
  return a.negative_ != b.negative_ ? -magnitude : magnitude;
}

BigNumber::Limbs BigNumber::ToComplement(const BigNumber& number, size_t count) {
  Limbs limbs = number.limbs_;
  limbs.resize(count);
  if (!number.negative_) return limbs;
  uint64_t carry = 1;
  for (uint32_t& limb : limbs) {
    carry += static_cast<uint32_t>(~limb);
    limb = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  return limbs;
}

BigNumber BigNumber::FromComplement(Limbs limbs) {
  if ((limbs.back() >> (kLimbBits - 1)) == 0) return {std::move(limbs), false};
  BigNumber positive;
  const size_t count = limbs.size();
  positive.limbs_ = std::move(limbs);
  positive.negative_ = true;  // So that it is complemented once more.
  return {ToComplement(positive, count), true};
}

template <typename Operation>
BigNumber BigNumber::Bitwise(const BigNumber& a, const BigNumber& b, Operation operation) {
  const size_t count = std::max(a.limbs_.size(), b.limbs_.size()) + 1;
  Limbs limbs = ToComplement(a, count);
  const Limbs other = ToComplement(b, count);
  for (size_t place = 0; place < count; ++place) {
    limbs[place] = operation(limbs[place], other[place]);
  }
  return FromComplement(std::move(limbs));
}

BigNumber operator&(const BigNumber& a, const BigNumber& b) {
  return BigNumber::Bitwise(a, b, [](uint32_t x, uint32_t y) { return x & y; });
}

BigNumber operator|(const BigNumber& a, const BigNumber& b) {
  return BigNumber::Bitwise(a, b, [](uint32_t x, uint32_t y) { return x | y; });
}

BigNumber operator^(const BigNumber& a, const BigNumber& b) {
  return BigNumber::Bitwise(a, b, [](uint32_t x, uint32_t y) { return x ^ y; });
}

}  // namespace coheld::engine
