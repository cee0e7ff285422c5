// How the ops of values, dicts, lists, counters, sets and queues stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/data_model.h"

namespace coheld::simulation {

// As their namesakes in op.h.
std::string MethodName(const DataOp& op);
std::string Payload(const DataOp& op, uint64_t token);
std::string Words(const DataOp& op, const std::string& payload);
std::vector<uint64_t> GrantTokens(const DataOp& op, const std::string& payload);
bool MayChangeNothing(const DataOp& op, const std::string& words);
std::string Describe(const DataOp& op);

}  // namespace coheld::simulation
