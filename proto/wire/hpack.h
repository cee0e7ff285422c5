// HPACK's integers and texts (RFC 7541, 5) as both sides write them, without Huffman's code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coheld::wire {

// Appends an integer (5.1) whose first byte has `bits` bits of room below `pattern`.
inline void AppendHpackInteger(uint8_t pattern, int bits, uint64_t value, std::string* out) {
  const uint64_t limit = (uint64_t{1} << bits) - 1;
  if (value < limit) {
    out->push_back(static_cast<char>(pattern | value));
    return;
  }
  out->push_back(static_cast<char>(pattern | limit));
  for (value -= limit; value >= 128; value /= 128) out->push_back(static_cast<char>(value | 128));
  out->push_back(static_cast<char>(value));
}

// Appends a text (5.2).
inline void AppendHpackText(std::string_view text, std::string* out) {
  AppendHpackInteger(0, 7, text.size(), out);
  out->append(text);
}

}  // namespace coheld::wire
