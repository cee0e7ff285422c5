// The one place where ops wait. An op that cannot proceed is parked on a WaitQueue of its object;
// when the object changes, the engine applies it again. A parked op is not state: it changes
// nothing until it is granted, and then it is an immediate op like any other.
//
//   arrive --Park--> parked --woken, can proceed--> done (reply)
//                      |---- woken, cannot ---> parked, in its place
//                      |---- timeout ---------> done: applied a last time with timed_out() true
//                      '---- cancelled, session ended, object deleted ---> failed
#pragma once

#include <cstddef>
#include <list>
#include <string>

#include "server/engine/ids.h"

namespace coheld::engine {

class Object;
struct OpRow;

// What the edge stamps on an op.
struct Stamp {
  CallId call{};
  Owner owner;
  TimeMs now{};
};

// An op that waits. Owned by the engine's table of parked ops.
struct ParkedOp {
  Stamp stamp;  // As it arrived.
  const OpRow* row = nullptr;
  std::string payload;
  Object* object = nullptr;  // Dangles once `queue` is null.
  class WaitQueue* queue = nullptr;
  std::list<ParkedOp*>::iterator place;
  TimeMs deadline = kNever;
};

// Parked ops in the order in which they came.
class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  bool empty() const { return ops_.empty(); }
  size_t size() const { return ops_.size(); }
  const std::list<ParkedOp*>& ops() const { return ops_; }

  // Adds an op at the end. Takes no ownership.
  void Add(ParkedOp* op);
  // Removes an op that is in this queue.
  void Remove(ParkedOp* op);

 private:
  std::list<ParkedOp*> ops_;
};

}  // namespace coheld::engine
