// coheld::Semaphore: permits that owners take and give back, as std::counting_semaphore and
// Python's Semaphore and BoundedSemaphore.
//
//   coheld::Semaphore slots(client, "slots");
//   slots.create({.permits = 3, .bounded = true});
//   const coheld::Permit permit(slots);            // Given back at the end of the scope.
//
// The permits that a session holds go back when it ends, so a dead process takes none along. Grants
// are first come, first served, also behind one who asks for more.
#pragma once

#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

// What a new semaphore is like.
struct SemaphoreOptions {
  uint64_t permits = 1;    // How many there are at first.
  bool bounded = false;    // Releases above that number are refused: SemaphoreReleasedTooOften.
  bool exclusive = false;  // ObjectExists if the name is taken.
};

// The counts of a semaphore.
struct SemaphoreState {
  uint64_t available = 0;  // Free permits.
  uint64_t held = 0;       // Permits held by owners.
  uint64_t waiters = 0;    // Ops that wait.
  bool bounded = false;
  uint64_t permits = 0;  // As created.
};

// A semaphore. Every method throws what Client::call throws. Threads: as its Client.
class Semaphore : public Handle {
 public:
  static constexpr const char* kType = "semaphore";

  // Names a semaphore; nothing is sent. The first acquire or release creates it: one permit,
  // unbounded.
  Semaphore(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Semaphore(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous semaphore, which lives as long as anything refers to it.
  static Semaphore make(const Client& client, const SemaphoreOptions& options = {});

  // Takes permits, all or none, waiting for them. InvalidArgument for more than there can ever be.
  void acquire(uint64_t count = 1, CallSite site = std::source_location::current()) const {
    try_acquire_for({}, count, site);
  }
  // Takes permits if they are free. Returns whether it did.
  bool try_acquire(uint64_t count = 1) const {
    return try_acquire_for(std::chrono::milliseconds(0), count);
  }
  // Takes permits, waiting at most so long. Returns whether it did.
  bool try_acquire_for(WaitTime time, uint64_t count = 1,
                       CallSite site = std::source_location::current()) const;
  template <typename Clock, typename Duration>
  bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& until,
                         uint64_t count = 1) const {
    return try_acquire_for(until - Clock::now(), count);
  }

  // Gives permits back, from whatever thread or process, or adds new ones; returns how many are
  // free then. SemaphoreReleasedTooOften if bounded; SessionExpired: the session's end gave back
  // what this thread had.
  uint64_t release(uint64_t count = 1) const;

  SemaphoreState inspect() const;
  // Makes the semaphore if it is not there; an existing one is left as it is, unless
  // options.exclusive: ObjectExists.
  Created create(const SemaphoreOptions& options = {}) const;
};

// Holds permits for a scope.
class Permit {
 public:
  // Takes them, waiting. Throws as Semaphore::acquire.
  explicit Permit(Semaphore semaphore, uint64_t count = 1,
                  CallSite site = std::source_location::current())
      : semaphore_(std::move(semaphore)), count_(count) {
    semaphore_.acquire(count_, site);
  }
  // Gives them back; never throws: without a connection the session's end does so.
  ~Permit() {
    try {
      semaphore_.release(count_);
    } catch (const Error&) {
    }
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

 private:
  Semaphore semaphore_;
  uint64_t count_;
};

}  // namespace coheld
