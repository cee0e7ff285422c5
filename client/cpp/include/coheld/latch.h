// coheld::Latch: closed until it was counted down to zero, then open for ever, as std::latch and
// java.util.concurrent.CountDownLatch.
//
//   coheld::Latch started(client, "started");
//   started.create(3);                       // Every party may: the first one wins.
//   started.arrive_and_wait();
//
// It has no owner: a party that dies has not counted down, so those who cannot be sure of the
// others wait with a timeout.
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

// The counts of a latch.
struct LatchState {
  uint64_t remaining = 0;  // 0: open.
  uint64_t count = 0;      // As created.
  uint64_t waiters = 0;    // Ops that wait.
};

// A latch. Every method throws what Client::call throws; before create() there is none:
// ObjectNotFound. Threads: as its Client.
class Latch : public Handle {
 public:
  static constexpr const char* kType = "latch";

  // Names a latch; nothing is sent.
  Latch(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Latch(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous latch, which lives as long as anything refers to it.
  static Latch make(const Client& client, uint64_t count);

  // Counts down, at most to zero; returns what remains. Zero wakes all who wait.
  uint64_t count_down(uint64_t update = 1) const;
  // Returns whether the latch is open.
  bool try_wait() const { return wait_for(std::chrono::milliseconds(0)); }
  // Waits until the latch is open.
  void wait(CallSite site = std::source_location::current()) const { wait_for({}, site); }
  // The same, at most so long. Returns whether it is open.
  bool wait_for(WaitTime time, CallSite site = std::source_location::current()) const;
  template <typename Clock, typename Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& until,
                  CallSite site = std::source_location::current()) const {
    return wait_for(until - Clock::now(), site);
  }
  // Counts down and waits.
  void arrive_and_wait(uint64_t update = 1, CallSite site = std::source_location::current()) const {
    if (count_down(update) > 0) wait(site);
  }

  LatchState inspect() const;
  // Makes the latch if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Created create(uint64_t count, bool exclusive = false) const;
};

}  // namespace coheld
