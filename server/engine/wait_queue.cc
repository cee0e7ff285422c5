// See wait_queue.h.
#include "server/engine/wait_queue.h"

#include "proto/wire/check.h"

namespace coheld::engine {

void WaitQueue::Add(ParkedOp* op) {
  COHELD_CHECK(op->queue == nullptr);
  op->queue = this;
  op->place = ops_.insert(ops_.end(), op);
}

void WaitQueue::Remove(ParkedOp* op) {
  COHELD_CHECK(op->queue == this);
  ops_.erase(op->place);
  op->queue = nullptr;
}

}  // namespace coheld::engine
