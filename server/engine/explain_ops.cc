// Admin ops on who holds, who waits and why: Locks, Waits, Explain. (The words and messages that
// they are told in: explain.h. Rings of waiting owners: wait_graph.h.)
#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/v1/admin.pb.h"
#include "server/engine/engine.h"
#include "server/engine/explain.h"
#include "server/engine/guard.h"
#include "server/engine/registry.h"

namespace coheld::engine {
namespace {

constexpr uint32_t kListingLimit = 1000;
constexpr size_t kHoldersInLine = 10;
constexpr int kChainMax = 100;
constexpr WaitGraph::Rules kAllWaits{.timeouts = true, .permits = true};

uint32_t LimitOf(uint32_t asked) {
  return asked == 0 ? kListingLimit : std::min(asked, kListingLimit);
}

// Returns the first `most` names asked for of objects on which owners have rights.
std::set<std::string_view> HeldNames(const Engine& engine, const v1::AdminLocksRequest& request,
                                     size_t most) {
  std::set<std::string_view> names;
  for (const auto& [id, session] : engine.sessions().all()) {
    if (request.session() != 0 && SessionId{request.session()} != id) continue;
    const bool goes_on = request.after() >= request.prefix() && !request.after().empty();
    auto name = goes_on ? session.held.upper_bound(request.after())
                        : session.held.lower_bound(request.prefix());
    for (; name != session.held.end() && name->starts_with(request.prefix()); ++name) {
      if (names.size() == most && *name >= *names.rbegin()) break;
      names.insert(*name);
      if (names.size() > most) names.erase(std::prev(names.end()));
    }
  }
  return names;
}

Outcome Locks(Engine& engine, const v1::AdminLocksRequest& request, v1::AdminLocksReply* reply,
              Turn& turn) {
  const uint32_t limit = LimitOf(request.limit());
  for (const std::string_view name : HeldNames(engine, request, limit + 1)) {
    if (static_cast<uint32_t>(reply->objects_size()) == limit) return Done();
    const Store::Held& held = *engine.store().Find(name);
    v1::HeldObject* const object = reply->add_objects();
    TellObject(held, object->mutable_summary());
    TellHolders(engine, *held.object, turn.now(), kHoldersInLine, object->mutable_holders());
    object->set_holder_count(held.object->holds().size());
  }
  reply->set_done(true);
  return Done();
}

// Fills in that the op waits on the object, and for whom if `hold` is somebody.
void TellWait(const Engine& engine, const ParkedOp& op, const Object& object, const Hold* hold,
              TimeMs now, v1::Wait* wait) {
  TellWaiter(engine.sessions(), op, now, wait->mutable_waiter());
  wait->set_object(object.name());
  wait->set_type(engine.store().Find(object.name())->type->word);
  if (hold != nullptr) TellHolder(engine.sessions(), *hold, now, wait->mutable_holder());
}

// The same, for the object that keeps it waiting.
void TellWait(const Engine& engine, const ParkedOp& op, TimeMs now, v1::Wait* wait) {
  const Object& object = *HeldPlace(op).object;
  Hold oldest;
  const bool held = object.awaits() != Awaits::kEvent && FindOldestHold(object, &oldest);
  TellWait(engine, op, object, held ? &oldest : nullptr, now, wait);
}

Outcome Waits(Engine& engine, const v1::AdminWaitsRequest& request, v1::AdminWaitsReply* reply,
              Turn& turn) {
  const uint32_t limit = LimitOf(request.limit());
  auto place = engine.parked().upper_bound(CallId{request.after()});
  for (; place != engine.parked().end(); ++place) {
    const ParkedOp& op = place->second;
    if (request.session() != 0 && SessionId{request.session()} != op.stamp.owner.session) continue;
    if (static_cast<uint32_t>(reply->waits_size()) == limit) return Done();
    v1::Wait* const wait = reply->add_waits();
    TellWait(engine, op, turn.now(), wait);
    wait->set_deadlocked(!engine.FindRing(op, kAllWaits).empty());
  }
  reply->set_done(true);
  return Done();
}

// Tells a ring of which one of the holders is part. Returns false if there is none.
bool TellRing(const Engine& engine, const std::vector<Hold>& holds, TimeMs now,
              v1::AdminExplainReply* reply) {
  for (size_t i = 0; i < std::min<size_t>(holds.size(), kChainMax); ++i) {
    for (const ParkedOp* op : engine.wait_graph().WaitsOf(holds[i].owner)) {
      const Ring ring = engine.FindRing(*op, kAllWaits);
      if (ring.empty()) continue;
      for (const RingStep& step : ring) {
        if (reply->chain_size() == kChainMax) break;
        TellWait(engine, *step.op, *step.object, step.ahead ? nullptr : &step.hold, now,
                 reply->add_chain());
      }
      return true;
    }
  }
  return false;
}

// Returns the first op in which one of the holders waits, or nullptr.
const ParkedOp* FirstWaitOf(const Engine& engine, const std::vector<Hold>& holds) {
  for (const Hold& hold : holds) {
    const std::vector<const ParkedOp*> waits = engine.wait_graph().WaitsOf(hold.owner);
    if (!waits.empty()) return waits.front();
  }
  return nullptr;
}

// Tells what the first holder that waits itself waits for, and so on. Returns true if that comes
// back to one who was told before.
bool TellChain(const Engine& engine, std::vector<Hold> holds, TimeMs now,
               v1::AdminExplainReply* reply) {
  std::set<CallId> told;
  while (const ParkedOp* op = FirstWaitOf(engine, holds)) {
    if (!told.insert(op->stamp.call).second) return true;
    if (reply->chain_size() == kChainMax) break;
    TellWait(engine, *op, now, reply->add_chain());
    holds = HeldPlace(*op).object->holds();
  }
  return false;
}

Outcome Explain(Engine& engine, const v1::AdminExplainRequest& request,
                v1::AdminExplainReply* reply, Turn& turn) {
  const Store::Held* const held = engine.store().Find(request.name());
  if (held == nullptr) return NotFound(request.name());
  const TimeMs now = turn.now();
  TellObject(*held, reply->mutable_summary());
  TellHolders(engine, *held->object, now, kListingLimit, reply->mutable_holders());
  TellWaiters(engine, *held->object, now, kListingLimit, reply->mutable_waiters());
  const std::vector<Hold> holds = held->object->holds();
  reply->set_deadlocked(TellRing(engine, holds, now, reply) ||
                        TellChain(engine, holds, now, reply));
  if (held->object->guard() == nullptr) return Done();
  reply->set_guard(GuardName(*held->object));
  const Result<ExclusiveLock*> lock = FindGuard(reply->guard(), turn);
  if (lock.ok() && lock.value()->exclusive() != nullptr) {
    TellHolder(turn, *lock.value()->exclusive(), reply->mutable_guard_holder());
  }
  return Done();
}

}  // namespace

std::vector<OpRow> ExplainOps() {
  return {Op<Locks>("Admin.Locks"), Op<Waits>("Admin.Waits"), Op<Explain>("Admin.Explain")};
}

}  // namespace coheld::engine
