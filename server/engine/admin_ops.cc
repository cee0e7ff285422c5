// Admin ops on the store: list, describe, delete. (Ping, Status and Sessions need what only the
// edge knows; server/dispatch answers them.)
#include <algorithm>

#include "coheld/v1/admin.pb.h"
#include "server/engine/engine.h"
#include "server/engine/registry.h"

namespace coheld::engine {
namespace {

constexpr uint32_t kListingLimit = 1000;

void Summarise(const Store::Held& held, v1::ObjectSummary* summary) {
  summary->set_name(held.object->name());
  summary->set_type(held.type->word);
  summary->set_size(held.object->size());
  summary->set_version(held.object->version());
  uint64_t waiters = 0;
  for (const WaitQueue* queue : held.object->all_queues()) waiters += queue->size();
  summary->set_waiters(waiters);
}

Outcome Objects(Engine& engine, const v1::AdminObjectsRequest& request,
                v1::AdminObjectsReply* reply, Turn& /*turn*/) {
  const uint32_t limit = request.limit() == 0 ? kListingLimit : request.limit();
  const Store::Map& objects = engine.store().objects();
  auto place = request.after() >= request.prefix() && !request.after().empty()
                   ? objects.upper_bound(request.after())
                   : objects.lower_bound(request.prefix());
  reply->set_done(true);
  for (; place != objects.end() && place->first.starts_with(request.prefix()); ++place) {
    if (!request.anonymous() && IsAnonymous(place->first)) continue;
    if (!request.type().empty() && place->second.type->word != request.type()) continue;
    if (static_cast<uint32_t>(reply->objects_size()) == limit) {
      reply->set_done(false);
      break;
    }
    Summarise(place->second, reply->add_objects());
  }
  return Done();
}

void DescribeWaiter(const Engine& engine, const ParkedOp& op, TimeMs now, v1::Waiter* waiter) {
  waiter->set_session(static_cast<uint64_t>(op.stamp.owner.session));
  waiter->set_thread(op.stamp.owner.thread);
  waiter->set_method(op.row->method->name);
  waiter->set_parked_ms(Elapsed(op.stamp.now, now));
  const Session* session = engine.sessions().Find(op.stamp.owner.session);
  if (session != nullptr) *waiter->mutable_label() = session->label;
}

// Returns the first ops that wait on the object, over all its queues in order of arrival.
std::vector<const ParkedOp*> WaitersInOrder(Object& object) {
  std::vector<const ParkedOp*> waiters;
  for (const WaitQueue* queue : object.all_queues()) {
    const size_t count = std::min<size_t>(queue->size(), kListingLimit);
    std::copy_n(queue->ops().begin(), count, std::back_inserter(waiters));
  }
  std::sort(waiters.begin(), waiters.end(),
            [](const ParkedOp* a, const ParkedOp* b) { return a->stamp.call < b->stamp.call; });
  waiters.resize(std::min<size_t>(waiters.size(), kListingLimit));
  return waiters;
}

Outcome Describe(Engine& engine, const v1::AdminDescribeRequest& request,
                 v1::AdminDescribeReply* reply, Turn& turn) {
  const Store::Held* held = engine.store().Find(request.name());
  if (held == nullptr) {
    return Failure{v1::ERROR_REASON_OBJECT_NOT_FOUND, "no object \"" + request.name() + "\""};
  }
  Summarise(*held, reply->mutable_summary());
  for (const Hold& hold : held->object->holds()) {
    if (static_cast<uint32_t>(reply->holders_size()) == kListingLimit) break;
    v1::Holder* holder = reply->add_holders();
    holder->set_session(static_cast<uint64_t>(hold.owner.session));
    holder->set_thread(hold.owner.thread);
    holder->set_token(hold.token);
    holder->set_held_ms(Elapsed(hold.since, turn.now()));
    holder->set_count(hold.count);
    holder->set_shared(hold.shared);
    const Session* session = engine.sessions().Find(hold.owner.session);
    if (session != nullptr) *holder->mutable_label() = session->label;
  }
  for (const ParkedOp* op : WaitersInOrder(*held->object)) {
    DescribeWaiter(engine, *op, turn.now(), reply->add_waiters());
  }
  return Done();
}

Outcome Delete(Engine& engine, const v1::AdminDeleteRequest& request, v1::AdminDeleteReply* reply,
               Turn& /*turn*/) {
  reply->set_deleted(engine.DeleteObject(request.name()));
  return Done();
}

Outcome Locks(Engine& /*target*/, const v1::AdminLocksRequest& /*request*/,
              v1::AdminLocksReply* /*reply*/, Turn& /*turn*/) {
  return Failure{v1::ERROR_REASON_UNKNOWN_METHOD, "this version does not serve it yet"};
}

Outcome Waits(Engine& /*target*/, const v1::AdminWaitsRequest& /*request*/,
              v1::AdminWaitsReply* /*reply*/, Turn& /*turn*/) {
  return Failure{v1::ERROR_REASON_UNKNOWN_METHOD, "this version does not serve it yet"};
}

Outcome Explain(Engine& /*target*/, const v1::AdminExplainRequest& /*request*/,
                v1::AdminExplainReply* /*reply*/, Turn& /*turn*/) {
  return Failure{v1::ERROR_REASON_UNKNOWN_METHOD, "this version does not serve it yet"};
}

}  // namespace

std::vector<OpRow> AdminOps() {
  return {Op<Objects>("Admin.Objects"), Op<Describe>("Admin.Describe"),
          Op<Delete>("Admin.Delete"),   Op<Locks>("Admin.Locks"),
          Op<Waits>("Admin.Waits"),     Op<Explain>("Admin.Explain")};
}

}  // namespace coheld::engine
