// How the ops of topics stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/topic_model.h"

namespace coheld::simulation {

// As their namesakes in op.h.
std::string MethodName(const TopicOp& op);
std::string Payload(const TopicOp& op, uint64_t token);
std::string Words(const TopicOp& op, const std::string& payload);
std::vector<uint64_t> GrantTokens(const TopicOp& op, const std::string& payload);
bool MayChangeNothing(const TopicOp& op, const std::string& words);
std::string Describe(const TopicOp& op);

}  // namespace coheld::simulation
