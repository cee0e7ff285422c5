// The ops on objects whatever their type: how long they live (Hold, Release, Lend, SetTtl), which
// lock guards them (Guard, Unguard), how durable they are (SetDurability), Inspect.
#include <algorithm>

#include "coheld/v1/object.pb.h"
#include "server/engine/engine.h"
#include "server/engine/guard.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/registry.h"
#include "server/engine/value.h"

namespace coheld::engine {
namespace {

// One that is only waited on is not there yet.
Result<const Store::Held*> FindHeld(const Engine& engine, const std::string& name, Turn& turn) {
  const Store::Held* held = engine.store().Find(name);
  if (held == nullptr) return NotFound(name);
  turn.See(*held->object);
  if (held->object->provisional()) return NotFound(name);
  return held;
}

Outcome HoldObject(Engine& engine, const v1::ObjectHoldRequest& request, v1::ObjectHoldReply* reply,
                   Turn& turn) {
  if (std::optional<Failure> failure = CheckSession("a handle", turn)) return *failure;
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  reply->set_type(held.value()->type->word);
  Tenure* const tenure = engine.lifetime().Find(request.name());
  if (tenure == nullptr) return Done();
  engine.lifetime().GiveHandle(turn.owner().session, *tenure);
  reply->set_handles(engine.lifetime().HandlesOf(turn.owner().session, request.name()));
  return Done();
}

Outcome Release(Engine& engine, const v1::ObjectReleaseRequest& request,
                v1::ObjectReleaseReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckSession("a handle", turn)) return *failure;
  const auto take = [&](const std::string& name, uint64_t count) {
    return engine.lifetime().TakeHandles(turn.owner().session, name, std::max<uint64_t>(count, 1));
  };
  uint64_t released = take(request.name(), request.count());
  for (const v1::ObjectHandles& other : request.others()) {
    released += take(other.name(), other.count());
  }
  reply->set_released(released);
  return Done();
}

Outcome Lend(Engine& engine, const v1::ObjectLendRequest& request, v1::ObjectLendReply* reply,
             Turn& turn) {
  const uint64_t grace_ms = request.has_grace_ms() ? request.grace_ms() : kGraceMsDefault;
  if (grace_ms > kGraceMsMax) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "a grace of " + std::to_string(grace_ms) + " ms; at most " +
                       std::to_string(kGraceMsMax) + " (a day) are allowed"};
  }
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  if (!IsAnonymous(request.name())) return Done();
  Object& object = *held.value()->object;
  engine.lifetime().KeepUntil(object, After(turn.now(), grace_ms));
  reply->set_grace_ms(TimeLeft(object.end(), turn.now()));
  return Done();
}

Outcome SetTtl(Engine& engine, const v1::ObjectSetTtlRequest& request,
               v1::ObjectSetTtlReply* /*reply*/, Turn& turn) {
  if (IsAnonymous(request.name())) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "\"" + request.name() +
                       "\" is anonymous and ends when nothing refers to it; to keep it for a time "
                       "use Lend"};
  }
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  if (std::optional<Failure> failure = CheckGuard(*held.value()->object, turn)) return *failure;
  engine.lifetime().EndAt(*held.value()->object,
                          request.has_ttl_ms() ? After(turn.now(), request.ttl_ms()) : kNever);
  return Done();
}

Outcome Inspect(Engine& engine, const v1::ObjectInspectRequest& request,
                v1::ObjectInspectReply* reply, Turn& turn) {
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  const Object& object = *held.value()->object;
  const bool ends = object.end() != kNever;
  reply->set_type(held.value()->type->word);
  if (object.guard() != nullptr) {
    reply->set_guard(GuardName(object));
    const Result<ExclusiveLock*> lock = FindGuard(reply->guard(), turn);
    if (lock.ok() && lock.value()->exclusive() != nullptr) {
      reply->set_guard_token(lock.value()->exclusive()->token);
    }
  }
  reply->set_durability(object.durability());
  const Tenure* const tenure = engine.lifetime().Find(request.name());
  if (tenure == nullptr) {
    if (ends) reply->set_ttl_ms(TimeLeft(object.end(), turn.now()));
    return Done();
  }
  reply->set_anonymous(true);
  reply->set_handles(tenure->handles);
  reply->set_own_handles(engine.lifetime().HandlesOf(turn.owner().session, request.name()));
  reply->set_references(tenure->references);
  if (ends) reply->set_grace_ms(TimeLeft(object.end(), turn.now()));
  return Done();
}

// Returns why the caller may not change by which lock the object is guarded, or nothing.
std::optional<Failure> CheckGuardChange(const Object& object, Turn& turn) {
  // Without its lock nobody could change the object any more.
  if (object.guard() == nullptr || !FindGuard(GuardName(object), turn).ok()) return std::nullopt;
  return CheckGuard(object, turn);
}

Outcome Guard(Engine& engine, const v1::ObjectGuardRequest& request,
              v1::ObjectGuardReply* /*reply*/, Turn& turn) {
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  Object& object = *held.value()->object;
  if (!object.guardable()) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "no lock can guard a " + held.value()->type->word +
                       ": it has owners of its own, or only lets others wait"};
  }
  if (std::optional<Failure> failure = CheckTogether(request.name(), request.lock())) {
    return *failure;
  }
  const Result<ExclusiveLock*> lock = FindGuard(request.lock(), turn);
  if (!lock.ok()) return lock.failure();
  if (std::optional<Failure> failure = CheckGuardChange(object, turn)) return *failure;
  const std::string_view type = engine.store().Find(request.lock())->type->word;
  object.SetGuard(std::make_unique<Value>(Value::Ref(request.lock(), type)));
  return Done();
}

Outcome Unguard(Engine& engine, const v1::ObjectUnguardRequest& request,
                v1::ObjectUnguardReply* reply, Turn& turn) {
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  Object& object = *held.value()->object;
  if (std::optional<Failure> failure = CheckGuardChange(object, turn)) return *failure;
  reply->set_unguarded(object.guard() != nullptr);
  object.SetGuard(nullptr);
  return Done();
}

// Whether the daemon can give the level is for the edge to say: the state must not depend on it.
Outcome SetDurability(Engine& engine, const v1::ObjectSetDurabilityRequest& request,
                      v1::ObjectSetDurabilityReply* /*reply*/, Turn& turn) {
  if (!v1::Durability_IsValid(request.durability())) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "durability " + std::to_string(request.durability()) +
                       "; use one that coheld.v1.Durability lists"};
  }
  const Result<const Store::Held*> held = FindHeld(engine, request.name(), turn);
  if (!held.ok()) return held.failure();
  Object& object = *held.value()->object;
  if (std::optional<Failure> failure = CheckGuard(object, turn)) return *failure;
  object.SetDurability(request.durability());
  return Done();
}

}  // namespace

std::vector<OpRow> ObjectOps() {
  return {Op<HoldObject>("Object.Hold"), Op<Release>("Object.Release"),
          Op<Lend>("Object.Lend"),       Op<SetTtl>("Object.SetTtl"),
          Op<Inspect>("Object.Inspect"), Op<Guard>("Object.Guard"),
          Op<Unguard>("Object.Unguard"), Op<SetDurability>("Object.SetDurability")};
}

}  // namespace coheld::engine
