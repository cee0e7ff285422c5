// Exact integers of any size for value arithmetic: sign and magnitude in 32-bit limbs. Plain
// schoolbook algorithms; the values that use them have at most kIntegerDigitsMax digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coheld::engine {

class BigNumber {
 public:
  BigNumber() = default;  // Zero.
  explicit BigNumber(int64_t value);
  // Decimal digits with an optional minus.
  static BigNumber FromDigits(std::string_view digits);

  bool zero() const { return limbs_.empty(); }
  bool negative() const { return negative_; }
  // Bits of the magnitude; 0 for zero.
  size_t bits() const;
  // The value if it fits 64 bits.
  std::optional<int64_t> ToInteger() const;
  std::string ToDigits() const;

  friend BigNumber operator+(const BigNumber& a, const BigNumber& b);
  friend BigNumber operator-(const BigNumber& a, const BigNumber& b);
  friend BigNumber operator*(const BigNumber& a, const BigNumber& b);
  // Python's divmod: the quotient is rounded down, the rest has the divisor's sign. `b` is not
  // zero.
  static std::pair<BigNumber, BigNumber> FloorDivide(const BigNumber& a, const BigNumber& b);
  // The quotient as the nearest real, ties to even, as Python's int / int; nothing if it is too
  // large for one. `b` is not zero.
  static std::optional<double> TrueDivide(const BigNumber& a, const BigNumber& b);
  // Bitwise on the endless two's complement, as Python's.
  friend BigNumber operator&(const BigNumber& a, const BigNumber& b);
  friend BigNumber operator|(const BigNumber& a, const BigNumber& b);
  friend BigNumber operator^(const BigNumber& a, const BigNumber& b);

 private:
  using Limbs = std::vector<uint32_t>;  // The least significant first; the last is not zero.

  BigNumber(Limbs limbs, bool negative);
  BigNumber Negated() const;

  static int CompareMagnitude(const Limbs& a, const Limbs& b);
  static Limbs AddMagnitude(const Limbs& a, const Limbs& b);
  static Limbs SubtractMagnitude(const Limbs& larger, const Limbs& smaller);
  static Limbs ShiftLeft(const Limbs& limbs, size_t bits);
  // Divides in place and returns the rest.
  static uint32_t DivideBySmall(Limbs* limbs, uint32_t divisor);
  static std::pair<Limbs, Limbs> DivideMagnitude(const Limbs& a, const Limbs& b);
  static void Trim(Limbs* limbs);
  // The low `count` limbs of the two's complement, and back.
  static Limbs ToComplement(const BigNumber& number, size_t count);
  static BigNumber FromComplement(Limbs limbs);
  template <typename Operation>
  static BigNumber Bitwise(const BigNumber& a, const BigNumber& b, Operation operation);

  Limbs limbs_;
  bool negative_ = false;
};

}  // namespace coheld::engine
