// One run: the daemon, the network, the clients and the oracle on one thread, from one plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/plan.h"

namespace coheld::simulation {

struct Verdict {
  std::optional<std::string> violation;
  uint64_t hash = 0;  // Of all that happened.
  uint64_t ops = 0;   // Begun.
  uint64_t faults = 0;
  std::vector<std::string> history;  // If it was asked for.
};

// Runs a plan. The same plan gives the same verdict, always.
Verdict Simulate(const Plan& plan, bool keeps_history = false);

// Returns the violating plan without the steps that it does not need.
Plan Minimise(const Plan& plan);

}  // namespace coheld::simulation
