// The one source of chance of a run: a seeded generator whose numbers are the same on every
// machine. (The standard library's distributions are not.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace coheld::simulation {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // splitmix64.
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
  }

  // Returns a number below `count`, which is not 0.
  uint64_t Pick(uint64_t count) { return Next() % count; }
  // Returns a number of these two or between them.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Pick(high - low + 1); }
  bool Chance(uint64_t percent) { return Pick(100) < percent; }
  template <typename Things>
  const auto& One(const Things& things) {
    return things[static_cast<size_t>(Pick(std::size(things)))];
  }

  // Returns a generator of its own for a part of the run, so that what one part draws changes
  // nothing for the others.
  static Random For(uint64_t seed, uint64_t part) {
    Random random(seed ^ (part * 0xd6e8feb86659fd93u));
    random.Next();
    return random;
  }

 private:
  uint64_t state_;
};

}  // namespace coheld::simulation
