// The condition variable: owners of a lock let it go to wait here, until another owner notifies
// them.
//
//   caller holds the lock --Wait--> parked, lock let go --Notify, timeout--> answered, without the
//   lock
//
// The op that parks has changed something already: the lock is let go, and what it held is
// remembered under its call. A notification is handed out within the op that gives it: the engine
// tries the parked ops in order, and the first of them take what there is. None is left when the op
// is over, so one whose waiter timed out, was cancelled or died before cannot be lost with it.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/v1/condition.pb.h"
#include "proto/wire/check.h"
#include "server/engine/lock_like.h"
#include "server/engine/lockable.h"
#include "server/engine/object.h"
#include "server/engine/planted_bug.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

constexpr std::string_view kWord = "condition";

class ConditionObject : public Object {
 public:
  uint64_t size() const override { return waiters.size(); }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  bool guardable() const override { return false; }
  void VisitValues(const ValueVisitor& visit) const override { visit(lock); }
  void WaiterLeft(const Stamp& waiter, Turn& /*turn*/) override { depths.erase(waiter.call); }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutValue(lock);
    state.PutUnsigned(depths.size());
    for (const auto& [call, depth] : depths) {
      state.PutCall(call);
      state.PutUnsigned(depth);
    }
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    lock = state.TakeValue();
    if (lock.kind() != ValueKind::kRef) state.Fail("a condition has no lock");
    const size_t waiting = state.TakeCount();
    for (size_t i = 0; i < waiting && state.ok(); ++i) {
      const CallId call = state.TakeNextCall(depths);
      depths[call] = state.TakeUnsigned(kCountMax, "a depth");
    }
  }

  std::string What() const { return engine::What(kWord, *this); }
  std::string lock_name() const { return std::string(lock.pair().first); }

  Value lock;  // A ref, which keeps an anonymous lock alive.
  WaitQueue waiters;
  std::map<CallId, uint64_t> depths;  // Of those that wait: how deep each held the lock.
  size_t wakeups = 0;                 // Handed out and not yet taken; 0 between ops.
};

Result<Lockable*> FindLock(const std::string& name, Turn& turn) {
  return turn.Find<Lockable>(name, "lock or rlock");
}

void TellLock(const ConditionObject& condition, v1::Ref* wire) {
  v1::Value value;
  ToWire(condition.lock, &value);
  wire->Swap(value.mutable_ref());
}

// Finds, or makes, the lock that a new condition is to have.
Result<Lockable*> LockForNew(const ConditionObject& condition, const std::string& name,
                             Turn& turn) {
  if (name.empty()) {
    return static_cast<Lockable*>(turn.CreateKept(RLockType()));
  }
  if (std::optional<Failure> failure = CheckTogether(condition.name(), name)) return *failure;
  return FindLock(name, turn);
}

Outcome Create(ConditionObject& condition, const v1::ConditionCreateRequest& request,
               v1::ConditionCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive(kWord, condition, request, turn)) return *failure;
  if (turn.created()) {
    const Result<Lockable*> lock = LockForNew(condition, request.lock(), turn);
    if (!lock.ok()) return lock.failure();
    condition.lock = Value::Ref(lock.value()->name(), lock.value()->word());
    condition.Touch();
  } else if (!request.lock().empty() && request.lock() != condition.lock_name()) {
    return Failure{v1::ERROR_REASON_OBJECT_EXISTS, condition.What() + " exists over the lock \"" +
                                                       condition.lock_name() + "\", not over \"" +
                                                       request.lock() + "\"; use another name"};
  }
  TellLock(condition, reply->mutable_lock());
  AnswerCreate(condition, turn, reply);
  return Done();
}

// Returns the lock of a caller that may let it go now, or why it may not.
Result<Lockable*> LockOfCaller(const ConditionObject& condition, Turn& turn) {
  Result<Lockable*> lock = FindLock(condition.lock_name(), turn);
  if (!lock.ok()) return lock;
  if (std::optional<Failure> failure = lock.value()->CheckRelease(1, 0, turn)) return *failure;
  return lock;
}

Outcome Wait(ConditionObject& condition, const v1::ConditionWaitRequest& request,
             v1::ConditionWaitReply* reply, Turn& turn) {
  auto waiting = condition.depths.find(turn.call());
  if (waiting == condition.depths.end()) {
    if (auto failure = CheckSession(kWord, condition, turn)) return *failure;
    const Result<Lockable*> lock = LockOfCaller(condition, turn);
    if (!lock.ok()) return lock.failure();
    const uint64_t depth = lock.value()->hold()->count;
    lock.value()->GiveBack(depth, turn);
    turn.NoteEffect();
    COHELD_CHECK(condition.wakeups == 0);
    waiting = condition.depths.emplace(turn.call(), depth).first;
  }
  reply->set_depth(waiting->second);
  if (condition.wakeups == 0) return turn.Park(condition.waiters, TimeoutOf(request), Done());
  --condition.wakeups;
  condition.depths.erase(waiting);
  reply->set_notified(true);
  return Done();
}

Outcome Notify(ConditionObject& condition, const v1::ConditionNotifyRequest& request,
               v1::ConditionNotifyReply* reply, Turn& turn) {
  const Result<Lockable*> lock = LockOfCaller(condition, turn);
  if (!lock.ok()) return lock.failure();
  const size_t waiting = condition.waiters.size();
  condition.wakeups = request.count() == 0 ? waiting : std::min<uint64_t>(request.count(), waiting);
  reply->set_woken(condition.wakeups);
  if (Planted(PlantedBug::kNotificationLost) && condition.wakeups > 0) --condition.wakeups;
  turn.Wake(condition.waiters);
  return Done();
}

Outcome Inspect(ConditionObject& condition, const v1::ConditionInspectRequest& /*request*/,
                v1::ConditionInspectReply* reply, Turn& /*turn*/) {
  TellLock(condition, reply->mutable_lock());
  reply->set_waiters(condition.waiters.size());
  return Done();
}

}  // namespace

const TypeRow& ConditionType() {
  static const TypeRow row = MakeType<ConditionObject>(
      "condition", {Op<Create>("Condition.Create"), Op<Wait>("Condition.Wait", Missing::kRefuse),
                    Op<Notify>("Condition.Notify", Missing::kRefuse),
                    Op<Inspect>("Condition.Inspect", Missing::kRefuse)});
  return row;
}

}  // namespace coheld::engine
