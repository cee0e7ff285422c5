// coheld::Lock: a lock between processes and hosts. It is Lockable and TimedLockable, so that
// std::unique_lock, std::scoped_lock and std::lock work with it.
//
//   coheld::Lock lock(client, "inventory");
//   {
//     const std::unique_lock guard(lock);
//     write_elsewhere(data, lock.token());
//   }
//
// The owner is the client's session and the calling thread (this_thread_id()). The lock is released
// when its owner's session ends: at once when the process dies or closes the client, and after the
// session's TTL when its connection is gone; and when its lease ends, if the acquire asked for one.
// So a paused process may lose its lock without knowing. Objects of the daemon can be guarded
// against that (guard.h); things outside are safe only if they check the fencing token, which grows
// with every grant. Who lost a lock learns it by lost(), or by LockLost at its next op with it; the
// next owner learns by owner_died() that what the lock protects may be half-done. Not re-entrant.
// Grants are first come, first served; owners that would wait for each other for ever get Deadlock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/owner.h"

namespace coheld {

namespace core {
struct LockAccess;

// What a handle of a lock remembers of its last grant. Threads may share it.
class Grant {
 public:
  Grant() = default;
  Grant(const Grant& other)
      : token_(other.token()), owner_died_(other.owner_died()), held_(other.held()) {}
  Grant& operator=(const Grant&) = delete;

  // `held`: the handle is told when it ends.
  void take(uint64_t token, bool owner_died, bool held = true) {
    token_.store(token, std::memory_order_relaxed);
    owner_died_.store(owner_died, std::memory_order_relaxed);
    held_.store(held, std::memory_order_relaxed);
  }
  void end() { held_.store(false, std::memory_order_relaxed); }

  uint64_t token() const { return token_.load(std::memory_order_relaxed); }
  bool owner_died() const { return owner_died_.load(std::memory_order_relaxed); }
  bool held() const { return held_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> token_{0};
  std::atomic<bool> owner_died_{false};
  std::atomic<bool> held_{false};  // As far as the handle knows.
};

}  // namespace core

// Who may release a lock.
enum class LockRelease {
  kOwner = 1,   // Only its owner.
  kAnyone = 2,  // Anyone, as with threading.Lock.
};

// What a new lock is like.
struct LockOptions {
  LockRelease release = LockRelease::kOwner;
  bool exclusive = false;  // ObjectExists if the name is taken.
};

// How a lock is taken.
struct AcquireOptions {
  WaitTime time = {};                  // How long to wait for it.
  std::chrono::milliseconds lease{0};  // When it ends by itself, unless renewed; 0: never.
};

// How that went. True if the lock was taken.
struct Acquired {
  explicit operator bool() const { return token != 0; }

  uint64_t token = 0;       // The grant's fencing token; 0: it was not taken.
  bool owner_died = false;  // The owner before did not release it: its session or lease ended.
  // Not taken: who holds it; nothing if nobody does, or it was not waited for.
  std::optional<Holder> holder;
};

// Who holds a lock.
struct LockState {
  bool locked = false;
  uint64_t session = 0;               // The holder's session id; 0 if free.
  uint64_t thread = 0;                // The holder's logical thread.
  uint64_t token = 0;                 // The grant's fencing token; 0 if free.
  std::chrono::milliseconds held{0};  // For how long, by the daemon's clock.
  uint64_t waiters = 0;
  std::optional<std::chrono::milliseconds> lease;  // In what time the grant ends; absent: never.
};

// A lock. Threads may share a handle. Copies name the same lock but remember their own tokens.
class Lock : public Handle {
 public:
  static constexpr const char* kType = "lock";

  // Names a lock; nothing is sent. The first lock() creates it.
  Lock(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Lock(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous lock, which lives as long as anything refers to it.
  static Lock make(const Client& client, const LockOptions& options = {});
  Lock(const Lock& other) : Handle(other), grant_(other.grant_) {}
  Lock& operator=(const Lock&) = delete;

  // Takes the lock, waiting for it. Throws what Client::call throws.
  void lock(CallSite site = std::source_location::current()) { acquire({}, site); }
  // Takes the lock if it is free. Returns whether it did.
  bool try_lock() { return try_lock_for(std::chrono::milliseconds(0)); }
  // Takes the lock, waiting at most so long. Returns whether it did.
  bool try_lock_for(WaitTime time, CallSite site = std::source_location::current()) {
    return bool(acquire({.time = time}, site));
  }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until,
                      CallSite site = std::source_location::current()) {
    return try_lock_for(until - Clock::now(), site);
  }
  // Takes the lock as the options say, and tells all about it. Deadlock if the wait would never
  // end.
  Acquired acquire(const AcquireOptions& options = {},
                   CallSite site = std::source_location::current());
  // Sets when the grant ends by itself, counted from now; 0: only with the session. LockLost,
  // LockNotHeld, LockNotOwner, SessionExpired.
  void renew(std::chrono::milliseconds lease);
  // Releases the lock. Never throws, as guards need it: if the lock was lost meanwhile, or the
  // daemon is out of reach, the session's end releases it. Use release() to be told.
  void unlock() noexcept;

  // Releases the lock. LockLost if it was lost meanwhile, LockNotHeld, LockNotOwner,
  // SessionExpired.
  void release();

  // Returns the fencing token of the last grant through this handle: above every earlier grant's. 0
  // before the first.
  uint64_t token() const { return grant_.token(); }
  // Returns whether the owner before the last grant through this handle died with the lock, so that
  // what it protects may be half-done.
  bool owner_died() const { return grant_.owner_died(); }
  // Asks the daemon whether the last grant through this handle has ended without a release. False
  // without a grant, or with one by lock_all.
  bool lost() const;

  // Tells who holds the lock and how many wait.
  LockState inspect() const;
  // Makes the lock if it is not there; an existing one is left as it is, unless options.exclusive:
  // ObjectExists.
  Created create(const LockOptions& options = {}) const;

 private:
  friend class Condition;
  friend struct core::LockAccess;

  // Takes the lock, unless the caller has it already and does not know.
  void retake(const CallOptions& options);

  core::Grant grant_;
};

}  // namespace coheld
