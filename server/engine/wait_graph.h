// Who waits for whom: finds owners that wait for each other in a ring and so never proceed.
//
//   parked op --stands on--> object --held by--> owner --waits in--> parked op --...
//                               '--in line before it--> parked op that wants several
//
// An owner is one thread of control: while an op of it is parked it gives nothing back. So an op
// that waits for all who hold an object never proceeds if a way along these arrows comes back to
// its own owner. Ops that wait for something that anybody may bring about (an item, an event) lead
// nowhere, and neither do those with a timeout: they end by themselves. Who stands in one line only
// waits for what everybody in that line waits for; only ops that stand in several are in the way by
// themselves.
//
// A way gets longer when an op parks; when an owner that waits is granted something else, as those
// behind it wait for it then; and when it loses a lock that it held and waits for all the same, as
// a signal or with others: then it stands in that line like anybody. That is when Engine looks
// (deadlock.cc), and only from the ops through which a new ring must lead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/engine/object.h"
#include "server/engine/sessions.h"
#include "server/engine/store.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

// One who waits in a ring, and for whom.
struct RingStep {
  const ParkedOp* op = nullptr;
  const Object* object = nullptr;  // Of those on which it stands, the one that leads on.
  Hold hold;                       // Of the next in the ring, on the object ...
  bool ahead = false;              // ... unless that is only before it in line.
};
using Ring = std::vector<RingStep>;

class WaitGraph {
 public:
  // What counts as waiting for ever.
  struct Rules {
    bool timeouts = false;  // Waits with a timeout too.
    bool permits = false;   // Waits for a semaphore too, if one owner has all of its permits.
  };

  // Tells that an op parked, and that it is about to go.
  void Add(const ParkedOp& op);
  void Remove(const ParkedOp& op);

  // Returns a ring that begins with this parked op, or one that is empty. The same each time.
  Ring FindRing(const ParkedOp& op, Rules rules) const;
  // Returns the ops of the owner that wait for holders, first come first.
  std::vector<const ParkedOp*> WaitsOf(const Owner& owner) const;
  // How many ops that wait for holders were ever added.
  uint64_t added() const { return added_; }
  // Returns all ops that wait for holders, by owner.
  const std::multimap<Owner, const ParkedOp*>& waits() const { return waits_; }

  // Calls `visit` with each step that leads on from a waiting op at one of its places, until it
  // returns true: with no op if the step is to who holds the object, else with the op that is
  // before this one in line. Counts into `visits` what it looked at. Returns whether it was ended.
  using VisitStep = std::function<bool(RingStep step, const ParkedOp* before)>;
  static bool ForEachStep(const ParkedOp& op, const ParkedOp::Place& place, Rules rules,
                          size_t* visits, const VisitStep& visit);

 private:
  std::multimap<Owner, const ParkedOp*> waits_;  // Of equal owners, first come first.
  uint64_t added_ = 0;
};

// Returns a step in words, of a waiting op that is there; `next` is the owner to whom it leads.
std::string StepInWords(const Store& store, const Sessions& sessions, const RingStep& step,
                        const Owner& next, TimeMs now);
// Puts the words of a ring's steps together.
std::string JoinSteps(const std::vector<std::string>& steps);
// Returns why an op fails whose ring this is.
Failure DeadlockOf(const std::string& ring);
// Returns a ring in words.
std::string RingInWords(const Store& store, const Sessions& sessions, const Ring& ring, TimeMs now);

}  // namespace coheld::engine
