// Numbers in the journal's files.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace coheld::journal {

static_assert(std::endian::native == std::endian::little);

// Writes a number over the bytes at `at`; they have to be there.
template <typename Number>
void PutNumber(Number number, size_t at, std::span<char> bytes) {
  std::memcpy(bytes.data() + at, &number, sizeof(number));
}
template <typename Number>
void PutNumber(Number number, size_t at, std::string* bytes) {
  PutNumber(number, at, std::span<char>(*bytes));
}

// Returns the number at `at`; the bytes have to be there.
template <typename Number>
Number GetNumber(std::string_view bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

}  // namespace coheld::journal
