// See wait_queue.h.
#include "server/engine/wait_queue.h"

#include "proto/wire/check.h"

namespace coheld::engine {

Stamp StampAtEnd(const ParkedOp& op, TimeMs now) {
  Stamp stamp = op.stamp;
  stamp.now = now;
  stamp.site = {};
  return stamp;
}

void WaitQueue::Add(ParkedOp* op, Object* object) {
  COHELD_CHECK(ops_.empty() || ops_.back()->stamp.call < op->stamp.call);
  const ParkedOp::Place place{.object = object, .queue = this, .at = ops_.insert(ops_.end(), op)};
  if (op->place.queue == nullptr) {
    op->place = place;
  } else {
    if (op->others.empty()) ++op->place.queue->many_;
    ++many_;
    op->others.push_back(place);
  }
}

void WaitQueue::Leave(ParkedOp* op) {
  const bool many = !op->others.empty();
  ForEachPlace(*op, [many](const ParkedOp::Place& place) {
    place.queue->ops_.erase(place.at);
    if (many) --place.queue->many_;
  });
  op->place.queue = nullptr;
  op->others.clear();
}

}  // namespace coheld::engine
