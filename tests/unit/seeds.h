// Which seeds random tests run: the same ones each time, so that what breaks a build is a change of
// the code, and fresh ones for who hunts.
//
//   COHELD_SEED=N       this one only, or, where a test has but one, this one
//   COHELD_SEED=random  fresh ones
//   COHELD_SEEDS=N      so many of each test
//   COHELD_LONG=1       fresh ones, and ten times as many (`deploy/test --long`)
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/sanitized.h"

namespace coheld::testing {

// What the environment says, or nothing.
inline std::string_view Environment(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? "" : text;
}

// True if COHELD_SEED names one seed.
inline bool OneSeedWanted() {
  const std::string_view wanted = Environment("COHELD_SEED");
  return !wanted.empty() && wanted != "random";
}

// Returns the first seed of a test, and prints it.
inline uint64_t FirstSeed() {
  const bool fresh = Environment("COHELD_SEED") == "random" || !Environment("COHELD_LONG").empty();
  const uint64_t seed = OneSeedWanted() ? std::stoull(std::string(Environment("COHELD_SEED")))
                        : fresh         ? std::random_device()()
                                        : 1;
  std::cout << "the first seed is " << seed << "\n";
  return seed;
}

// Returns how many seeds a test runs that has so many.
inline uint64_t SeedsHere(uint64_t usual) {
  constexpr uint64_t kLong = 10;
  if (OneSeedWanted()) return 1;
  const std::string_view wanted = Environment("COHELD_SEEDS");
  if (!wanted.empty()) return std::stoull(std::string(wanted));
  return RoundsHere(usual) * (Environment("COHELD_LONG").empty() ? 1 : kLong);
}

// Returns the seeds of a test that has so many.
inline std::vector<uint64_t> ChooseSeeds(uint64_t usual) {
  std::vector<uint64_t> seeds(SeedsHere(usual));
  std::iota(seeds.begin(), seeds.end(), FirstSeed());
  return seeds;
}

}  // namespace coheld::testing
