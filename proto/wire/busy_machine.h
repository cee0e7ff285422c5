// Whether looking for something again and again, in place of sleeping, would be at the cost of
// others: spin_policy.h learns that only from a look that failed, and on a machine that is full
// such a look lasts as long as it takes all others to have had their turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace coheld::wire {

// Says whether the machine has more than twice as many threads that want to run as CPUs. Looks at
// the system at most ten times a second, for all of the process; false where it does not tell.
// Thread-safe.
bool MachineIsBusy(std::chrono::steady_clock::time_point now);

// Returns how many threads want to run, from what /proc/loadavg holds; 0: it is not told there.
size_t RunnableIn(std::string_view loadavg);

}  // namespace coheld::wire
