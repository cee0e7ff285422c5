// The re-entrant lock: mutual exclusion between owners, each of whom may go deeper.
//
//   free --Acquire--> held by owner, depth, token --Release to depth 0, session's end--> free, or
//   held
//                       |'--Acquire (by the owner)--> deeper                             by the
//                       next
//                       '--Acquire (by others)--> parked, first come first served
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "coheld/v1/rlock.pb.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class RLockObject : public Object {
 public:
  uint64_t size() const override { return hold ? 1 : 0; }
  std::vector<Hold> holds() const override {
    return hold ? std::vector<Hold>{*hold} : std::vector<Hold>();
  }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  void ForgetSession(SessionId session, Turn& turn) override {
    if (hold && hold->owner.session == session) Free(turn);
  }

  bool HeldBy(const Owner& owner) const { return hold && hold->owner == owner; }
  // Ends the hold there is, whatever its depth, and lets the next in line try.
  void Free(Turn& turn) {
    turn.NoteRelease(hold->owner.session, *this);
    hold.reset();
    Touch();
    turn.Wake(waiters);
  }
  std::string What() const { return "the rlock \"" + name() + "\""; }

  std::optional<Hold> hold;  // Its count is the depth.
  WaitQueue waiters;
};

Outcome Create(RLockObject& lock, const v1::RLockCreateRequest& request,
               v1::RLockCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive(lock.What(), request.exclusive(), turn)) return *failure;
  if (turn.created()) lock.Touch();
  return AnswerCreate(lock, turn, reply);
}

Outcome Acquire(RLockObject& lock, const v1::RLockAcquireRequest& request,
                v1::RLockAcquireReply* reply, Turn& turn) {
  const uint64_t levels = std::max<uint64_t>(request.depth(), 1);
  if (auto failure = CheckSession(lock.What(), turn)) return *failure;
  if (auto failure = CheckCount(lock.What(), "levels", levels)) return *failure;
  if (!lock.HeldBy(turn.owner())) {
    if (turn.MustQueue(lock.waiters) || lock.hold) {
      return turn.Park(lock.waiters, TimeoutOf(request), Done());
    }
    lock.hold = {.owner = turn.owner(), .token = turn.NextToken(), .since = turn.now(), .count = 0};
    turn.NoteHold(turn.owner().session, lock);
  }
  if (levels > kCountMax - lock.hold->count) {
    return Failure{v1::ERROR_REASON_OVERFLOW,
                   lock.What() + " is held " + std::to_string(lock.hold->count) + " levels deep; " +
                       std::to_string(levels) + " more are beyond the limit of " +
                       std::to_string(kCountMax)};
  }
  lock.hold->count += levels;
  lock.Touch();
  reply->set_acquired(true);
  reply->set_token(lock.hold->token);
  reply->set_depth(lock.hold->count);
  return Done();
}

// Returns why the caller may not release so many levels, or nothing.
std::optional<Failure> CheckRelease(const RLockObject& lock, uint64_t levels, uint64_t token,
                                    const Turn& turn) {
  if (!lock.hold) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_HELD,
                   lock.What() + " is free; acquire it before the release"};
  }
  if (!lock.HeldBy(turn.owner())) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   lock.What() + " is held by " + Describe(lock.hold->owner) + ", not by " +
                       Describe(turn.owner()) + "; let its owner release it"};
  }
  if (token != 0 && token != lock.hold->token) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   "token " + std::to_string(token) + " of " + lock.What() +
                       " is stale: the current grant has " + std::to_string(lock.hold->token)};
  }
  if (levels > lock.hold->count) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   lock.What() + " is held " + std::to_string(lock.hold->count) +
                       " levels deep; it cannot be released by " + std::to_string(levels)};
  }
  return std::nullopt;
}

Outcome Release(RLockObject& lock, const v1::RLockReleaseRequest& request,
                v1::RLockReleaseReply* reply, Turn& turn) {
  const uint64_t levels = std::max<uint64_t>(request.depth(), 1);
  if (auto failure = CheckRelease(lock, levels, request.token(), turn)) return *failure;
  if (levels == lock.hold->count) {
    lock.Free(turn);
    return Done();
  }
  lock.hold->count -= levels;
  lock.Touch();
  reply->set_depth(lock.hold->count);
  return Done();
}

Outcome Inspect(RLockObject& lock, const v1::RLockInspectRequest& /*request*/,
                v1::RLockInspectReply* reply, Turn& turn) {
  reply->set_waiters(lock.waiters.size());
  if (!lock.hold) return Done();
  reply->set_locked(true);
  reply->set_session(static_cast<uint64_t>(lock.hold->owner.session));
  reply->set_thread(lock.hold->owner.thread);
  reply->set_depth(lock.hold->count);
  reply->set_token(lock.hold->token);
  reply->set_held_ms(Elapsed(lock.hold->since, turn.now()));
  return Done();
}

}  // namespace

const TypeRow& RLockType() {
  static const TypeRow row =
      MakeType<RLockObject>("rlock", {Op<Create>("RLock.Create"), Op<Acquire>("RLock.Acquire"),
                                      Op<Release>("RLock.Release"), Op<Inspect>("RLock.Inspect")});
  return row;
}

}  // namespace coheld::engine
