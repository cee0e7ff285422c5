// The semaphore: permits that owners take and give back, first come first served.
//
//   available --Acquire--> held by owners --Release, session's end--> available
//       ^--- Release of more than are held mints permits, unless it is bounded
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/v1/semaphore.pb.h"
#include "server/engine/explain.h"
#include "server/engine/hold_table.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

constexpr std::string_view kWord = "semaphore";

class SemaphoreObject : public Object {
 public:
  uint64_t size() const override { return held.total(); }
  std::vector<Hold> holds() const override { return held.All(); }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  Awaits awaits() const override { return Awaits::kPermits; }
  bool guardable() const override { return false; }
  void ForgetSession(SessionId session, Turn& turn) override {
    Free(held.TakeFromSession(session, kCountMax, turn), turn);
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutUnsigned(available);
    state.PutUnsigned(permits);
    state.PutFlag(bounded);
    held.Save(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    available = state.TakeUnsigned(kCountMax, "permits");
    permits = state.TakeUnsigned(kCountMax, "permits");
    bounded = state.TakeFlag();
    held.Load(state);
    if (held.total() > kCountMax - available) state.Fail("a semaphore has too many permits");
  }

  // Makes so many permits available and lets the next in line try.
  void Free(uint64_t count, Turn& turn) {
    available += count;
    Touch();
    turn.Wake(waiters);
  }
  std::string What() const { return engine::What(kWord, *this); }

  // Together with what is held never above kCountMax.
  uint64_t available = 1;
  uint64_t permits = 1;  // As created.
  bool bounded = false;
  HoldTable held{*this};
  WaitQueue waiters;
};

Outcome Create(SemaphoreObject& semaphore, const v1::SemaphoreCreateRequest& request,
               v1::SemaphoreCreateReply* reply, Turn& turn) {
  const uint64_t permits = request.has_permits() ? request.permits() : 1;
  if (auto failure = CheckCount(kWord, semaphore, "permits", permits)) return *failure;
  if (auto failure = CheckExclusive(kWord, semaphore, request, turn)) return *failure;
  if (turn.created()) {
    semaphore.permits = permits;
    semaphore.bounded = request.bounded();
    semaphore.available = 0;
    semaphore.Free(permits, turn);
  }
  AnswerCreate(semaphore, turn, reply);
  return Done();
}

Outcome Acquire(SemaphoreObject& semaphore, const v1::SemaphoreAcquireRequest& request,
                v1::SemaphoreAcquireReply* reply, Turn& turn) {
  const uint64_t count = std::max<uint64_t>(request.count(), 1);
  if (auto failure = CheckSession(kWord, semaphore, turn)) return *failure;
  if (auto failure = CheckCount(kWord, semaphore, "permits", count)) return *failure;
  if (semaphore.bounded && count > semaphore.permits) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   semaphore.What() + " is bounded to " + std::to_string(semaphore.permits) +
                       " permits; " + std::to_string(count) + " will never be available"};
  }
  if (turn.MustQueue(semaphore.waiters) || semaphore.available < count) {
    TellOldestHolder(semaphore, turn, reply);
    return turn.Park(semaphore.waiters, TimeoutOf(request), Done());
  }
  semaphore.available -= count;
  const uint64_t token = turn.NextToken();
  semaphore.held.Add(count, token, turn);
  semaphore.Touch();
  reply->set_acquired(true);
  reply->set_token(token);
  return Done();
}

Outcome Release(SemaphoreObject& semaphore, const v1::SemaphoreReleaseRequest& request,
                v1::SemaphoreReleaseReply* reply, Turn& turn) {
  const uint64_t count = std::max<uint64_t>(request.count(), 1);
  if (semaphore.bounded && count > semaphore.permits - semaphore.available) {
    return Failure{v1::ERROR_REASON_SEMAPHORE_RELEASED_TOO_OFTEN,
                   semaphore.What() + " is bounded to " + std::to_string(semaphore.permits) +
                       " permits and has " + std::to_string(semaphore.available) + " available; " +
                       std::to_string(count) + " more were never acquired"};
  }
  if (count > kCountMax - semaphore.available) {
    return Failure{v1::ERROR_REASON_OVERFLOW,
                   semaphore.What() + " has " + std::to_string(semaphore.available) +
                       " permits available; " + std::to_string(count) +
                       " more are beyond the limit of " + std::to_string(kCountMax)};
  }
  uint64_t settled = semaphore.held.Take(turn.owner(), count, turn);
  settled += semaphore.held.TakeFromSession(turn.owner().session, count - settled, turn);
  semaphore.held.TakeOldest(count - settled, turn);
  semaphore.Free(count, turn);
  reply->set_available(semaphore.available);
  return Done();
}

Outcome Inspect(SemaphoreObject& semaphore, const v1::SemaphoreInspectRequest& /*request*/,
                v1::SemaphoreInspectReply* reply, Turn& /*turn*/) {
  reply->set_available(semaphore.available);
  reply->set_held(semaphore.held.total());
  reply->set_waiters(semaphore.waiters.size());
  reply->set_bounded(semaphore.bounded);
  reply->set_permits(semaphore.permits);
  return Done();
}

}  // namespace

const TypeRow& SemaphoreType() {
  static const TypeRow row = MakeType<SemaphoreObject>(
      "semaphore", {Op<Create>("Semaphore.Create"), Op<Acquire>("Semaphore.Acquire"),
                    Op<Release>("Semaphore.Release"), Op<Inspect>("Semaphore.Inspect")});
  return row;
}

}  // namespace coheld::engine
