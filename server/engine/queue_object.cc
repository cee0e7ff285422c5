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
#include "server/engine/lock_like.h"
#include "server/engine/plain_messages.h"
#include "server/engine/queue_object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/store.h"
#include "server/engine/turn.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

// Says why the name cannot be that of the queue's dead letters, or nothing.
std::optional<Failure> CheckDeadLetter(const QueueObject& queue, const std::string& name,
                                       Turn& turn) {
  if (name.empty()) return std::nullopt;
  if (name == queue.name()) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "the dead letters of the queue \"" + name +
                       "\" cannot go to itself; name another queue, or none for the default"};
  }
  if (auto failure = CheckTogether(queue.name(), name)) return failure;
  const Result<QueueObject*> dead = turn.Find<QueueObject>(name, "queue");
  if (!dead.ok()) {
    const bool missing = dead.failure().reason == v1::ERROR_REASON_OBJECT_NOT_FOUND;
    if (missing && !IsAnonymous(name)) return std::nullopt;
    return dead.failure();
  }
  if (dead.value()->items.kind() != v1::QUEUE_KIND_PRIORITY) return std::nullopt;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                 "\"" + name +
                     "\" is a queue by priority, which cannot take every item; name another one "
                     "for the dead letters"};
}

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
  if (auto failure = CheckDeadLetter(queue, request.dead_letter(), turn)) return *failure;
  if (turn.created()) {
    queue.items.SetKind(request.kind());
    queue.maxsize = request.maxsize() > 0 ? static_cast<uint64_t>(request.maxsize()) : 0;
    if (request.deliveries_max() > 0) queue.deliveries_max = request.deliveries_max();
    queue.SetDeadLetter(request.dead_letter());
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
  reply->set_leased(queue.leases().size());
  reply->set_delayed(queue.delayed());
  reply->set_deliveries_max(queue.deliveries_max);
  reply->set_dead_letter(queue.DeadLetterName());
  reply->set_dead_lettered(queue.dead_lettered);
  return Done();
}

Failure Full(const QueueObject& queue) {
  const std::string delayed =
      queue.delayed() == 0 ? "" : ", " + std::to_string(queue.delayed()) + " of them delayed";
  return {v1::ERROR_REASON_QUEUE_FULL,
          "the queue \"" + queue.name() + "\" has no room: " + std::to_string(queue.crowd()) +
              " of at most " + std::to_string(queue.maxsize) + " items" + delayed};
}

std::optional<Failure> CheckKey(std::string_view key) {
  if (key.size() <= kDedupKeyBytesMax) return std::nullopt;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                 "dedup_key has " + std::to_string(key.size()) + " bytes; at most " +
                     std::to_string(kDedupKeyBytesMax) + " are allowed"};
}

// How items are to be put.
struct PutTerms {
  std::optional<uint64_t> timeout_ms;
  uint64_t delay_ms = 0;
  std::string_view dedup_key;
};

// Puts all items or parks.
Outcome PutAll(QueueObject& queue, std::span<Value> items, const PutTerms& terms,
               plain::QueuePutReply* reply, Turn& turn) {
  if (auto failure = CheckLeaseMs("delay_ms", terms.delay_ms)) return *failure;
  if (auto failure = CheckKey(terms.dedup_key)) return *failure;
  reply->duplicate = queue.HasKey(terms.dedup_key, turn);
  reply->length = queue.items.size();
  if (reply->duplicate) return Done();
  if (queue.shut_down) return QueueShutDown(queue);
  if (items.empty()) return Done();
  for (const Value& item : items) {
    if (std::optional<Failure> failure = queue.items.Check(item)) return *failure;
  }
  if (turn.MustQueue(queue.putters) || !queue.HasRoomFor(items.size())) {
    return turn.Park(queue.putters, terms.timeout_ms, Full(queue));
  }
  if (turn.rehearsal()) {
    if (std::optional<Failure> failure = queue.items.CheckAdd(items)) return *failure;
    return Done();
  }
  if (auto failure = queue.Put(items, terms.delay_ms, turn)) return *failure;
  if (!terms.dedup_key.empty()) queue.NoteKey(terms.dedup_key, turn);
  reply->length = queue.items.size();
  return Done();
}

Outcome Put(QueueObject& queue, const plain::QueuePutRequest& request, plain::QueuePutReply* reply,
            Turn& turn) {
  Result<Value> item = request.value.Get();
  if (!item.ok()) return item.failure();
  const PutTerms terms = {request.timeout_ms, request.delay_ms, request.dedup_key};
  return PutAll(queue, std::span(&item.value(), 1), terms, reply, turn);
}

Outcome PutMany(QueueObject& queue, plain::QueuePutManyRequest& request,
                plain::QueuePutReply* reply, Turn& turn) {
  Result<Value::Items> items = request.values.Take();
  if (!items.ok()) return items.failure();
  const size_t count = items.value().size();
  if (queue.maxsize != 0 && count > queue.maxsize) {
    return Failure{v1::ERROR_REASON_TOO_LARGE,
                   std::to_string(count) + " items never fit the queue \"" + queue.name() +
                       "\" of at most " + std::to_string(queue.maxsize) +
                       "; put them in smaller parts"};
  }
  const PutTerms terms = {request.timeout_ms, request.delay_ms, request.dedup_key};
  return PutAll(queue, items.value(), terms, reply, turn);
}

Outcome Get(QueueObject& queue, const plain::QueueGetRequest& request, plain::QueueGetReply* reply,
            Turn& turn) {
  if (queue.ended()) return QueueShutDown(queue);
  if (turn.MustQueue(queue.getters) || queue.items.empty()) {
    return turn.Park(queue.getters, request.timeout_ms, QueueEmpty(queue));
  }
  reply->value.Own(queue.items.Take().value);
  queue.Touch();
  turn.Wake(queue.putters);
  return Done();
}

Outcome GetMany(QueueObject& queue, const v1::QueueGetManyRequest& request,
                plain::QueueGetManyReply* reply, Turn& turn) {
  if (queue.ended()) return QueueShutDown(queue);
  if (turn.MustQueue(queue.getters) || queue.items.empty()) {
    return turn.Park(queue.getters, TimeoutOf(request), QueueEmpty(queue));
  }
  const size_t limit = request.limit() == 0 ? queue.items.size() : request.limit();
  ReplyBudget budget;
  for (size_t taken = 0; taken < limit && !queue.items.empty(); ++taken) {
    budget.Take(*queue.items.Next());
    if (budget.bytes() > kPageBytesMax && taken > 0) break;  // Never lost to a reply too large.
    reply->values.Add(queue.items.Take().value);
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

Outcome TaskDone(QueueObject& queue, const v1::QueueTaskDoneRequest& request,
                 v1::QueueTaskDoneReply* reply, Turn& turn) {
  const uint64_t count = request.count() == 0 ? 1 : request.count();
  if (count > queue.unfinished) {
    return Failure{v1::ERROR_REASON_TASK_DONE_TOO_OFTEN,
                   "task_done for " + std::to_string(count) + " items, but only " +
                       std::to_string(queue.unfinished) + " of the queue \"" + queue.name() +
                       "\" are unfinished; call it once for each item taken"};
  }
  queue.Finish(count, turn);
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
  if (queue.any_left()) queue.Touch();
  reply->set_removed(queue.RemoveAll(turn));
  if (queue.ended()) turn.Wake(queue.getters);
  turn.Wake(queue.putters);
  return Done();
}

Outcome Shutdown(QueueObject& queue, const v1::QueueShutdownRequest& request,
                 v1::QueueShutdownReply* reply, Turn& turn) {
  if (!queue.shut_down || (request.immediate() && queue.any_left())) queue.Touch();
  queue.shut_down = true;
  if (request.immediate()) reply->set_removed(queue.RemoveAll(turn));
  turn.Wake(queue.getters);
  turn.Wake(queue.putters);
  return Done();
}

}  // namespace

Failure QueueEmpty(const QueueObject& queue) {
  return {v1::ERROR_REASON_QUEUE_EMPTY, "the queue \"" + queue.name() + "\" is empty"};
}

Failure QueueShutDown(const QueueObject& queue) {
  return {v1::ERROR_REASON_QUEUE_SHUT_DOWN, "the queue \"" + queue.name() +
                                                "\" was shut down; it takes no more items" +
                                                (queue.ended() ? ", and has none left" : "")};
}

const TypeRow& QueueType() {
  static const TypeRow row = [] {
    std::vector<OpRow> ops = {
        Op<Create>("Queue.Create"),     Op<Len>("Queue.Len"),
        JointOp<Put>("Queue.Put"),      JointOp<PutMany>("Queue.PutMany"),
        Op<Get>("Queue.Get"),           Op<GetMany>("Queue.GetMany"),
        Op<Peek>("Queue.Peek"),         Op<TaskDone>("Queue.TaskDone"),
        Op<Join>("Queue.Join"),         Op<Purge>("Queue.Purge"),
        Op<Shutdown>("Queue.Shutdown"),
    };
    for (const OpRow& op : QueueLeaseOps()) ops.push_back(op);
    return MakeType<QueueObject>("queue", std::move(ops));
  }();
  return row;
}

}  // namespace coheld::engine
