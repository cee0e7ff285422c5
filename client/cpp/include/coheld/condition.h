// coheld::Condition: a condition variable between processes and hosts, over a Lock or a
// RecursiveLock, as std::condition_variable_any and threading.Condition.
//
//   coheld::Lock lock(client, "{jobs}lock");
//   coheld::Condition changed(client, "{jobs}changed");
//   changed.create(lock);                                  // Every process may: the first one
//   wins. std::unique_lock guard(lock); changed.wait(guard, [&] { return jobs.size() > 0; });
//
// A condition belongs to one lock for good, and both names have the same `{tag}`, so that the
// daemon keeps them together (anonymous ones match all). A wait lets the lock go, whatever its
// depth, and has it again when it returns, and also when it throws (but where the daemon is out of
// reach). As with any condition variable others may come between, and a wait may end without a
// notification, here when the connection or the session was lost: use the forms with a predicate,
// or a loop.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/lock.h"
#include "coheld/op.h"
#include "coheld/recursive_lock.h"

namespace coheld {

// What a condition belongs to, and who waits.
struct ConditionState {
  Ref lock;              // Type "lock" or "rlock".
  uint64_t waiters = 0;  // Ops that wait.
};

// A condition. Every method throws what Client::call throws; before create() there is none:
// ObjectNotFound. The waits take the lock, or the std::unique_lock that has it; LockNotHeld,
// LockNotOwner if the calling thread does not hold it. Threads: as its Client.
class Condition : public Handle {
 public:
  static constexpr const char* kType = "condition";

  // Names a condition; nothing is sent.
  Condition(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Condition(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous condition over a lock, which lives as long as anything refers to it.
  static Condition make(const Lock& lock) { return make_over(lock.client(), lock.name()); }
  static Condition make(const RecursiveLock& lock) { return make_over(lock.client(), lock.name()); }

  // Makes the condition over a lock if it is not there; an existing one is left as it is, unless
  // `exclusive`: ObjectExists, also if it is over another lock. InvalidArgument for a lock of
  // another tag.
  Created create(const Lock& lock, bool exclusive = false) const {
    return create_over(lock.name(), exclusive);
  }
  Created create(const RecursiveLock& lock, bool exclusive = false) const {
    return create_over(lock.name(), exclusive);
  }

  // Waits to be notified.
  template <typename L>
  void wait(L& lock, CallSite site = std::source_location::current()) const {
    wait_on(mutex_of(lock), {}, site);
  }
  // Waits until the predicate, which is called with the lock held, returns true.
  template <typename L, std::predicate Predicate>
  void wait(L& lock, Predicate ready, CallSite site = std::source_location::current()) const {
    while (!ready()) wait_on(mutex_of(lock), {}, site);
  }
  // Waits at most so long. Returns false if the time was over first. Taking the lock again may take
  // longer.
  template <typename L>
  bool wait_for(L& lock, WaitTime time, CallSite site = std::source_location::current()) const {
    return wait_on(mutex_of(lock), time, site);
  }
  // Waits for the predicate at most so long. Returns what it returned last.
  template <typename L, std::predicate Predicate>
  bool wait_for(L& lock, WaitTime time, Predicate ready,
                CallSite site = std::source_location::current()) const {
    if (time.milliseconds()) return wait_until(lock, deadline_of(time), std::move(ready), site);
    wait(lock, std::move(ready), site);
    return true;
  }
  // Waits until a time. Returns false if it came first.
  template <typename L, typename Clock, typename Duration>
  bool wait_until(L& lock, const std::chrono::time_point<Clock, Duration>& until,
                  CallSite site = std::source_location::current()) const {
    return wait_on(mutex_of(lock), until - Clock::now(), site);
  }
  template <typename L, typename Clock, typename Duration, std::predicate Predicate>
  bool wait_until(L& lock, const std::chrono::time_point<Clock, Duration>& until, Predicate ready,
                  CallSite site = std::source_location::current()) const {
    while (!ready()) {
      if (!wait_on(mutex_of(lock), until - Clock::now(), site)) return ready();
    }
    return true;
  }

  // Wakes the one who waits longest, or so many, or all; returns how many. The caller holds the
  // lock: LockNotHeld, LockNotOwner.
  uint64_t notify_one() const { return notify(1); }
  uint64_t notify_all() const { return notify(0); }
  // 0 wakes all.
  uint64_t notify(uint64_t count) const;

  ConditionState inspect() const;

 private:
  static Lock& mutex_of(Lock& lock) { return lock; }
  static RecursiveLock& mutex_of(RecursiveLock& lock) { return lock; }
  template <typename L>
  static L& mutex_of(const std::unique_lock<L>& guard) {
    return *guard.mutex();
  }
  static std::chrono::steady_clock::time_point deadline_of(WaitTime time) {
    return std::chrono::steady_clock::now() +
           std::chrono::milliseconds(static_cast<int64_t>(*time.milliseconds()));
  }

  static Condition make_over(const Client& client, const std::string& lock);
  Created create_over(const std::string& lock, bool exclusive) const;
  bool wait_on(Lock& lock, WaitTime time, const CallSite& site) const;
  bool wait_on(RecursiveLock& lock, WaitTime time, const CallSite& site) const;
};

}  // namespace coheld
