// See entropy.h.
#include "tests/simulation/entropy.h"

#include <sys/random.h>

#include <cstddef>

#include "tests/simulation/random.h"

namespace coheld::simulation {
namespace {

Random& Entropy() {
  static Random random(0);
  return random;
}

}  // namespace

void SeedEntropy(uint64_t seed) { Entropy() = Random::For(seed, 5); }

}  // namespace coheld::simulation

// These stand in for the C library's.
extern "C" ssize_t getrandom(void* buffer, size_t length, unsigned) {
  auto* const bytes = static_cast<unsigned char*>(buffer);
  for (size_t i = 0; i < length; ++i) {
    bytes[i] = static_cast<unsigned char>(coheld::simulation::Entropy().Next());
  }
  return static_cast<ssize_t>(length);
}

extern "C" int getentropy(void* buffer, size_t length) {
  getrandom(buffer, length, 0);
  return 0;
}
