// The lock: mutual exclusion between owners, not re-entrant.
//
//   free --Acquire--> held by owner, token --Release, session's end--> free, or held by the next
//                       '--Acquire (by anyone)--> parked, first come first served
#include <optional>
#include <string>
#include <vector>

#include "coheld/v1/lock.pb.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class LockObject : public Object {
 public:
  uint64_t size() const override { return hold ? 1 : 0; }
  std::vector<Hold> holds() const override {
    return hold ? std::vector<Hold>{*hold} : std::vector<Hold>();
  }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  void ForgetSession(SessionId session, Turn& turn) override {
    if (hold && hold->owner.session == session) Free(turn);
  }

  // Ends the hold there is and lets the next in line try.
  void Free(Turn& turn) {
    turn.NoteRelease(hold->owner.session, *this);
    hold.reset();
    Touch();
    turn.Wake(waiters);
  }

  v1::LockRelease release = v1::LOCK_RELEASE_OWNER;
  std::optional<Hold> hold;
  WaitQueue waiters;
};

std::string Describe(const Owner& owner) {
  if (owner.session == kNoSession) return "a caller without a session";
  return "session " + std::to_string(static_cast<uint64_t>(owner.session)) + " thread " +
         std::to_string(owner.thread);
}

Outcome Create(LockObject& lock, const v1::LockCreateRequest& request, v1::LockCreateReply* reply,
               Turn& turn) {
  if (!v1::LockRelease_IsValid(request.release())) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT, "no release mode has number " +
                                                          std::to_string(request.release()) +
                                                          "; use OWNER (1) or ANYONE (2)"};
  }
  if (request.exclusive() && !turn.created()) {
    return Failure{
        v1::ERROR_REASON_OBJECT_EXISTS,
        "the lock \"" + lock.name() + "\" exists; use another name, or create without exclusive"};
  }
  if (turn.created()) {
    lock.release = request.release();
    lock.Touch();
  }
  reply->set_name(lock.name());
  reply->set_created(turn.created());
  return Done();
}

Outcome Acquire(LockObject& lock, const v1::LockAcquireRequest& request,
                v1::LockAcquireReply* reply, Turn& turn) {
  if (turn.owner().session == kNoSession) {
    return Failure{v1::ERROR_REASON_SESSION_REQUIRED,
                   "the lock \"" + lock.name() +
                       "\" belongs to a session while held; open one and send its token"};
  }
  if (turn.MustQueue(lock.waiters) || lock.hold) {
    std::optional<uint64_t> timeout_ms;
    if (request.has_timeout_ms()) timeout_ms = request.timeout_ms();
    return turn.Park(lock.waiters, timeout_ms, Done());
  }
  lock.hold = {.owner = turn.owner(), .token = turn.NextToken(), .since = turn.now()};
  turn.NoteHold(turn.owner().session, lock);
  lock.Touch();
  reply->set_acquired(true);
  reply->set_token(lock.hold->token);
  return Done();
}

Outcome Release(LockObject& lock, const v1::LockReleaseRequest& request,
                v1::LockReleaseReply* /*reply*/, Turn& turn) {
  if (!lock.hold) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_HELD,
                   "the lock \"" + lock.name() + "\" is free; acquire it before the release"};
  }
  if (request.token() != 0 && request.token() != lock.hold->token) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   "token " + std::to_string(request.token()) + " of the lock \"" + lock.name() +
                       "\" is stale: the current grant has " + std::to_string(lock.hold->token)};
  }
  if (lock.release != v1::LOCK_RELEASE_ANYONE && lock.hold->owner != turn.owner()) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   "the lock \"" + lock.name() + "\" is held by " + Describe(lock.hold->owner) +
                       ", not by " + Describe(turn.owner()) +
                       "; let its owner release it, or create it with LOCK_RELEASE_ANYONE"};
  }
  lock.Free(turn);
  return Done();
}

Outcome Inspect(LockObject& lock, const v1::LockInspectRequest& /*request*/,
                v1::LockInspectReply* reply, Turn& turn) {
  reply->set_waiters(lock.waiters.size());
  if (!lock.hold) return Done();
  reply->set_locked(true);
  reply->set_session(static_cast<uint64_t>(lock.hold->owner.session));
  reply->set_thread(lock.hold->owner.thread);
  reply->set_token(lock.hold->token);
  reply->set_held_ms(Elapsed(lock.hold->since, turn.now()));
  return Done();
}

}  // namespace

const TypeRow& LockType() {
  static const TypeRow row =
      MakeType<LockObject>("lock", {Op<Create>("Lock.Create"), Op<Acquire>("Lock.Acquire"),
                                    Op<Release>("Lock.Release"), Op<Inspect>("Lock.Inspect")});
  return row;
}

}  // namespace coheld::engine
