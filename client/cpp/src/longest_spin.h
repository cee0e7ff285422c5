// How long this process's waits for a reply may look for it before they sleep.
#pragma once

#include <chrono>
#include <optional>

#include "proto/wire/spin_policy.h"

namespace coheld::core {

using wire::SpinPolicy;

// Returns `wished`, or else the environment's COHELD_SPIN_US, or else 60 us; 0 if the process may
// use one CPU only.
SpinPolicy::Duration LongestSpin(std::optional<std::chrono::microseconds> wished);

}  // namespace coheld::core
