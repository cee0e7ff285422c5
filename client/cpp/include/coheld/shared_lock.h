// coheld::SharedLock: a lock between processes and hosts for many readers or one writer. It is
// SharedLockable and SharedTimedLockable: std::shared_lock reads, std::unique_lock writes.
//
//   coheld::SharedLock lock(client, "prices");
//   const std::shared_lock reading(lock);
//
// Grants are first come, first served: a writer that waits holds back the readers after it, so
// neither starves. The owner is the client's session and the calling thread; its session's end
// releases what it holds. A reader may read again; nothing else is re-entrant: who reads and wants
// to write waits for itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

// Who holds a shared lock.
struct SharedLockState {
  uint64_t readers = 0;  // Owners that read.
  bool written = false;  // Whether an owner writes; if so:
  uint64_t session = 0;  // - its session id,
  uint64_t thread = 0;   // - its logical thread,
  uint64_t token = 0;    // - its fencing token.
  uint64_t read_waiters = 0;
  uint64_t write_waiters = 0;
};

// A shared lock. Threads may share a handle. Copies name the same lock but remember their own
// tokens.
class SharedLock : public Handle {
 public:
  static constexpr const char* kType = "rwlock";

  // Names a lock; nothing is sent. The first to take it creates it.
  SharedLock(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit SharedLock(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous lock, which lives as long as anything refers to it.
  static SharedLock make(const Client& client);
  SharedLock(const SharedLock& other)
      : Handle(other), token_(other.token()), owner_died_(other.owner_died()) {}
  SharedLock& operator=(const SharedLock&) = delete;

  // Takes the lock to write, waiting for it. Throws what Client::call throws.
  void lock(CallSite site = std::source_location::current()) { try_lock_for({}, site); }
  // Takes it to write if it is free. Returns whether it did.
  bool try_lock() { return try_lock_for(std::chrono::milliseconds(0)); }
  // Takes it to write, waiting at most so long. Returns whether it did.
  bool try_lock_for(WaitTime time, CallSite site = std::source_location::current());
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& until) {
    return try_lock_for(until - Clock::now());
  }
  // Releases what lock() took. Never throws, as guards need it: if the lock was lost meanwhile, or
  // the daemon is out of reach, the session's end releases it.
  void unlock() noexcept;

  // Takes the lock to read, waiting for it. Throws what Client::call throws.
  void lock_shared(CallSite site = std::source_location::current()) {
    try_lock_shared_for({}, site);
  }
  // Takes it to read if nobody writes or waits to. Returns whether it did.
  bool try_lock_shared() { return try_lock_shared_for(std::chrono::milliseconds(0)); }
  // Takes it to read, waiting at most so long. Returns whether it did.
  bool try_lock_shared_for(WaitTime time, CallSite site = std::source_location::current());
  template <typename Clock, typename Duration>
  bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration>& until) {
    return try_lock_shared_for(until - Clock::now());
  }
  // Releases what lock_shared() took. Never throws, as unlock().
  void unlock_shared() noexcept;

  // Releases what the caller holds: its write, or one of its reads. LockNotHeld, LockNotOwner (also
  // when it was lost meanwhile), SessionExpired.
  void release();

  // Returns the fencing token of the last grant to write through this handle: above every earlier
  // grant's. 0 before the first.
  uint64_t token() const { return token_.load(std::memory_order_relaxed); }

  // Returns whether the last grant through this handle was told that a writer died while it wrote:
  // what the lock protects may be half-written.
  bool owner_died() const { return owner_died_.load(std::memory_order_relaxed); }

  // Tells who holds the lock and how many wait.
  SharedLockState inspect() const;
  // Makes the lock if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Created create(bool exclusive = false) const;

 private:
  void release(uint64_t token);

  std::atomic<uint64_t> token_{0};
  std::atomic<bool> owner_died_{false};
};

}  // namespace coheld
