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
// session's TTL when its connection is gone. So a paused process may lose its lock without knowing:
// things outside coheld are safe only if they check the fencing token, which grows with every
// grant. Not re-entrant. Grants are first come, first served.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

namespace core {
struct LockAccess;
}

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

// Who holds a lock.
struct LockState {
  bool locked = false;
  uint64_t session = 0;               // The holder's session id; 0 if free.
  uint64_t thread = 0;                // The holder's logical thread.
  uint64_t token = 0;                 // The grant's fencing token; 0 if free.
  std::chrono::milliseconds held{0};  // For how long, by the daemon's clock.
  uint64_t waiters = 0;
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
  Lock(const Lock& other) : Handle(other), token_(other.token()) {}
  Lock& operator=(const Lock&) = delete;

  // Takes the lock, waiting for it. Throws what Client::call throws.
  void lock() { try_lock_for({}); }
  // Takes the lock if it is free. Returns whether it did.
  bool try_lock() { return try_lock_for(std::chrono::milliseconds(0)); }
  // Takes the lock, waiting at most so long. Returns whether it did.
  bool try_lock_for(WaitTime time) { return acquire(time); }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until) {
    return try_lock_for(until - Clock::now());
  }
  // Releases the lock. Never throws, as guards need it: if the lock was lost meanwhile, or the
  // daemon is out of reach, the session's end releases it. Use release() to be told.
  void unlock() noexcept;

  // Releases the lock. LockNotHeld, LockNotOwner (also when it was lost meanwhile), SessionExpired.
  void release();

  // Returns the fencing token of the last grant through this handle: above every earlier grant's. 0
  // before the first.
  uint64_t token() const { return token_.load(std::memory_order_relaxed); }

  // Tells who holds the lock and how many wait.
  LockState inspect() const;
  // Makes the lock if it is not there; an existing one is left as it is, unless options.exclusive:
  // ObjectExists.
  Created create(const LockOptions& options = {}) const;

 private:
  friend class Condition;
  friend struct core::LockAccess;

  bool acquire(WaitTime time, const CallOptions& options = {});
  // Takes the lock, unless the caller has it already and does not know.
  void retake(const CallOptions& options);

  std::atomic<uint64_t> token_{0};
};

}  // namespace coheld
