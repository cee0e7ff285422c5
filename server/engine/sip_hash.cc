// See sip_hash.h.
#include "server/engine/sip_hash.h"

#include <bit>
#include <cstring>

namespace coheld::engine {
namespace {

static_assert(std::endian::native == std::endian::little);

struct State {
  explicit State(SipKey key)
      : v0(key.low ^ 0x736f6d6570736575),
        v1(key.high ^ 0x646f72616e646f6d),
        v2(key.low ^ 0x6c7967656e657261),
        v3(key.high ^ 0x7465646279746573) {}

  void Round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }
  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    v0 ^= word;
  }
  uint64_t Finish() {
    v2 ^= 0xff;
    Round();
    Round();
    Round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  uint64_t v0, v1, v2, v3;
};

// Returns the last bytes, less than a word, as a number.
uint64_t Tail(std::string_view bytes, size_t size) {
  uint64_t word = 0;
  if (size == 0) return word;
  if (bytes.size() < sizeof(word)) {
    std::memcpy(&word, bytes.data(), size);
    return word;
  }
  std::memcpy(&word, bytes.data() + bytes.size() - sizeof(word), sizeof(word));
  return word >> 8 * (sizeof(word) - size);
}

}  // namespace

uint64_t SipHash13(SipKey key, std::string_view bytes) {
  State state(key);
  uint64_t word = 0;
  size_t place = 0;
  for (; place + sizeof(word) <= bytes.size(); place += sizeof(word)) {
    std::memcpy(&word, bytes.data() + place, sizeof(word));
    state.Absorb(word);
  }
  state.Absorb(Tail(bytes, bytes.size() - place) | uint64_t{bytes.size()} << 56);
  return state.Finish();
}

uint64_t SipHash13(SipKey key, uint64_t word) {
  State state(key);
  state.Absorb(word);
  state.Absorb(uint64_t{sizeof(word)} << 56);
  return state.Finish();
}

}  // namespace coheld::engine
