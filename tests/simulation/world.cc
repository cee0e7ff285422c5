// See world.h.
#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "coheld/v1/array.pb.h"
#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/counter.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/namespace.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "coheld/v1/semaphore.pb.h"
#include "coheld/v1/set.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "coheld/v1/sorted_set.pb.h"
#include "coheld/v1/topic.pb.h"

namespace coheld::simulation {
namespace {

void Merge(Answers more, Answers* answers) { answers->merge(more); }

World::Object Queue(const std::string& name, v1::QueueKind kind, int64_t maxsize,
                    uint32_t deliveries_max) {
  v1::QueueCreateRequest request;
  request.set_name(name);
  request.set_kind(kind);
  request.set_maxsize(maxsize);
  request.set_deliveries_max(deliveries_max);
  return {name, "Queue.Create", request.SerializeAsString()};
}

World::Object Value(const std::string& name) {
  v1::SharedValueCreateRequest request;
  request.set_name(name);
  request.mutable_initial()->set_integer(0);
  return {name, "SharedValue.Create", request.SerializeAsString()};
}

World::Object Array(const std::string& name) {
  v1::ArrayCreateRequest request;
  request.set_name(name);
  request.set_typecode(kArrayTypecode);
  request.set_length(kArrayLength);
  return {name, "Array.Create", request.SerializeAsString()};
}

World::Object Semaphore(const std::string& name, uint64_t permits, bool bounded) {
  v1::SemaphoreCreateRequest request;
  request.set_name(name);
  request.set_permits(permits);
  request.set_bounded(bounded);
  return {name, "Semaphore.Create", request.SerializeAsString()};
}

World::Object Lock(const std::string& name, v1::LockRelease release) {
  v1::LockCreateRequest request;
  request.set_name(name);
  request.set_release(release);
  return {name, "Lock.Create", request.SerializeAsString()};
}

World::Object RLock(const std::string& name) {
  v1::RLockCreateRequest request;
  request.set_name(name);
  return {name, "RLock.Create", request.SerializeAsString()};
}

World::Object Condition(const std::string& name, const std::string& lock) {
  v1::ConditionCreateRequest request;
  request.set_name(name);
  request.set_lock(lock);
  return {name, "Condition.Create", request.SerializeAsString()};
}

World::Object Barrier(const std::string& name, uint64_t parties) {
  v1::BarrierCreateRequest request;
  request.set_name(name);
  request.set_parties(parties);
  return {name, "Barrier.Create", request.SerializeAsString()};
}

template <typename Request>
World::Object Plain(const std::string& name, const char* method) {
  Request request;
  request.set_name(name);
  return {name, method, request.SerializeAsString()};
}

}  // namespace

// Asks the guards while it lives.
class World::Gate : public ChangeGate {
 public:
  explicit Gate(World& world) : world_(world) { Place(this); }
  ~Gate() override { Place(nullptr); }
  std::optional<std::string> Refusal(const std::string& object, uint64_t session, uint64_t thread,
                                     uint64_t fence) const override {
    return world_.rights_.Refusal(object, {session, thread}, fence, world_.sync_.locks());
  }

 private:
  void Place(const ChangeGate* gate) {
    world_.data_.SetGate(gate);
    world_.collections_.SetGate(gate);
    world_.topics_.SetGate(gate);
  }

  World& world_;
};

const std::vector<World::Object>& World::Objects() {
  static const auto* const objects = new std::vector<Object>{
      Value("{t}v0"),
      Value("{t}v1"),
      Plain<v1::DictCreateRequest>("{t}m0", "Dict.Create"),
      Plain<v1::DictCreateRequest>("{t}m1", "Dict.Create"),
      Plain<v1::ListCreateRequest>("{t}i0", "List.Create"),
      Plain<v1::ListCreateRequest>("{t}i1", "List.Create"),
      Plain<v1::CounterCreateRequest>("{t}n0", "Counter.Create"),
      Plain<v1::CounterCreateRequest>("{t}n1", "Counter.Create"),
      Plain<v1::CounterCreateRequest>("y0", "Counter.Create"),
      Plain<v1::SetCreateRequest>("{t}k0", "Set.Create"),
      Plain<v1::SetCreateRequest>("{t}k1", "Set.Create"),
      Array("{t}x0"),
      Plain<v1::SortedSetCreateRequest>("{t}z0", "SortedSet.Create"),
      Plain<v1::SortedSetCreateRequest>("{t}z1", "SortedSet.Create"),
      Plain<v1::NamespaceCreateRequest>("{t}o0", "Namespace.Create"),
      Plain<v1::TopicCreateRequest>("{t}h0", "Topic.Create"),
      Plain<v1::TopicCreateRequest>("{t}h1", "Topic.Create"),
      Queue("{t}q0", v1::QUEUE_KIND_FIFO, 0, 3),
      Queue("{t}q1", v1::QUEUE_KIND_LIFO, 3, 0),
      Queue("{t}q2", v1::QUEUE_KIND_PRIORITY, 2, 2),
      Semaphore("s0", 2, false),
      Semaphore("s1", 3, true),
      Lock("{t}a", v1::LOCK_RELEASE_OWNER),
      Lock("{t}b", v1::LOCK_RELEASE_ANYONE),
      RLock("{t}r"),
      Condition("{t}c", "{t}r"),
      Condition("{t}d", "{t}b"),
      Barrier("p0", 2),
      Barrier("p1", 3),
  };
  return *objects;
}

World::World() {
  using QueueKind = DataModel::QueueKind;
  data_.AddQueue("{t}q0",
                 {.kind = QueueKind::kFifo, .deliveries_max = 3, .dead_letter = "{t}q0.dead"});
  data_.AddQueue("{t}q1", {.kind = QueueKind::kLifo, .maxsize = 3, .dead_letter = "{t}q1.dead"});
  data_.AddQueue("{t}q2", {.kind = QueueKind::kPriority,
                           .maxsize = 2,
                           .deliveries_max = 2,
                           .dead_letter = "{t}q2.dead"});
  sync_.AddSemaphore("s0", 2, false);
  sync_.AddSemaphore("s1", 3, true);
  sync_.AddLock("{t}a", false, false);
  sync_.AddLock("{t}b", false, true);
  sync_.AddLock("{t}r", true, false);
  sync_.AddCondition("{t}c", "{t}r");
  sync_.AddCondition("{t}d", "{t}b");
  sync_.AddBarrier("p0", 2);
  sync_.AddBarrier("p1", 3);
  sync_.AddReadWriteLock("w0");  // The engine makes it when it is first used.
}

void World::OpenSession(uint64_t session) {
  data_.OpenSession(session);
  sync_.OpenSession(session);
  ForEachWaiting(*this, [&](auto& model) { model.OpenSession(session); });
}

Answers World::EndSession(uint64_t session, int64_t now_ms) {
  const Gate gate(*this);
  sync_.SetTime(now_ms);
  Answers answers = data_.EndSession(session, now_ms);
  Merge(sync_.EndSession(session), &answers);
  ForEachWaiting(*this, [&](auto& model) { Merge(model.EndSession(session), &answers); });
  return answers;
}

Answers World::ApplyTo(const DataOp& op, const Standing& standing) {
  DataOp stamped = op;
  stamped.grant = standing.grant;
  stamped.fence = standing.fence;
  return data_.Apply(stamped, standing.now_ms);
}

Answers World::ApplyTo(const SyncOp& op, const Standing& standing) {
  SyncOp stamped = op;
  stamped.grant = standing.grant;
  if (op.kind == SyncOp::Kind::kActionDone) stamped.number = standing.grant / kGrantsPerCall;
  return sync_.Apply(stamped, standing.now_ms);
}

Answers World::ApplyTo(const RightsOp& op, const Standing& standing) {
  RightsOp stamped = op;
  stamped.fence = standing.fence;
  return {{op.call, rights_.Apply(stamped, sync_.locks())}};
}

Answers World::ApplyTo(const CollectionOp& op, const Standing& standing) {
  CollectionOp stamped = op;
  stamped.fence = standing.fence;
  return collections_.Apply(stamped, standing.now_ms);
}

Answers World::ApplyTo(const TopicOp& op, const Standing& standing) {
  TopicOp stamped = op;
  stamped.grant = standing.grant;
  stamped.fence = standing.fence;
  return topics_.Apply(stamped, standing.now_ms);
}

Answers World::ApplyTo(const LifetimeOp& op, const Standing& standing) {
  LifetimeOp stamped = op;
  stamped.grant = standing.grant;
  stamped.now_ms = standing.now_ms;
  return lifetimes_.Apply(stamped, standing.now_ms);
}

Answers World::ApplyTo(const WatchOp& op, const Standing& standing) {
  WatchOp stamped = op;
  stamped.fence = standing.fence;
  return watches_.Apply(stamped, standing.now_ms);
}

Answers World::Apply(const Op& op, const Standing& standing) {
  const Gate gate(*this);
  return std::visit(
      [&](auto body) {
        body.call = standing.call;
        body.session = standing.session;
        body.thread = standing.thread;
        return ApplyTo(body, standing);
      },
      op.body);
}

Answers World::Cancel(uint64_t call, int64_t now_ms) {
  const Gate gate(*this);
  sync_.SetTime(now_ms);
  Answers answers = data_.Cancel(call, now_ms);
  Merge(sync_.Cancel(call), &answers);
  ForEachWaiting(*this, [&](auto& model) { Merge(model.Cancel(call), &answers); });
  return answers;
}

bool World::IsRefused(uint64_t call) {
  const Gate gate(*this);
  return data_.IsRefused(call) || collections_.IsRefused(call) || topics_.IsRefused(call);
}

Answers World::Refuse(uint64_t call, int64_t now_ms) {
  const Gate gate(*this);
  if (collections_.IsRefused(call)) return collections_.Refuse(call);
  if (topics_.IsRefused(call)) return topics_.Refuse(call);
  return data_.Refuse(call, now_ms);
}

Answers World::Advance(int64_t now_ms) {
  const Gate gate(*this);
  Answers answers;
  while (true) {
    Due next = std::min(data_.NextDue(), sync_.NextDue());
    ForEachWaiting(*this, [&](auto& model) { next = std::min(next, model.NextDue()); });
    if (next.at_ms > now_ms) return answers;
    if (!(next < data_.NextDue())) {
      Merge(data_.AdvanceOnce(now_ms), &answers);
      continue;
    }
    if (!(next < sync_.NextDue())) {
      Merge(sync_.AdvanceOnce(now_ms), &answers);
      continue;
    }
    bool is_done = false;
    ForEachWaiting(*this, [&](auto& model) {
      if (is_done || next < model.NextDue()) return;
      Merge(model.AdvanceOnce(), &answers);
      is_done = true;
    });
  }
}

void World::Rearm(int64_t stalled_ms) {
  data_.Rearm(stalled_ms);
  sync_.Rearm(stalled_ms);
  lifetimes_.Rearm(stalled_ms);
}

void World::Resume(int64_t now_ms) {
  data_.Resume(now_ms);
  sync_.Resume(now_ms);
  lifetimes_.Resume(now_ms);
  watches_.Resume();
}

std::vector<uint64_t> World::Waiting() const {
  std::vector<uint64_t> calls = data_.Waiting();
  const auto add = [&](const auto& model) {
    const auto more = model.Waiting();
    calls.insert(calls.end(), more.begin(), more.end());
  };
  add(sync_);
  ForEachWaiting(*this, add);
  std::sort(calls.begin(), calls.end());
  return calls;
}

}  // namespace coheld::simulation
