// The lock: mutual exclusion between owners, not re-entrant; and the ops that take several locks,
// of this type or re-entrant ones, at once.
//
//   free --Acquire--> held by owner, token --Release, session's end--> free, or held by the next
//                       '--Acquire (by anyone)--> parked, first come first served
//
// AcquireAll stands in the line of every lock that it wants, from the moment it came, and proceeds
// when it is the first in all of them and all are free. Any two of them come in the same order
// everywhere, so they cannot wait for each other in a ring, and none is passed over.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/v1/lock.pb.h"
#include "server/engine/explain.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/lockable.h"
#include "server/engine/plain_messages.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class LockObject : public Lockable {
 public:
  std::string_view word() const override { return "lock"; }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    SaveHold(state);
    state.PutFlag(release == v1::LOCK_RELEASE_ANYONE);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    LoadHold(state);
    release = state.TakeFlag() ? v1::LOCK_RELEASE_ANYONE : v1::LOCK_RELEASE_OWNER;
  }

  v1::LockRelease release = v1::LOCK_RELEASE_OWNER;

 private:
  bool anyone_releases() const override { return release == v1::LOCK_RELEASE_ANYONE; }
  bool reentrant() const override { return false; }
};

Outcome Create(LockObject& lock, const v1::LockCreateRequest& request, v1::LockCreateReply* reply,
               Turn& turn) {
  if (!v1::LockRelease_IsValid(request.release())) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT, "no release mode has number " +
                                                          std::to_string(request.release()) +
                                                          "; use OWNER (1) or ANYONE (2)"};
  }
  if (auto failure = CheckExclusive("lock", lock, request, turn)) return *failure;
  if (turn.created()) {
    lock.release = request.release();
    lock.Touch();
  }
  AnswerCreate(lock, turn, reply);
  return Done();
}

Outcome Acquire(LockObject& lock, const plain::LockAcquireRequest& request,
                plain::LockAcquireReply* reply, Turn& turn) {
  if (auto failure = lock.CheckAcquire(1, turn)) return *failure;
  const bool has_it = request.retake && lock.HeldBy(turn.owner());
  if (!has_it && (turn.MustQueue(lock.waiters()) || lock.hold())) {
    if (turn.gives_up() && lock.hold()) {
      reply->holder = std::make_unique<v1::Holder>();
      TellHolder(turn, *lock.hold(), reply->holder.get());
    }
    return turn.Park(lock.waiters(), request.timeout_ms, Done());
  }
  reply->acquired = true;
  if (has_it) {
    reply->token = lock.hold()->token;
    return Done();
  }
  const Lockable::Grant grant = lock.Take(1, request.lease_ms, turn);
  reply->token = grant.token;
  reply->owner_died = grant.owner_died;
  return Done();
}

Outcome Release(LockObject& lock, const plain::LockReleaseRequest& request,
                plain::LockReleaseReply* /*reply*/, Turn& turn) {
  if (auto failure = lock.CheckRelease(1, request.token, turn)) return *failure;
  lock.GiveBack(1, turn);
  return Done();
}

Outcome Renew(LockObject& lock, const v1::LockRenewRequest& request, v1::LockRenewReply* reply,
              Turn& turn) {
  if (auto failure = lock.CheckRenew(request.token(), turn)) return *failure;
  lock.SetLease(request.lease_ms(), turn);
  reply->set_token(lock.hold()->token);
  return Done();
}

Outcome Inspect(LockObject& lock, const v1::LockInspectRequest& /*request*/,
                v1::LockInspectReply* reply, Turn& turn) {
  reply->set_waiters(lock.waiters().size());
  if (!lock.hold()) return Done();
  reply->set_locked(true);
  reply->set_session(static_cast<uint64_t>(lock.hold()->owner.session));
  reply->set_thread(lock.hold()->owner.thread);
  reply->set_token(lock.hold()->token);
  reply->set_held_ms(Elapsed(lock.hold()->since, turn.now()));
  if (lock.hold()->ends != kNever) reply->set_lease_ms(TimeLeft(lock.hold()->ends, turn.now()));
  return Done();
}

// Finds the locks that a request names, each once.
template <typename Request>
Result<std::vector<Lockable*>> FindAll(const Request& request, Turn& turn) {
  std::vector<std::string> names = {request.name()};
  names.insert(names.end(), request.others().begin(), request.others().end());
  if (names.size() > kLocksAtOnceMax) {
    return Failure{v1::ERROR_REASON_TOO_LARGE,
                   std::to_string(names.size()) + " locks at once are too many; at most " +
                       std::to_string(kLocksAtOnceMax) + " are allowed"};
  }
  std::vector<Lockable*> locks;
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                     "\"" + name + "\" is named twice; name each lock once"};
    }
    if (std::optional<Failure> failure = CheckTogether(names.front(), name)) return *failure;
    const Result<Lockable*> lock = turn.Find<Lockable>(name, "lock or rlock");
    if (!lock.ok()) return lock.failure();
    locks.push_back(lock.value());
  }
  return locks;
}

bool IsTurnOf(Lockable& lock, const Turn& turn) {
  return lock.MayGoDeeper(turn) || (!lock.hold() && turn.IsFirst(lock.waiters()));
}

Outcome AcquireAll(Engine& /*engine*/, const v1::LockAcquireAllRequest& request,
                   v1::LockAcquireAllReply* reply, Turn& turn) {
  const Result<std::vector<Lockable*>> found = FindAll(request, turn);
  if (!found.ok()) return found.failure();
  std::vector<Waitplace> places;
  const Lockable* busy = nullptr;  // The first that keeps the caller waiting.
  for (Lockable* lock : found.value()) {
    if (auto failure = lock->CheckAcquire(1, turn)) return *failure;
    places.push_back({.object = lock, .queue = &lock->waiters()});
    if (busy == nullptr && !IsTurnOf(*lock, turn)) busy = lock;
  }
  if (busy != nullptr) {
    reply->set_busy(busy->name());
    if (turn.gives_up() && busy->hold()) {
      TellHolder(turn, *busy->hold(), reply->mutable_holder());
    }
    return turn.ParkInAll(places, TimeoutOf(request), Done());
  }
  reply->set_acquired(true);
  for (Lockable* lock : found.value()) {
    const Lockable::Grant grant = lock->Take(1, request.lease_ms(), turn);
    reply->add_tokens(grant.token);
    if (grant.owner_died) reply->add_owner_died(lock->name());
  }
  return Done();
}

Outcome ReleaseAll(Engine& /*engine*/, const v1::LockReleaseAllRequest& request,
                   v1::LockReleaseAllReply* /*reply*/, Turn& turn) {
  const Result<std::vector<Lockable*>> found = FindAll(request, turn);
  if (!found.ok()) return found.failure();
  for (const Lockable* lock : found.value()) {
    if (auto failure = lock->CheckRelease(1, 0, turn)) return *failure;
  }
  for (Lockable* lock : found.value()) lock->GiveBack(1, turn);
  return Done();
}

}  // namespace

const TypeRow& LockType() {
  static const TypeRow row = MakeType<LockObject>(
      "lock", {Op<Create>("Lock.Create"), Op<Acquire>("Lock.Acquire"), Op<Release>("Lock.Release"),
               Op<Inspect>("Lock.Inspect"), Op<AcquireAll>("Lock.AcquireAll"),
               Op<ReleaseAll>("Lock.ReleaseAll"), Op<Renew>("Lock.Renew")});
  return row;
}

}  // namespace coheld::engine
