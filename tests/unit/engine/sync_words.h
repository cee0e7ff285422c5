// Between the ops of the random test on synchronisation objects (sync_model.h) and the engine's
// messages. The first letter of an object's name (after a "{t}") tells its type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/engine/sync_model.h"

namespace coheld::engine::testing {

// True if the op is on an RLock.
bool IsRLock(const SyncOp& op);

// Returns the op's method, such as "Barrier.Wait", and its number.
std::string MethodName(const SyncOp& op);
uint32_t MethodNumber(const SyncOp& op);

// Returns the op's request. `token` is that of the call that ActionDone names, or of the grant of
// the lock that a release or a renewal names.
std::string Payload(const SyncOp& op, uint64_t token);

// Returns what the engine answered in the model's words; a lock's token is "@NUMBER".
std::string Words(const SyncOp& op, const std::string& payload);

// Returns the tokens of the grants that the engine answered, which an RLock that its owner takes
// again had already: of AcquireAll, those of `object` and of `others`.
std::vector<uint64_t> GrantTokens(const SyncOp& op, const std::string& payload);

}  // namespace coheld::engine::testing
