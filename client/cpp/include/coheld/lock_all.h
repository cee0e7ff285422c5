// coheld::lock_all: takes several locks at once, all or none, for a scope.
//
//   const auto guard = coheld::lock_all(from_account, to_account);
//
// It waits in the line of every lock at once, so no two such ops deadlock, whatever the order of
// the locks, and none starves. (std::scoped_lock works too, but tries and backs off.) All locks are
// Locks or RecursiveLocks of one daemon and one `{tag}`; anonymous ones match all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/lock.h"
#include "coheld/op.h"
#include "coheld/recursive_lock.h"

namespace coheld {

// Holds several locks. The handles, whose tokens it set, may go before.
class AllLocked {
 public:
  // One lock to take.
  struct Wanted {
    std::string name;
    std::function<void(uint64_t token, bool owner_died)> grant;
    std::function<void()> create;  // Makes the lock if it is not there.
  };

  // Takes the locks, waiting for all. Nothing if the time was over first.
  static std::optional<AllLocked> take(const Client& client, WaitTime time,
                                       const std::vector<Wanted>& wanted);

  AllLocked(AllLocked&& other) noexcept
      : client_(other.client_), names_(std::exchange(other.names_, {})) {}
  AllLocked& operator=(AllLocked&&) = delete;
  // Releases all; never throws: what was lost meanwhile the session's end releases.
  ~AllLocked();

  // Releases all now. LockLost if one was lost meanwhile, LockNotHeld, LockNotOwner (then none is
  // released), SessionExpired.
  void release();

 private:
  AllLocked(const Client& client, std::vector<std::string> names)
      : client_(client), names_(std::move(names)) {}

  Client client_;
  std::vector<std::string> names_;  // Empty: nothing is held.
};

namespace core {

// Gives lock_all its way into the handles.
struct LockAccess {
  static AllLocked::Wanted wanted(Lock& lock) {
    return {lock.name(),
            [&lock](uint64_t token, bool died) { lock.grant_.take(token, died, false); },
            [&lock] { lock.create(); }};
  }
  static AllLocked::Wanted wanted(RecursiveLock& lock) {
    return {lock.name(),
            [&lock](uint64_t token, bool died) {
              const bool again = lock.token() == token;
              lock.depth_ = again ? lock.depth_ + 1 : 1;
              lock.grant_.take(token, died || (again && lock.owner_died()), false);
            },
            [&lock] { lock.create(); }};
  }
};

}  // namespace core

// Takes all locks, waiting at most so long. InvalidArgument if one is named twice, or they are of
// several tags; what Client::call throws.
template <typename First, typename... Others>
[[nodiscard]] std::optional<AllLocked> try_lock_all_for(WaitTime time, First& first,
                                                        Others&... others) {
  return AllLocked::take(first.client(), time,
                         {core::LockAccess::wanted(first), core::LockAccess::wanted(others)...});
}

// The same if all are free.
template <typename... Locks>
[[nodiscard]] std::optional<AllLocked> try_lock_all(Locks&... locks) {
  return try_lock_all_for(std::chrono::milliseconds(0), locks...);
}

// The same, waiting for ever.
template <typename... Locks>
[[nodiscard]] AllLocked lock_all(Locks&... locks) {
  return *try_lock_all_for({}, locks...);
}

}  // namespace coheld
