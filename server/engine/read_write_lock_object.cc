// The read-write lock: many readers or one writer, first come first served.
//
//   free --AcquireRead--> read by owners --AcquireRead--> by one more, unless somebody waits
//     '--AcquireWrite--> written by one     '--Release of the last, sessions' end--> free, or the
//     next's
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/v1/read_write_lock.pb.h"
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

constexpr std::string_view kWord = "read-write lock";

constexpr std::string_view kAcquireRead = "ReadWriteLock.AcquireRead";

class ReadWriteLockObject : public Object, public ExclusiveLock {
 public:
  uint64_t size() const override { return writer ? 1 : readers.owners(); }
  std::vector<Hold> holds() const override {
    std::vector<Hold> holds = readers.All();
    for (Hold& hold : holds) hold.shared = true;
    if (writer) holds.push_back(*writer);
    return holds;
  }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  Awaits awaits() const override { return Awaits::kAllHolders; }
  bool guardable() const override { return false; }
  std::vector<Hold> BlockersOf(const ParkedOp& waiter, bool timeouts) const override;
  const Hold* exclusive() const override { return writer ? &*writer : nullptr; }
  void ForgetSession(SessionId session, Turn& turn) override {
    if (writer && writer->owner.session == session) {
      EndWrite(turn);
      writer_died = true;
    } else {
      readers.TakeFromSession(session, kCountMax, turn);
    }
    Changed(turn);
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    readers.Save(state);
    state.PutHold(writer);
    state.PutFlag(writer_died);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    readers.Load(state);
    writer = state.TakeOptionalHold();
    writer_died = state.TakeFlag();
    if (writer && !readers.empty()) state.Fail("a lock is held to read and to write");
  }

  void EndWrite(Turn& turn) {
    turn.NoteRelease(writer->owner.session, *this);
    writer.reset();
  }
  // Something was given back: lets the next in line try.
  void Changed(Turn& turn) {
    Touch();
    turn.Wake(waiters);
  }
  std::string What() const { return engine::What(kWord, *this); }

  HoldTable readers{*this};  // Empty while there is a writer.
  std::optional<Hold> writer;
  bool writer_died = false;  // The last one did not give it back, and no writer was told yet.
  WaitQueue waiters;         // To read and to write, in one line.
};

bool Reads(const ParkedOp& op) { return op.row->method->name == kAcquireRead; }

std::vector<Hold> ReadWriteLockObject::BlockersOf(const ParkedOp& waiter, bool timeouts) const {
  if (writer || !Reads(waiter)) return holds();
  // It could read with the others; it waits for one before it that wants to write.
  const auto waits_for = [&](const ParkedOp* before) {
    return !Reads(*before) && (timeouts || before->deadline == kNever);
  };
  const auto& line = waiters.ops();
  if (std::none_of(line.begin(), std::list<ParkedOp*>::const_iterator(waiter.place.at),
                   waits_for)) {
    return {};
  }
  return holds();
}

Outcome Create(ReadWriteLockObject& lock, const v1::ReadWriteLockCreateRequest& request,
               v1::ReadWriteLockCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive(kWord, lock, request, turn)) return *failure;
  if (turn.created()) lock.Touch();
  AnswerCreate(lock, turn, reply);
  return Done();
}

Outcome AcquireRead(ReadWriteLockObject& lock, const v1::ReadWriteLockAcquireReadRequest& request,
                    v1::ReadWriteLockAcquireReadReply* reply, Turn& turn) {
  if (auto failure = CheckSession(kWord, lock, turn)) return *failure;
  // Who reads already goes on: behind a writer that waits it would wait for itself.
  const bool reads_already = lock.readers.Find(turn.owner()) != nullptr;
  if (!reads_already && (turn.MustQueue(lock.waiters) || lock.writer)) {
    TellOldestHolder(lock, turn, reply);
    return turn.Park(lock.waiters, TimeoutOf(request), Done());
  }
  const uint64_t token = turn.NextToken();
  lock.readers.Add(1, token, turn);
  lock.Touch();
  reply->set_acquired(true);
  reply->set_owner_died(lock.writer_died);
  reply->set_token(token);
  return Done();
}

Outcome AcquireWrite(ReadWriteLockObject& lock, const v1::ReadWriteLockAcquireWriteRequest& request,
                     v1::ReadWriteLockAcquireWriteReply* reply, Turn& turn) {
  if (auto failure = CheckSession(kWord, lock, turn)) return *failure;
  if (turn.MustQueue(lock.waiters) || lock.writer || !lock.readers.empty()) {
    TellOldestHolder(lock, turn, reply);
    return turn.Park(lock.waiters, TimeoutOf(request), Done());
  }
  lock.writer = {.owner = turn.owner(),
                 .token = turn.NextToken(),
                 .since = turn.now(),
                 .site = std::string(turn.site())};
  reply->set_owner_died(std::exchange(lock.writer_died, false));
  turn.NoteHold(turn.owner().session, lock);
  lock.Touch();
  reply->set_acquired(true);
  reply->set_token(lock.writer->token);
  return Done();
}

// Returns what the caller holds, or why it cannot release.
Result<const Hold*> HoldToRelease(const ReadWriteLockObject& lock, uint64_t token,
                                  const Turn& turn) {
  if (!lock.writer && lock.readers.empty()) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_HELD,
                   lock.What() + " is free; acquire it before the release"};
  }
  const Hold* hold = lock.writer ? &*lock.writer : lock.readers.Find(turn.owner());
  if (hold == nullptr || hold->owner != turn.owner()) {
    const std::string holders = lock.writer ? Describe(lock.writer->owner)
                                            : std::to_string(lock.readers.owners()) + " readers";
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER, lock.What() + " is held by " + holders +
                                                        ", not by " + Describe(turn.owner()) +
                                                        "; let its owner release it"};
  }
  if (token != 0 && token != hold->token) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   "token " + std::to_string(token) + " of " + lock.What() +
                       " is stale: the caller's newest grant has " + std::to_string(hold->token)};
  }
  return hold;
}

Outcome Release(ReadWriteLockObject& lock, const v1::ReadWriteLockReleaseRequest& request,
                v1::ReadWriteLockReleaseReply* /*reply*/, Turn& turn) {
  const Result<const Hold*> hold = HoldToRelease(lock, request.token(), turn);
  if (!hold.ok()) return hold.failure();
  if (lock.writer) {
    lock.EndWrite(turn);
  } else {
    lock.readers.Take(turn.owner(), 1, turn);
  }
  lock.Changed(turn);
  return Done();
}

Outcome Inspect(ReadWriteLockObject& lock, const v1::ReadWriteLockInspectRequest& /*request*/,
                v1::ReadWriteLockInspectReply* reply, Turn& /*turn*/) {
  const auto& waiting = lock.waiters.ops();
  const auto reads = [](const ParkedOp* op) { return Reads(*op); };
  const auto read_waiters =
      static_cast<uint64_t>(std::count_if(waiting.begin(), waiting.end(), reads));
  reply->set_readers(lock.readers.owners());
  reply->set_read_waiters(read_waiters);
  reply->set_write_waiters(waiting.size() - read_waiters);
  if (!lock.writer) return Done();
  reply->set_written(true);
  reply->set_session(static_cast<uint64_t>(lock.writer->owner.session));
  reply->set_thread(lock.writer->owner.thread);
  reply->set_token(lock.writer->token);
  return Done();
}

}  // namespace

const TypeRow& ReadWriteLockType() {
  static const TypeRow row = MakeType<ReadWriteLockObject>(
      "rwlock", {Op<Create>("ReadWriteLock.Create"), Op<AcquireRead>(kAcquireRead),
                 Op<AcquireWrite>("ReadWriteLock.AcquireWrite"),
                 Op<Release>("ReadWriteLock.Release"), Op<Inspect>("ReadWriteLock.Inspect")});
  return row;
}

}  // namespace coheld::engine
