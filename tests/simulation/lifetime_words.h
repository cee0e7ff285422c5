// How the ops of lifetimes stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/lifetime_model.h"

namespace coheld::simulation {

// As their namesakes in op.h. The number of an anonymous object's name goes as a token.
std::string MethodName(const LifetimeOp& op);
std::string Payload(const LifetimeOp& op, uint64_t token);
std::string Words(const LifetimeOp& op, const std::string& payload);
std::vector<uint64_t> GrantTokens(const LifetimeOp& op, const std::string& payload);
bool MayChangeNothing(const LifetimeOp& op, const std::string& words);
std::string Describe(const LifetimeOp& op);

}  // namespace coheld::simulation
