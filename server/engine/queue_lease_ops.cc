// The queue's ops on leases (coheld/v1/queue.proto): Lease, Ack, Nack, Extend, Complete,
// Deliveries.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/queue.pb.h"
#include "server/engine/joint_ops.h"
#include "server/engine/lock_like.h"
#include "server/engine/planted_bug.h"
#include "server/engine/queue_object.h"
#include "server/engine/requests.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

Failure LeaseLost(const QueueObject& queue, uint64_t delivery) {
  return {v1::ERROR_REASON_LEASE_LOST,
          "delivery " + std::to_string(delivery) + " of the queue \"" + queue.name() +
              "\" has ended: it was acked or given back, or its visibility or its session ended; "
              "another consumer may have the item"};
}

Outcome Lease(QueueObject& queue, const v1::QueueLeaseRequest& request, v1::QueueLeaseReply* reply,
              Turn& turn) {
  if (auto failure = CheckLeaseMs("visibility_ms", request.visibility_ms())) return *failure;
  if (request.visibility_ms() == 0) {
    if (auto failure = CheckSession("a lease without visibility_ms", turn)) return *failure;
  }
  if (queue.ended()) return QueueShutDown(queue);
  if (turn.MustQueue(queue.getters) || queue.items.empty()) {
    return turn.Park(queue.getters, TimeoutOf(request), QueueEmpty(queue));
  }
  const uint32_t limit = std::max<uint32_t>(request.limit(), 1);
  ReplyBudget budget;
  for (uint32_t taken = 0; taken < limit && !queue.items.empty(); ++taken) {
    budget.Take(*queue.items.Next());
    if (budget.bytes() > kPageBytesMax && taken > 0) break;  // Never lost to a reply too large.
    const auto& [number, lease] = queue.LeaseNext(request.visibility_ms(), turn);
    v1::QueueDelivery* delivery = reply->add_deliveries();
    delivery->set_delivery(number);
    delivery->set_attempt(lease.item.attempts);
    ToWire(lease.item.value, delivery->mutable_value());
  }
  queue.Touch();
  turn.Wake(queue.putters);
  return Done();
}

Outcome Ack(QueueObject& queue, const v1::QueueAckRequest& request, v1::QueueAckReply* reply,
            Turn& turn) {
  uint64_t delivery = request.delivery();
  if (Planted(PlantedBug::kLateAckAccepted) && !queue.leases().all().empty()) {
    delivery = queue.leases().all().begin()->first;
  }
  if (queue.leases().Find(delivery) == nullptr) return LeaseLost(queue, delivery);
  queue.Ack(delivery, turn);
  reply->set_unfinished(queue.unfinished);
  return Done();
}

Outcome Nack(QueueObject& queue, const v1::QueueNackRequest& request, v1::QueueNackReply* reply,
             Turn& turn) {
  if (auto failure = CheckLeaseMs("delay_ms", request.delay_ms())) return *failure;
  if (queue.leases().Find(request.delivery()) == nullptr) {
    return LeaseLost(queue, request.delivery());
  }
  reply->set_dead(queue.Nack(request.delivery(), request.delay_ms(), turn));
  return Done();
}

Outcome Extend(QueueObject& queue, const v1::QueueExtendRequest& request,
               v1::QueueExtendReply* /*reply*/, Turn& turn) {
  if (auto failure = CheckLeaseMs("visibility_ms", request.visibility_ms())) return *failure;
  const QueueLease* lease = queue.leases().Find(request.delivery());
  if (lease == nullptr) return LeaseLost(queue, request.delivery());
  if (request.visibility_ms() == 0 && lease->owner.session == kNoSession) {
    return Failure{v1::ERROR_REASON_SESSION_REQUIRED,
                   "delivery " + std::to_string(request.delivery()) + " of the queue \"" +
                       queue.name() +
                       "\" was leased without a session, which could end it; give visibility_ms"};
  }
  queue.Extend(request.delivery(), request.visibility_ms(), turn);
  return Done();
}

Outcome Complete(QueueObject& queue, const v1::QueueCompleteRequest& request,
                 v1::QueueCompleteReply* reply, Turn& turn) {
  if (queue.leases().Find(request.delivery()) == nullptr) {
    return LeaseLost(queue, request.delivery());
  }
  std::vector<OpRequest> ops;
  ops.reserve(static_cast<size_t>(request.writes_size()));
  for (const v1::QueueWrite& write : request.writes()) {
    ops.push_back({.method = write.method(), .payload = write.payload()});
  }
  Result<std::vector<std::string>> replies = DoTogether(ops, queue, "writes", turn);
  if (!replies.ok()) return replies.failure();
  for (std::string& one : replies.value()) reply->add_replies(std::move(one));
  queue.Ack(request.delivery(), turn);
  reply->set_unfinished(queue.unfinished);
  return Done();
}

Outcome Deliveries(QueueObject& queue, const v1::QueueDeliveriesRequest& request,
                   v1::QueueDeliveriesReply* reply, Turn& turn) {
  const size_t limit = request.limit() == 0 ? kPageItemsDefault : request.limit();
  const QueueLeases::Map& leases = queue.leases().all();
  auto place = leases.upper_bound(request.after());
  for (; place != leases.end(); ++place) {
    if (static_cast<size_t>(reply->deliveries_size()) == limit) break;
    const auto& [delivery, lease] = *place;
    v1::QueueLease* line = reply->add_deliveries();
    line->set_delivery(delivery);
    line->set_session(static_cast<uint64_t>(lease.owner.session));
    line->set_thread(lease.owner.thread);
    line->set_attempt(lease.item.attempts);
    line->set_held_ms(Elapsed(lease.since, turn.now()));
    if (lease.until != kNever) {
      line->set_left_ms(lease.until <= turn.now() ? 0 : Elapsed(turn.now(), lease.until));
    }
    line->set_dropped(lease.dropped);
  }
  reply->set_done(place == leases.end());
  return Done();
}

}  // namespace

std::optional<Failure> CheckLeaseMs(std::string_view field, uint64_t ms) {
  if (ms <= kLeaseMsMax) return std::nullopt;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                 std::string(field) + " is " + std::to_string(ms) + "; at most " +
                     std::to_string(kLeaseMsMax) + " (366 days) are allowed"};
}

std::vector<OpRow> QueueLeaseOps() {
  return {Op<Lease>("Queue.Lease"),       Op<Ack>("Queue.Ack"),
          Op<Nack>("Queue.Nack"),         Op<Extend>("Queue.Extend"),
          Op<Complete>("Queue.Complete"), Op<Deliveries>("Queue.Deliveries")};
}

}  // namespace coheld::engine
