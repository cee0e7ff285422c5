// How the ops of arrays, sorted sets and namespaces stand on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/collections_model.h"

namespace coheld::simulation {

// As their namesakes in op.h.
std::string MethodName(const CollectionOp& op);
std::string Payload(const CollectionOp& op, uint64_t token);
std::string Words(const CollectionOp& op, const std::string& payload);
std::vector<uint64_t> GrantTokens(const CollectionOp& op, const std::string& payload);
bool MayChangeNothing(const CollectionOp& op, const std::string& words);
std::string Describe(const CollectionOp& op);

}  // namespace coheld::simulation
