// coheld::RecursiveLock: a lock between processes and hosts that its owner may take again, as
// std::recursive_timed_mutex and threading.RLock. It is Lockable and TimedLockable.
//
// It is free when it was released as often as it was taken. All else is as with coheld::Lock
// (lock.h): the owner is the client's session and the calling thread, the session's end releases it
// whatever its depth, and grants are first come, first served.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/lock.h"
#include "coheld/op.h"

namespace coheld {

// Who holds a recursive lock, and how deep.
struct RecursiveLockState : LockState {
  uint64_t depth = 0;  // 0 if free.
};

// A recursive lock. Threads may share a handle. Copies name the same lock but remember their own
// tokens.
class RecursiveLock : public Handle {
 public:
  static constexpr const char* kType = "rlock";

  // Names a lock; nothing is sent. The first lock() creates it.
  RecursiveLock(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit RecursiveLock(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous lock, which lives as long as anything refers to it.
  static RecursiveLock make(const Client& client);
  RecursiveLock(const RecursiveLock& other)
      : Handle(other), grant_(other.grant_), depth_(other.depth_.load()) {}
  RecursiveLock& operator=(const RecursiveLock&) = delete;

  // Takes the lock, waiting for it, or goes a level deeper. Throws what Client::call throws.
  void lock(CallSite site = std::source_location::current()) { acquire({}, site); }
  // The same if that needs no waiting. Returns whether it did.
  bool try_lock() { return try_lock_for(std::chrono::milliseconds(0)); }
  // The same, waiting at most so long. Returns whether it did.
  bool try_lock_for(WaitTime time, CallSite site = std::source_location::current()) {
    return bool(acquire({.time = time}, site));
  }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until,
                      CallSite site = std::source_location::current()) {
    return try_lock_for(until - Clock::now(), site);
  }
  // The same as the options say, and tells all about it; going deeper leaves the lease as it is.
  // Deadlock if the wait would never end.
  Acquired acquire(const AcquireOptions& options = {},
                   CallSite site = std::source_location::current());
  // Sets when the grant ends by itself, counted from now; 0: only with the session. LockLost,
  // LockNotHeld, LockNotOwner, SessionExpired.
  void renew(std::chrono::milliseconds lease);
  // Goes up a level, and releases the lock at the last. Never throws, as guards need it: if the
  // lock was lost meanwhile, or the daemon is out of reach, the session's end releases it.
  void unlock() noexcept;
  // The same. Returns how deep the caller still holds it. LockLost if it was lost meanwhile,
  // LockNotHeld, LockNotOwner, SessionExpired.
  uint64_t release();

  // Returns the fencing token of the last grant through this handle: above every earlier grant's. 0
  // before the first.
  uint64_t token() const { return grant_.token(); }
  // As Lock's.
  bool owner_died() const { return grant_.owner_died(); }
  bool lost() const;

  // Tells who holds the lock, how deep, and how many wait.
  RecursiveLockState inspect() const;
  // Makes the lock if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Created create(bool exclusive = false) const;

 private:
  friend class Condition;
  friend struct core::LockAccess;

  void take(const Acquired& acquired, uint64_t depth);
  // Takes the lock so deep, unless the caller has it already and does not know.
  void retake(uint64_t depth, const CallOptions& options);

  core::Grant grant_;
  std::atomic<uint64_t> depth_{0};  // As this handle's last op told.
};

}  // namespace coheld
