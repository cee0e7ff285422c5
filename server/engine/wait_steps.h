// What a shard tells the others of those who wait on it, so that rings over several shards can be
// found (server/dispatch/shard_rings.h). It only looks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/ids.h"

namespace coheld::engine {

class Engine;

// A waiting op, and for whom it waits: an arrow of wait_graph.h, without its objects. That it is
// the same as one before means that it was there all the time: calls and tokens are given once.
struct WaitStep {
  CallId op{};
  Owner owner;         // Of the op.
  TimeMs since{};      // When it came.
  CallId before{};     // The op that is before it in line. None: it waits for a holder.
  Owner next;          // The holder, or the owner of that op.
  uint64_t token = 0;  // Of the hold, and since when it is.
  TimeMs held_since{};

  bool operator==(const WaitStep&) const = default;
};

// Returns the steps from ops that came no later than `latest`, and will wait for ever if nobody
// lets go: without those with a timeout, and those who wait for permits. Ends with the op with
// which there are `steps_max`.
std::vector<WaitStep> WaitSteps(const Engine& engine, TimeMs latest, size_t steps_max);

// Returns a step in words; nothing if it is no more.
std::string WaitStepInWords(const Engine& engine, const WaitStep& step, TimeMs now);

}  // namespace coheld::engine
