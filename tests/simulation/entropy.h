// The daemon's secrets and random names come from getrandom(2), which a simulated run answers from
// its seed (entropy.cc defines it for the whole program).
#pragma once

#include <cstdint>

namespace coheld::simulation {

// What getrandom gives from now on follows from the seed.
void SeedEntropy(uint64_t seed);

}  // namespace coheld::simulation
