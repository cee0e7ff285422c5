// Admin ops on the store: list, describe, delete. (Ping, Status and Sessions need what only the
// edge knows; server/dispatch answers them.)
#include "coheld/v1/admin.pb.h"
#include "server/engine/engine.h"
#include "server/engine/explain.h"
#include "server/engine/guard.h"
#include "server/engine/registry.h"

namespace coheld::engine {
namespace {

constexpr uint32_t kListingLimit = 1000;

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
    TellObject(place->second, reply->add_objects());
  }
  return Done();
}

Outcome DescribeObject(Engine& engine, const v1::AdminDescribeRequest& request,
                       v1::AdminDescribeReply* reply, Turn& turn) {
  const Store::Held* held = engine.store().Find(request.name());
  if (held == nullptr) {
    return Failure{v1::ERROR_REASON_OBJECT_NOT_FOUND, "no object \"" + request.name() + "\""};
  }
  TellObject(*held, reply->mutable_summary());
  reply->set_durability(held->object->durability());
  TellHolders(engine, *held->object, turn.now(), kListingLimit, reply->mutable_holders());
  TellWaiters(engine, *held->object, turn.now(), kListingLimit, reply->mutable_waiters());
  return Done();
}

Outcome Delete(Engine& engine, const v1::AdminDeleteRequest& request, v1::AdminDeleteReply* reply,
               Turn& turn) {
  if (const Store::Held* held = engine.store().Find(request.name())) {
    turn.See(*held->object);
    if (std::optional<Failure> failure = CheckGuard(*held->object, turn)) return *failure;
  }
  reply->set_deleted(engine.DeleteObject(request.name()));
  return Done();
}

}  // namespace

std::vector<OpRow> AdminOps() {
  return {Op<Objects>("Admin.Objects"), Op<DescribeObject>("Admin.Describe"),
          Op<Delete>("Admin.Delete")};
}

}  // namespace coheld::engine
