// Between the ops of the random test on synchronisation objects (sync_model.h) and the engine's
// messages. The first letter of an object's name (after a "{t}") tells its type.
#pragma once

#include <cstdint>
#include <string>

#include "tests/unit/engine/sync_model.h"

namespace coheld::engine::testing {

// True if the op is on an RLock.
bool IsRLock(const SyncOp& op);

// Returns the op's method, such as "Barrier.Wait", and its number.
std::string MethodName(const SyncOp& op);
uint32_t MethodNumber(const SyncOp& op);

// Returns the op's request. `token` is that of the call that ActionDone names.
std::string Payload(const SyncOp& op, uint64_t token);

// Returns what the engine answered in the model's words.
std::string Words(const SyncOp& op, const std::string& payload);

// Returns the token of the new grant that the engine answered; 0 if there is none, as when the
// owner of an RLock goes deeper.
uint64_t GrantToken(const SyncOp& op, const std::string& payload);

}  // namespace coheld::engine::testing
