// coheld::Event: a flag that many wait for, as threading.Event.
//
//   coheld::Event ready(client, "ready");
//   ready.wait();                                   // Elsewhere: ready.set();
//
// It has no owner. The first set() or clear() creates it, clear; reads of a missing one see it
// clear. A set() wakes exactly those who wait at that moment, also when a clear() follows at once.
#pragma once

#include <source_location>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

// An event. Every method throws what Client::call throws. Threads: as its Client.
class Event : public Handle {
 public:
  static constexpr const char* kType = "event";

  // Names an event; nothing is sent.
  Event(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Event(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous event, which lives as long as anything refers to it.
  static Event make(const Client& client);

  // Sets the flag and wakes all who wait. Returns the flag before.
  bool set() const;
  // Clears the flag. Returns the flag before.
  bool clear() const;
  bool is_set() const;

  // Waits until the flag is set.
  void wait(CallSite site = std::source_location::current()) const { wait_for({}, site); }
  // The same, at most so long. Returns whether the flag was set.
  bool wait_for(WaitTime time, CallSite site = std::source_location::current()) const;
  template <typename Clock, typename Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& until,
                  CallSite site = std::source_location::current()) const {
    return wait_for(until - Clock::now(), site);
  }

  // Makes the event if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Created create(bool exclusive = false) const;
};

}  // namespace coheld
