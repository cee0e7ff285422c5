// Makes a state that others have gone on from fit to be used again: what was given out since is
// unknown, so nothing that was given out may be valid, and nothing may be given out twice.
#pragma once

#include <cstdint>

#include "server/engine/engine.h"

namespace coheld::upkeep {

// What became of the old clients.
struct Renewal {
  uint64_t sessions_ended = 0;
  uint64_t numbers_from = 0;  // All numbers that are given out from now on are above this one.
};

// Returns how far numbers have to jump so that they are above every one that was given out in the
// time since the state was: 2^40, and 4,096 for each millisecond, which is more than any daemon
// does.
uint64_t JumpOver(uint64_t elapsed_ms);

// Ends all waiting ops and all sessions, so that what they leased returns and what they held is
// free, and lets fencing tokens, delivery numbers, ids of sessions and calls, names of anonymous
// objects and versions jump; the names by no more than half of what is left to their shard.
Renewal Renew(engine::Engine& engine, uint64_t jump);

}  // namespace coheld::upkeep
