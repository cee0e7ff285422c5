// How the ops of guards stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/rights_model.h"

namespace coheld::simulation {

// As their namesakes in op.h.
std::string MethodName(const RightsOp& op);
std::string Payload(const RightsOp& op, uint64_t token);
std::string Words(const RightsOp& op, const std::string& payload);
std::vector<uint64_t> GrantTokens(const RightsOp& op, const std::string& payload);
bool MayChangeNothing(const RightsOp& op, const std::string& words);
std::string Describe(const RightsOp& op);

}  // namespace coheld::simulation
