// What is to happen in a run, drawn from its seed: which clients do which ops when, and what fails.
// A list of steps, so that a failing run can be cut down to the few that matter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/journal/commit_log.h"
#include "tests/simulation/op.h"
#include "tests/simulation/schedule.h"

namespace coheld::simulation {

struct Step {
  enum class Kind {
    kDo,        // A thread of a client does the ops, in one batch.
    kCut,       // One of its connections is cut.
    kHoldUp,    // What it sends on one of its connections is held back for so long.
    kHoldDown,  // What it is sent is.
    kDie,       // It dies at once, and another takes its place.
    kLeave,     // It closes its session and ends, and another takes its place.
    kStall,     // The daemon does nothing for so long.
    kJump,      // The daemon's clock jumps forward by so much.
    kRestart,   // The daemon ends, and starts again after so long.
    // Of a daemon that has a disk:
    kPowerCut,   // The power is cut, and the daemon starts again after so long.
    kEnd,        // It ends in one of its next file calls, and starts again.
    kDiskFails,  // One of the next file calls fails, so that it ends.
    kDiskFull,   // For so long.
    kDiskSlow,   // For so long.
    kSnapshot,   // It has a snapshot made.
  };
  Kind kind = Kind::kDo;
  Time at{};
  size_t client = 0;
  size_t thread = 0;
  std::vector<Op> ops;
  int64_t us = 0;   // How long; of a cut, when the client learns.
  int64_t us2 = 0;  // Of a cut, when the daemon learns. Of a death, when the network tells it.
  // Of a cut: what is on its way up arrives. Of a death: the daemon sees it. Of a start: it ends in
  // one of its first file calls and starts again. Of a snapshot: the process ends in one of its.
  bool flag = false;
  uint64_t pick = 0;  // Which connection, or file call.
};

struct Plan {
  uint64_t seed = 0;
  journal::Level level = journal::Level::kMemory;  // What the daemon promises.
  size_t clients = 0;
  std::vector<size_t> threads;   // Of each client.
  std::vector<size_t> channels;  // Of each client.
  std::vector<Step> steps;       // By time.
  Time end{};                    // Then the network is made whole.
};

// Draws a plan. `ops` is about how many ops it has.
Plan MakePlan(uint64_t seed, size_t ops);

// The step on one line.
std::string Describe(const Step& step);

}  // namespace coheld::simulation
