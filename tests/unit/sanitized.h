// How much of a long test runs where a sanitizer makes everything several times slower: what it
// looks for is in the code and not in the numbers, and the whole test runs in the release build.
#pragma once

#include <cstdint>

namespace coheld::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Of so many rounds those that are run here.
constexpr uint64_t RoundsHere(uint64_t rounds) {
  constexpr uint64_t kShare = 6;
  return kSanitized ? (rounds + kShare - 1) / kShare : rounds;
}

// From one to the next of what is tried one after the other: 1, or more where not all of it is. (A
// prime, so that all bits of a byte have their turn.)
inline constexpr uint64_t kStepHere = kSanitized ? 7 : 1;

}  // namespace coheld::testing
