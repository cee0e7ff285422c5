// What Lock and RecursiveLock tell alike.
#pragma once

#include <algorithm>
#include <chrono>

#include "client/cpp/src/owner_messages.h"
#include "coheld/lock.h"

namespace coheld::core {

// Reads the reply to an Inspect.
template <typename Reply>
LockState LockStateOf(const Reply& reply) {
  LockState state{.locked = reply.locked(),
                  .session = reply.session(),
                  .thread = reply.thread(),
                  .token = reply.token(),
                  .held = std::chrono::milliseconds(static_cast<int64_t>(reply.held_ms())),
                  .waiters = reply.waiters(),
                  .lease = {}};
  if (reply.has_lease_ms()) {
    state.lease = std::chrono::milliseconds(static_cast<int64_t>(reply.lease_ms()));
  }
  return state;
}

// Reads the reply to an Acquire.
template <typename Reply>
Acquired AcquiredOf(const Reply& reply) {
  Acquired acquired{.token = reply.token(), .owner_died = reply.owner_died(), .holder = {}};
  if (reply.has_holder()) acquired.holder = FromMessage(reply.holder());
  return acquired;
}

inline uint64_t LeaseMs(std::chrono::milliseconds lease) {
  return static_cast<uint64_t>(std::max<int64_t>(0, lease.count()));
}

}  // namespace coheld::core
