// What Lock and RecursiveLock tell alike.
#pragma once

#include <chrono>

#include "coheld/lock.h"

namespace coheld::core {

// Reads the reply to an Inspect.
template <typename Reply>
LockState LockStateOf(const Reply& reply) {
  return {.locked = reply.locked(),
          .session = reply.session(),
          .thread = reply.thread(),
          .token = reply.token(),
          .held = std::chrono::milliseconds(static_cast<int64_t>(reply.held_ms())),
          .waiters = reply.waiters()};
}

}  // namespace coheld::core
