// coheld::Barrier: parties wait until all are there, then all go on and the next round begins, as
// std::barrier and threading.Barrier.
//
//   coheld::Barrier barrier(client, "step");
//   barrier.create(4);                       // Every party may: the first one wins.
//   barrier.arrive_and_wait([&] { swap_buffers(); });   // Run by the last to arrive.
//
// A barrier breaks, for all of its round and for who comes later, when a party's wait ends
// otherwise: its time is over, it is interrupted, its process dies; when an action throws, or by
// abort(). Then BarrierBroken is thrown, until reset() mends it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

// The counts of a barrier.
struct BarrierState {
  uint64_t parties = 0;  // How many make a round.
  uint64_t waiting = 0;  // How many have arrived in this round.
  bool broken = false;   // Until reset().
  bool acting = false;   // The round's action runs.
};

// A barrier. Every method throws what Client::call throws; before create() there is none:
// ObjectNotFound. Threads: as its Client; each thread that waits is a party.
class Barrier : public Handle {
 public:
  static constexpr const char* kType = "barrier";
  using Action = std::function<void()>;

  // Names a barrier; nothing is sent.
  Barrier(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Barrier(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous barrier, which lives as long as anything refers to it.
  static Barrier make(const Client& client, uint64_t parties);

  // Arrives and waits for the others; the last to arrive runs its action, if it has one, while the
  // others still wait. Returns the place by arrival: 0 is the first, parties - 1 the last.
  // BarrierBroken; what the action throws, which breaks the barrier.
  uint64_t arrive_and_wait(const Action& action = {},
                           CallSite site = std::source_location::current()) const {
    return arrive_and_wait_for({}, action, site);
  }
  // The same, waiting at most so long; if the time is over it breaks the barrier: BarrierBroken.
  uint64_t arrive_and_wait_for(WaitTime time, const Action& action = {},
                               CallSite site = std::source_location::current()) const;
  template <typename Clock, typename Duration>
  uint64_t arrive_and_wait_until(const std::chrono::time_point<Clock, Duration>& until,
                                 const Action& action = {},
                                 CallSite site = std::source_location::current()) const {
    return arrive_and_wait_for(until - Clock::now(), action, site);
  }

  // Breaks the barrier.
  void abort() const;
  // Mends the barrier and starts an empty round; the parties of this one, if any, get
  // BarrierBroken.
  void reset() const;

  BarrierState inspect() const;
  // Makes the barrier if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Created create(uint64_t parties, bool exclusive = false) const;

 private:
  void act(const Action& action, uint64_t token) const;
  void tell_action_done(uint64_t token, bool failed) const;
};

}  // namespace coheld
