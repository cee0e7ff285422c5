// Deadlocks, as the naive model has them: owners that wait for each other in a ring. Written from
// lock.proto, not from the engine's code, which searches another graph.
#pragma once

#include <cstdint>
#include <set>

#include "tests/unit/engine/sync_model.h"

namespace coheld::simulation {

// True if the waiting op is part of a ring: its owner waits for itself through others, none of whom
// gives up in time. With `permits` also through semaphores of which one owner holds something.
bool IsInRing(const engine::testing::SyncModel& model, uint64_t call, bool permits);

// Returns the waiting ops that got their part last in some ring of which this op is a part. Of
// what was granted in one turn each may be the last.
std::set<uint64_t> YoungestInRings(const engine::testing::SyncModel& model, uint64_t call);

}  // namespace coheld::simulation
