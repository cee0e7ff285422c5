// The re-entrant lock: mutual exclusion between owners, each of whom may go deeper.
//
//   free --Acquire--> held by owner, depth, token --Release to depth 0, session's end--> free, or
//   held
//                       |'--Acquire (by the owner)--> deeper                             by the
//                       next
//                       '--Acquire (by others)--> parked, first come first served
#include <algorithm>
#include <string_view>

#include "coheld/v1/rlock.pb.h"
#include "server/engine/explain.h"
#include "server/engine/lock_like.h"
#include "server/engine/lockable.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class RLockObject : public Lockable {
 public:
  std::string_view word() const override { return "rlock"; }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    SaveHold(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    LoadHold(state);
  }

 private:
  bool anyone_releases() const override { return false; }
  bool reentrant() const override { return true; }
};

Outcome Create(RLockObject& lock, const v1::RLockCreateRequest& request,
               v1::RLockCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("rlock", lock, request, turn)) return *failure;
  if (turn.created()) lock.Touch();
  AnswerCreate(lock, turn, reply);
  return Done();
}

Outcome Acquire(RLockObject& lock, const v1::RLockAcquireRequest& request,
                v1::RLockAcquireReply* reply, Turn& turn) {
  const bool has_it = request.retake() && lock.HeldBy(turn.owner());
  const uint64_t levels = has_it ? 0 : std::max<uint64_t>(request.depth(), 1);
  if (auto failure = lock.CheckAcquire(levels, turn)) return *failure;
  if (!lock.MayGoDeeper(turn) && (turn.MustQueue(lock.waiters()) || lock.hold())) {
    if (turn.gives_up() && lock.hold()) TellHolder(turn, *lock.hold(), reply->mutable_holder());
    return turn.Park(lock.waiters(), TimeoutOf(request), Done());
  }
  reply->set_acquired(true);
  if (has_it) {
    reply->set_token(lock.hold()->token);
  } else {
    const Lockable::Grant grant = lock.Take(levels, request.lease_ms(), turn);
    reply->set_token(grant.token);
    reply->set_owner_died(grant.owner_died);
  }
  reply->set_depth(lock.hold()->count);
  return Done();
}

Outcome Release(RLockObject& lock, const v1::RLockReleaseRequest& request,
                v1::RLockReleaseReply* reply, Turn& turn) {
  const uint64_t levels = std::max<uint64_t>(request.depth(), 1);
  if (auto failure = lock.CheckRelease(levels, request.token(), turn)) return *failure;
  reply->set_depth(lock.GiveBack(levels, turn));
  return Done();
}

Outcome Renew(RLockObject& lock, const v1::RLockRenewRequest& request, v1::RLockRenewReply* reply,
              Turn& turn) {
  if (auto failure = lock.CheckRenew(request.token(), turn)) return *failure;
  lock.SetLease(request.lease_ms(), turn);
  reply->set_token(lock.hold()->token);
  return Done();
}

Outcome Inspect(RLockObject& lock, const v1::RLockInspectRequest& /*request*/,
                v1::RLockInspectReply* reply, Turn& turn) {
  reply->set_waiters(lock.waiters().size());
  if (!lock.hold()) return Done();
  reply->set_locked(true);
  reply->set_session(static_cast<uint64_t>(lock.hold()->owner.session));
  reply->set_thread(lock.hold()->owner.thread);
  reply->set_depth(lock.hold()->count);
  reply->set_token(lock.hold()->token);
  reply->set_held_ms(Elapsed(lock.hold()->since, turn.now()));
  if (lock.hold()->ends != kNever) reply->set_lease_ms(TimeLeft(lock.hold()->ends, turn.now()));
  return Done();
}

}  // namespace

const TypeRow& RLockType() {
  static const TypeRow row =
      MakeType<RLockObject>("rlock", {Op<Create>("RLock.Create"), Op<Acquire>("RLock.Acquire"),
                                      Op<Release>("RLock.Release"), Op<Inspect>("RLock.Inspect"),
                                      Op<Renew>("RLock.Renew")});
  return row;
}

}  // namespace coheld::engine
