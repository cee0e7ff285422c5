// The daemon's log, as far as it tells of deadlocks.
#pragma once

#include <cstdint>

namespace coheld::simulation {

// Returns how many deadlocks the daemon has told of, in all runs of this process. The first call
// turns the log into this.
uint64_t RingsTold();

}  // namespace coheld::simulation
