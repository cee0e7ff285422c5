// The queue: queue.Queue, LifoQueue, PriorityQueue and JoinableQueue of Python as one type.
//
// Putters wait while there is no room, getters while there is no item, each first come first
// served: an op queues behind those that wait already, also behind one that needs more room than it
// does.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/queue.pb.h"
#include "server/engine/object.h"
#include "server/engine/queue_items.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

class QueueObject : public Object {
 public:
  uint64_t size() const override { return items.size(); }
  std::vector<WaitQueue*> wait_queues() override { return {&putters, &getters, &joiners}; }

  void VisitValues(const ValueVisitor& visit) const override { items.Visit(visit); }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    items.Save(state);
    state.PutUnsigned(maxsize);
    state.PutUnsigned(unfinished);
    state.PutFlag(shut_down);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    items.Load(state);
    maxsize = state.TakeUnsigned(INT64_MAX, "maxsize");
    unfinished = state.TakeUnsigned();
    shut_down = state.TakeFlag();
  }

  bool HasRoomFor(size_t count) const { return maxsize == 0 || items.size() + count <= maxsize; }

  QueueItems items;
  uint64_t maxsize = 0;     // 0 is unbounded.
  uint64_t unfinished = 0;  // Put, and not told finished.
  bool shut_down = false;
  WaitQueue putters;
  WaitQueue getters;
  WaitQueue joiners;
};

Outcome Create(QueueObject& queue, const v1::QueueCreateRequest& request,
               v1::QueueCreateReply* reply, Turn& turn) {
  if (!v1::QueueKind_IsValid(request.kind())) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "no queue kind has number " + std::to_string(request.kind()) +
                       "; use FIFO (1), LIFO (2) or PRIORITY (3)"};
  }
  if (request.exclusive() && !turn.created()) {
    return Failure{v1::ERROR_REASON_OBJECT_EXISTS, "the queue \"" + queue.name() +
                                                       "\" exists; use another name, or create "
                                                       "without exclusive"};
  }
  if (turn.created()) {
    queue.items.SetKind(request.kind());
    queue.maxsize = request.maxsize() > 0 ? static_cast<uint64_t>(request.maxsize()) : 0;
    queue.Touch();
  }
  reply->set_name(queue.name());
  reply->set_created(turn.created());
  return Done();
}

Outcome Len(QueueObject& queue, const v1::QueueLenRequest& /*request*/, v1::QueueLenReply* reply,
            Turn& /*turn*/) {
  reply->set_length(queue.items.size());
  reply->set_maxsize(queue.maxsize);
  reply->set_unfinished(queue.unfinished);
  reply->set_kind(queue.items.kind());
  reply->set_shut_down(queue.shut_down);
  return Done();
}

Failure Full(const QueueObject& queue) {
  return {v1::ERROR_REASON_QUEUE_FULL,
          "the queue \"" + queue.name() + "\" has no room: " + std::to_string(queue.items.size()) +
              " of at most " + std::to_string(queue.maxsize) + " items"};
}

Failure Empty(const QueueObject& queue) {
  return {v1::ERROR_REASON_QUEUE_EMPTY, "the queue \"" + queue.name() + "\" is empty"};
}

Failure ShutDown(const QueueObject& queue) {
  return {v1::ERROR_REASON_QUEUE_SHUT_DOWN, "the queue \"" + queue.name() +
                                                "\" was shut down; it takes no more items" +
                                                (queue.items.empty() ? ", and has none left" : "")};
}

// Puts all items or parks.
Outcome PutAll(QueueObject& queue, std::span<Value> items, std::optional<uint64_t> timeout_ms,
               v1::QueuePutReply* reply, Turn& turn) {
  if (queue.shut_down) return ShutDown(queue);
  for (const Value& item : items) {
    if (std::optional<Failure> failure = queue.items.Check(item)) return *failure;
  }
  const size_t count = items.size();
  if (turn.MustQueue(queue.putters) || !queue.HasRoomFor(count)) {
    return turn.Park(queue.putters, timeout_ms, Full(queue));
  }
  if (std::optional<Failure> failure = queue.items.Add(items)) return *failure;
  queue.unfinished += count;
  queue.Touch();
  turn.Wake(queue.getters);
  reply->set_length(queue.items.size());
  return Done();
}

Outcome Put(QueueObject& queue, const v1::QueuePutRequest& request, v1::QueuePutReply* reply,
            Turn& turn) {
  Result<Value> item = FromWire(request.value());
  if (!item.ok()) return item.failure();
  return PutAll(queue, std::span(&item.value(), 1), TimeoutOf(request), reply, turn);
}

Outcome PutMany(QueueObject& queue, const v1::QueuePutManyRequest& request,
                v1::QueuePutReply* reply, Turn& turn) {
  Result<std::vector<Value>> read = ItemsFromWire(request.values());
  if (!read.ok()) return read.failure();
  const std::span<Value> items = read.value();
  if (items.empty() && !queue.shut_down) {
    reply->set_length(queue.items.size());
    return Done();
  }
  if (queue.maxsize != 0 && items.size() > queue.maxsize) {
    return Failure{v1::ERROR_REASON_TOO_LARGE,
                   std::to_string(items.size()) + " items never fit the queue \"" + queue.name() +
                       "\" of at most " + std::to_string(queue.maxsize) +
                       "; put them in smaller parts"};
  }
  return PutAll(queue, items, TimeoutOf(request), reply, turn);
}

Outcome Get(QueueObject& queue, const v1::QueueGetRequest& request, v1::QueueGetReply* reply,
            Turn& turn) {
  if (queue.shut_down && queue.items.empty()) return ShutDown(queue);
  if (turn.MustQueue(queue.getters) || queue.items.empty()) {
    return turn.Park(queue.getters, TimeoutOf(request), Empty(queue));
  }
  ToWire(queue.items.Take(), reply->mutable_value());
  queue.Touch();
  turn.Wake(queue.putters);
  return Done();
}

Outcome GetMany(QueueObject& queue, const v1::QueueGetManyRequest& request,
                v1::QueueGetManyReply* reply, Turn& turn) {
  if (queue.shut_down && queue.items.empty()) return ShutDown(queue);
  if (turn.MustQueue(queue.getters) || queue.items.empty()) {
    return turn.Park(queue.getters, TimeoutOf(request), Empty(queue));
  }
  const size_t limit = request.limit() == 0 ? queue.items.size() : request.limit();
  ReplyBudget budget;
  for (size_t taken = 0; taken < limit && !queue.items.empty(); ++taken) {
    budget.Take(*queue.items.Next());
    if (budget.bytes() > kPageBytesMax && taken > 0) break;  // Never lost to a reply too large.
    ToWire(queue.items.Take(), reply->add_values());
  }
  queue.Touch();
  turn.Wake(queue.putters);
  return Done();
}

Outcome Peek(QueueObject& queue, const v1::QueuePeekRequest& /*request*/, v1::QueuePeekReply* reply,
             Turn& /*turn*/) {
  const Value* next = queue.items.Next();
  if (next != nullptr) ToWire(*next, reply->mutable_value());
  return Done();
}

// Counts items as finished, of which no more than `unfinished` are.
void Finish(QueueObject& queue, uint64_t count, Turn& turn) {
  queue.unfinished -= count;
  if (queue.unfinished == 0) turn.Wake(queue.joiners);
}

Outcome TaskDone(QueueObject& queue, const v1::QueueTaskDoneRequest& request,
                 v1::QueueTaskDoneReply* reply, Turn& turn) {
  const uint64_t count = request.count() == 0 ? 1 : request.count();
  if (count > queue.unfinished) {
    return Failure{v1::ERROR_REASON_TASK_DONE_TOO_OFTEN,
                   "task_done for " + std::to_string(count) + " items, but only " +
                       std::to_string(queue.unfinished) + " of the queue \"" + queue.name() +
                       "\" are unfinished; call it once for each item taken"};
  }
  Finish(queue, count, turn);
  queue.Touch();
  reply->set_unfinished(queue.unfinished);
  return Done();
}

Outcome Join(QueueObject& queue, const v1::QueueJoinRequest& request, v1::QueueJoinReply* reply,
             Turn& turn) {
  reply->set_joined(queue.unfinished == 0);
  if (reply->joined()) return Done();
  return turn.Park(queue.joiners, TimeoutOf(request), Done());
}

Outcome Purge(QueueObject& queue, const v1::QueuePurgeRequest& /*request*/,
              v1::QueuePurgeReply* reply, Turn& turn) {
  const uint64_t count = queue.items.size();
  reply->set_removed(count);
  if (count == 0) return Done();
  queue.items.Clear();
  // Joiners before putters: everything was finished for a moment, and a putter would end it. Items
  // may have been told finished before they were taken.
  Finish(queue, std::min(count, queue.unfinished), turn);
  queue.Touch();
  turn.Wake(queue.putters);
  return Done();
}

Outcome Shutdown(QueueObject& queue, const v1::QueueShutdownRequest& request,
                 v1::QueueShutdownReply* reply, Turn& turn) {
  const uint64_t removed = request.immediate() ? queue.items.size() : 0;
  if (queue.shut_down && removed == 0) return Done();
  queue.shut_down = true;
  reply->set_removed(removed);
  if (removed > 0) {
    queue.items.Clear();
    Finish(queue, std::min(removed, queue.unfinished), turn);
  }
  queue.Touch();
  turn.Wake(queue.getters);
  turn.Wake(queue.putters);
  return Done();
}

Failure LeaseLost(const QueueObject& queue, uint64_t delivery) {
  return {v1::ERROR_REASON_LEASE_LOST,
          "delivery " + std::to_string(delivery) + " of the queue \"" + queue.name() +
              "\" has ended: it was acked or given back, or its visibility or its session ended; "
              "another consumer may have the item"};
}

Outcome Lease(QueueObject& queue, const v1::QueueLeaseRequest& request,
              v1::QueueLeaseReply* /*reply*/, Turn& turn) {
  return turn.Park(queue.getters, TimeoutOf(request), Empty(queue));
}

Outcome Ack(QueueObject& queue, const v1::QueueAckRequest& request, v1::QueueAckReply* /*reply*/,
            Turn& /*turn*/) {
  return LeaseLost(queue, request.delivery());
}

Outcome Nack(QueueObject& queue, const v1::QueueNackRequest& request, v1::QueueNackReply* /*reply*/,
             Turn& /*turn*/) {
  return LeaseLost(queue, request.delivery());
}

Outcome Extend(QueueObject& queue, const v1::QueueExtendRequest& request,
               v1::QueueExtendReply* /*reply*/, Turn& /*turn*/) {
  return LeaseLost(queue, request.delivery());
}

Outcome Complete(QueueObject& queue, const v1::QueueCompleteRequest& request,
                 v1::QueueCompleteReply* /*reply*/, Turn& /*turn*/) {
  return LeaseLost(queue, request.delivery());
}

Outcome Deliveries(QueueObject& /*queue*/, const v1::QueueDeliveriesRequest& /*request*/,
                   v1::QueueDeliveriesReply* reply, Turn& /*turn*/) {
  reply->set_done(true);
  return Done();
}

}  // namespace

const TypeRow& QueueType() {
  static const TypeRow row = MakeType<QueueObject>(
      "queue", {Op<Create>("Queue.Create"), Op<Len>("Queue.Len"), Op<Put>("Queue.Put"),
                Op<PutMany>("Queue.PutMany"), Op<Get>("Queue.Get"), Op<GetMany>("Queue.GetMany"),
                Op<Peek>("Queue.Peek"), Op<TaskDone>("Queue.TaskDone"), Op<Join>("Queue.Join"),
                Op<Purge>("Queue.Purge"), Op<Shutdown>("Queue.Shutdown"), Op<Lease>("Queue.Lease"),
                Op<Ack>("Queue.Ack"), Op<Nack>("Queue.Nack"), Op<Extend>("Queue.Extend"),
                Op<Complete>("Queue.Complete"), Op<Deliveries>("Queue.Deliveries")});
  return row;
}

}  // namespace coheld::engine
