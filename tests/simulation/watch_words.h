// How the ops of watches stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/watch_model.h"

namespace coheld::simulation {

// As their namesakes in op.h.
std::string MethodName(const WatchOp& op);
std::string Payload(const WatchOp& op, uint64_t token);
std::string Words(const WatchOp& op, const std::string& payload);
std::vector<uint64_t> GrantTokens(const WatchOp& op, const std::string& payload);
bool MayChangeNothing(const WatchOp& op, const std::string& words);
std::string Describe(const WatchOp& op);

}  // namespace coheld::simulation
