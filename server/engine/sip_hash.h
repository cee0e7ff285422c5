// SipHash-1-3 (Aumasson, Bernstein; the variant that CPython and Rust use for their dicts): a keyed
// hash that is quick on short input. Not for anything secret.
#pragma once

#include <cstdint>
#include <string_view>

namespace coheld::engine {

// The 128-bit key.
struct SipKey {
  uint64_t low = 0;
  uint64_t high = 0;
};

// Returns the hash of the bytes.
uint64_t SipHash13(SipKey key, std::string_view bytes);

// Returns the hash of one word: that of its 8 bytes, little-endian.
uint64_t SipHash13(SipKey key, uint64_t word);

}  // namespace coheld::engine
