// The one place where ops wait. An op that cannot proceed is parked on a WaitQueue of its object;
// when the object changes, the engine applies it again. A parked op is not state: waiting changes
// nothing, and when it is granted it is an immediate op like any other.
//
//   arrive --Park--> parked --woken, can proceed--> done (reply)
//                      |---- woken, cannot ---> parked, in its place
//                      |---- timeout ---------> done: applied a last time, which must not park
//                      '---- cancelled, session ended, object deleted ---> failed
//
// An op may change something and then park: Condition.Wait lets go of the lock, Barrier.Wait
// arrives. That change happened when the op arrived: its wakes go out although it parked, and it is
// the op's to remember (by Turn::call) that it is not to be done again, and to tell the engine
// (Turn::NoteEffect). If such an op leaves without being granted, its object is told
// (Object::WaiterLeft).
//
// An op may stand in several queues, of one object or of many (Turn::ParkInAll). It joins them all
// in one step, so that any two such ops come in the same order everywhere, and it is tried when any
// of them is woken; when it goes, all of them are.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/ids.h"

namespace coheld::engine {

class Object;
struct OpRow;

// What the edge stamps on an op.
struct Stamp {
  CallId call{};
  Owner owner;
  TimeMs now{};
  // Exactly once (session.proto): the op's place in its lane; a seq of 0 is without.
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint32_t lane = 0;
  uint64_t token = 0;     // Of the lock that guards the object, or 0.
  std::string_view site;  // Where in the client's program it is. Good for this try only; UTF-8.
};

// A queue of an object, to wait in.
struct Waitplace {
  Object* object = nullptr;
  class WaitQueue* queue = nullptr;
};

// An op that waits. Owned by the engine's table of parked ops.
struct ParkedOp {
  // Where it stands.
  struct Place {
    Object* object = nullptr;
    class WaitQueue* queue = nullptr;  // Null once it left.
    std::list<ParkedOp*>::iterator at;
  };

  Stamp stamp;       // As it arrived.
  std::string site;  // That of the stamp.
  const OpRow* row = nullptr;
  std::string payload;
  Place place;                // The first, and of most ops the only one.
  std::vector<Place> others;  // Empty once it left.
  TimeMs deadline = kNever;
  bool effect = false;  // It changed something (Turn::NoteEffect).
};

// Returns the stamp with which an op is told that it ended ungranted; it outlives the op.
Stamp StampAtEnd(const ParkedOp& op, TimeMs now);

// Calls `visit` with each place where the op stands.
template <typename Visit>
void ForEachPlace(const ParkedOp& op, Visit visit) {
  if (op.place.queue == nullptr) return;
  visit(op.place);
  for (const ParkedOp::Place& place : op.others) visit(place);
}

// Parked ops in the order in which they came, which is that of their calls.
class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  bool empty() const { return ops_.empty(); }
  size_t size() const { return ops_.size(); }
  const std::list<ParkedOp*>& ops() const { return ops_; }
  // How many of them stand in other queues too.
  size_t many() const { return many_; }

  // Adds an op at the end; `object` is whose queue this is. Takes no ownership.
  void Add(ParkedOp* op, Object* object);
  // Takes an op out of every queue in which it stands.
  static void Leave(ParkedOp* op);

 private:
  std::list<ParkedOp*> ops_;
  size_t many_ = 0;
};

}  // namespace coheld::engine
