// See sync_model.h.
#include "tests/unit/engine/sync_model.h"

#include <algorithm>

#include "tests/unit/engine/op_messages.h"

namespace coheld::engine::testing {
namespace {

using Kind = SyncOp::Kind;

Caller CallerOf(const SyncOp& op) { return {op.session, op.thread}; }

// The objects in whose lines an op waits.
std::set<std::string> LinesOf(const SyncOp& op) {
  const std::vector<std::string> names = NamesOf(op);
  return {names.begin(), names.end()};
}

// Ops that must be served in the order in which they came.
bool StandsInLine(Kind kind) {
  return kind == Kind::kSemaphoreAcquire || kind == Kind::kLockAcquire ||
         kind == Kind::kAcquireAll || kind == Kind::kAcquireRead || kind == Kind::kAcquireWrite;
}

bool NeedsSession(Kind kind) {
  return StandsInLine(kind) || kind == Kind::kConditionWait || kind == Kind::kBarrierWait;
}

template <typename Holders>
auto FindHolder(Holders& holders, const Caller& caller) {
  return std::find_if(holders.begin(), holders.end(),
                      [&](const auto& holder) { return holder.owner == caller; });
}

// Takes one from the first holder that matches. Returns whether there was one.
template <typename Holders, typename Match>
bool TakeOne(Holders& holders, Match match) {
  const auto found = std::find_if(holders.begin(), holders.end(),
                                  [&](const auto& holder) { return match(holder.owner); });
  if (found == holders.end()) return false;
  if (--found->count == 0) holders.erase(found);
  return true;
}

}  // namespace

std::vector<std::string> NamesOf(const SyncOp& op) {
  std::vector<std::string> names = {op.object};
  names.insert(names.end(), op.others.begin(), op.others.end());
  return names;
}

void SyncModel::AddSemaphore(const std::string& name, uint64_t permits, bool bounded) {
  semaphores_[name] = {.available = permits, .permits = permits, .bounded = bounded, .holders = {}};
}

void SyncModel::AddLock(const std::string& name, bool reentrant, bool anyone_releases) {
  locks_.Add(name, reentrant, anyone_releases);
}

void SyncModel::AddCondition(const std::string& name, const std::string& lock) {
  conditions_[name] = lock;
}

void SyncModel::AddBarrier(const std::string& name, uint64_t parties) {
  barriers_[name].parties = parties;
}

bool SyncModel::IsBehind(const SyncOp& op, const std::string& object) const {
  return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& other) {
    return other.op.call < op.call && StandsInLine(other.op.kind) &&
           LinesOf(other.op).contains(object);
  });
}

std::optional<std::string> SyncModel::AttemptSemaphore(const SyncOp& op) {
  Semaphore& semaphore = semaphores_[op.object];
  if (op.kind == Kind::kSemaphoreAcquire) {
    if (semaphore.bounded && op.number > semaphore.permits) return "INVALID_ARGUMENT";
    if (IsBehind(op, op.object) || semaphore.available < op.number) return {};
    semaphore.available -= op.number;
    AddTo(semaphore.holders, CallerOf(op), op.number);
    return "acquired 1";
  }
  if (semaphore.bounded && semaphore.available + op.number > semaphore.permits) {
    return "SEMAPHORE_RELEASED_TOO_OFTEN";
  }
  for (uint64_t i = 0; i < op.number; ++i) {
    const auto own = [&](const Caller& caller) { return caller == CallerOf(op); };
    const auto of_session = [&](uint64_t thread) {
      return [&, thread](const Caller& caller) { return caller == Caller{op.session, thread}; };
    };
    bool taken = TakeOne(semaphore.holders, own);
    for (uint64_t thread = 0; !taken && thread < 4; ++thread) {
      taken = TakeOne(semaphore.holders, of_session(thread));
    }
    if (!taken) TakeOne(semaphore.holders, [](const Caller&) { return true; });
  }
  semaphore.available += op.number;
  return Count("available", semaphore.available);
}

void SyncModel::AddTo(Holders& holders, const Caller& caller, uint64_t count) const {
  auto found = FindHolder(holders, caller);
  if (found == holders.end()) found = holders.insert(found, {.owner = caller});
  found->count += count;
  found->turn = locks_.turn();
}

std::optional<std::string> SyncModel::AttemptCondition(Waiter& waiter) {
  const SyncOp& op = waiter.op;
  if (waiter.depth > 0) {  // It waits already.
    if (!notified_.contains(op.call)) return {};
    return Count("notified 1 depth", waiter.depth);
  }
  const std::string& lock = conditions_.at(op.object);
  if (auto refusal = locks_.ReleaseRefusal(lock, CallerOf(op), 0)) return refusal;
  if (op.kind == Kind::kConditionWait) {
    waiter.depth = locks_.LetGo(lock);
    return {};
  }
  uint64_t woken = 0;
  for (const Waiter& other : waiters_) {
    if (other.op.kind != Kind::kConditionWait || other.op.object != op.object) continue;
    if (op.number != 0 && woken == op.number) break;
    notified_.insert(other.op.call);
    ++woken;
  }
  return Count("woken", woken);
}

void SyncModel::EndRound(const std::string& barrier, const std::string& fate) {
  barriers_[barrier].arrived = 0;
  barriers_[barrier].runner.reset();
  for (Waiter& other : waiters_) {
    if (other.op.object != barrier || !other.arrived || other.fate) continue;
    other.fate = fate.empty() ? Count("index", other.index) : fate;
  }
}

std::optional<std::string> SyncModel::AttemptBarrier(Waiter& waiter) {
  const SyncOp& op = waiter.op;
  Barrier& barrier = barriers_[op.object];
  if (op.kind == Kind::kAbort || op.kind == Kind::kReset) {
    barrier.broken = op.kind == Kind::kAbort;
    EndRound(op.object, "BARRIER_BROKEN");
    return "done";
  }
  if (op.kind == Kind::kActionDone) {
    if (!barrier.runner || barrier.runner_call != op.number) return "BARRIER_BROKEN";
    barrier.broken = op.flag;
    EndRound(op.object, op.flag ? "BARRIER_BROKEN" : "");
    return "done";
  }
  if (waiter.fate) return waiter.fate;
  if (waiter.arrived) return {};
  if (barrier.broken) return "BARRIER_BROKEN";
  if (barrier.runner) return {};
  waiter.index = barrier.arrived++;
  if (barrier.arrived < barrier.parties) {
    waiter.arrived = true;
    return {};
  }
  if (op.flag) {
    barrier.runner = CallerOf(op);
    barrier.runner_call = op.call;
    barrier.runner_turn = locks_.turn();
    return Count("action index", waiter.index);
  }
  EndRound(op.object, "");
  return Count("index", waiter.index);
}

std::optional<std::string> SyncModel::AttemptReadWrite(const SyncOp& op) {
  ReadWrite& lock = read_writes_[op.object];
  const auto reads = FindHolder(lock.readers, CallerOf(op));
  if (op.kind == Kind::kReadWriteRelease) {
    if (!lock.writer && lock.readers.empty()) return "LOCK_NOT_HELD";
    if (lock.writer ? *lock.writer != CallerOf(op) : reads == lock.readers.end()) {
      return "LOCK_NOT_OWNER";
    }
    if (!lock.writer) TakeOne(lock.readers, [&](const Caller& who) { return who == CallerOf(op); });
    lock.writer.reset();
    return "released";
  }
  const bool again = op.kind == Kind::kAcquireRead && reads != lock.readers.end();
  if (!again && (IsBehind(op, op.object) || lock.writer)) return {};
  if (op.kind == Kind::kAcquireRead) {
    AddTo(lock.readers, CallerOf(op), 1);
  } else {
    if (!lock.readers.empty()) return {};
    lock.writer = CallerOf(op);
    lock.writer_turn = locks_.turn();
  }
  return "acquired 1";
}

std::optional<std::string> SyncModel::AttemptFlags(const SyncOp& op) {
  if (op.kind == Kind::kEventWait) {
    if (!events_[op.object]) return {};
    return "set 1";
  }
  if (op.kind == Kind::kEventSet || op.kind == Kind::kEventClear) {
    return Count("was", std::exchange(events_[op.object], op.kind == Kind::kEventSet));
  }
  const auto latch = latches_.find(op.object);
  if (op.kind == Kind::kLatchCreate) {
    return Count("created", latches_.emplace(op.object, op.number).second);
  }
  if (op.kind == Kind::kLatchDelete) return Count("deleted", latches_.erase(op.object));
  if (latch == latches_.end()) return "OBJECT_NOT_FOUND";
  if (op.kind == Kind::kCountDown) {
    latch->second -= std::min(std::max<uint64_t>(op.number, 1), latch->second);
    return Count("remaining", latch->second);
  }
  if (latch->second > 0) return {};
  return "open 1";
}

std::string SyncModel::Inspect(const SyncOp& op) const {
  const auto waiting = static_cast<uint64_t>(
      std::count_if(waiters_.begin(), waiters_.end(),
                    [&](const Waiter& waiter) { return LinesOf(waiter.op).contains(op.object); }));
  if (semaphores_.contains(op.object)) {
    const Semaphore& semaphore = semaphores_.at(op.object);
    uint64_t held = 0;
    for (const Holder& holder : semaphore.holders) held += holder.count;
    return Count("available", semaphore.available) + Count(" held", held) +
           Count(" waiters", waiting);
  }
  if (locks_.Has(op.object)) {
    return locks_.Inspect(op.object, now_) + Count(" waiters", waiting);
  }
  if (conditions_.contains(op.object)) return Count("waiters", waiting);
  if (barriers_.contains(op.object)) {
    const Barrier& barrier = barriers_.at(op.object);
    return Count("waiting", barrier.arrived) + Count(" broken", barrier.broken) +
           Count(" acting", barrier.runner.has_value());
  }
  if (read_writes_.contains(op.object)) {
    const ReadWrite& lock = read_writes_.at(op.object);
    return Count("readers", lock.readers.size()) + Count(" written", lock.writer.has_value()) +
           Count(" waiters", waiting);
  }
  return Count("set", events_.contains(op.object) && events_.at(op.object));
}

std::optional<std::string> SyncModel::Attempt(Waiter& waiter) {
  const SyncOp& op = waiter.op;
  if (op.kind == Kind::kInspect) return Inspect(op);
  if (op.session == 0 && NeedsSession(op.kind)) return "SESSION_REQUIRED";
  if (op.kind <= Kind::kSemaphoreRelease) return AttemptSemaphore(op);
  const auto behind = [&](const std::string& lock) { return IsBehind(op, lock); };
  if (op.kind <= Kind::kReleaseAll) return locks_.Attempt(op, behind, now_);
  if (op.kind <= Kind::kConditionNotify) return AttemptCondition(waiter);
  if (op.kind <= Kind::kReset) return AttemptBarrier(waiter);
  if (op.kind <= Kind::kReadWriteRelease) return AttemptReadWrite(op);
  return AttemptFlags(op);
}

std::string SyncModel::TimedOut(const Waiter& waiter, bool waited) const {
  const auto behind = [&](const std::string& lock) { return IsBehind(waiter.op, lock); };
  switch (waiter.op.kind) {
    case Kind::kConditionWait:
      return Count("notified 0 depth", waiter.depth);
    case Kind::kBarrierWait:
      return "timed out";
    case Kind::kEventWait:
      return "set 0";
    case Kind::kLatchWait:
      return "open 0";
    case Kind::kLockAcquire:
    case Kind::kAcquireAll:
      return locks_.TimedOut(waiter.op, behind, waited);
    default:
      return "acquired 0";
  }
}

SyncAnswers SyncModel::Apply(const SyncOp& op, int64_t now) {
  now_ = now;
  locks_.BeginTurn();
  if (op.session != 0 && !sessions_.contains(op.session)) return {{op.call, "SESSION_EXPIRED"}};
  SyncAnswers answers;
  const int64_t deadline = op.timeout_ms ? now + static_cast<int64_t>(*op.timeout_ms) : INT64_MAX;
  Waiter waiter{.op = op, .deadline = deadline};
  if (const std::optional<std::string> answer = Attempt(waiter)) {
    answers[op.call] = *answer;
    if (*answer == "deleted 1") {
      for (const Waiter& other : waiters_) {
        if (other.op.object == op.object) answers[other.op.call] = "OBJECT_DELETED";
      }
      std::erase_if(waiters_, [&](const Waiter& other) { return other.op.object == op.object; });
    }
  } else {
    waiters_.push_back(waiter);
    if (op.timeout_ms == uint64_t{0}) {
      answers[op.call] = TimedOut(waiter, false);
      Leave(op.call);
    }
  }
  Settle(&answers);
  return answers;
}

void SyncModel::Leave(uint64_t call) {
  const auto left = std::find_if(waiters_.begin(), waiters_.end(),
                                 [&](const Waiter& waiter) { return waiter.op.call == call; });
  const Waiter waiter = *left;
  waiters_.erase(left);
  if (waiter.op.kind != Kind::kBarrierWait || !waiter.arrived || waiter.fate) return;
  barriers_[waiter.op.object].broken = true;
  EndRound(waiter.op.object, "BARRIER_BROKEN");
}

void SyncModel::Settle(SyncAnswers* answers) {
  for (size_t i = 0; i < waiters_.size();) {
    const std::optional<std::string> answer = Attempt(waiters_[i]);
    if (!answer) {
      ++i;
      continue;
    }
    const uint64_t call = waiters_[i].op.call;
    (*answers)[call] = *answer;
    notified_.erase(call);
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;  // It may have let others go on.
  }
}

SyncAnswers SyncModel::Cancel(uint64_t call) {
  SyncAnswers answers;
  locks_.BeginTurn();
  const std::vector<uint64_t> waiting = Waiting();
  if (std::find(waiting.begin(), waiting.end(), call) == waiting.end()) return answers;
  answers[call] = "CANCELLED";
  Leave(call);
  Settle(&answers);
  return answers;
}

SyncAnswers SyncModel::EndSession(uint64_t session) {
  SyncAnswers answers;
  if (sessions_.erase(session) == 0) return answers;
  const std::vector<Waiter> all = waiters_;
  for (const Waiter& waiter : all) {
    if (waiter.op.session != session) continue;
    answers[waiter.op.call] = "SESSION_EXPIRED";
    Leave(waiter.op.call);
  }
  locks_.BeginTurn();
  const auto gone = [&](const auto& holder) { return holder.owner.first == session; };
  for (auto& [name, semaphore] : semaphores_) {
    for (const auto& holder : semaphore.holders) {
      if (gone(holder)) semaphore.available += holder.count;
    }
    std::erase_if(semaphore.holders, gone);
  }
  locks_.EndSession(session);
  for (auto& [name, lock] : read_writes_) {
    std::erase_if(lock.readers, gone);
    if (lock.writer && lock.writer->first == session) lock.writer.reset();
  }
  for (auto& [name, barrier] : barriers_) {
    if (!barrier.runner || barrier.runner->first != session) continue;
    barrier.broken = true;
    EndRound(name, "BARRIER_BROKEN");
  }
  Settle(&answers);
  return answers;
}

SyncAnswers SyncModel::Advance(int64_t now) {
  SyncAnswers answers;
  while (NextDue().at_ms <= now) answers.merge(AdvanceOnce(now));
  now_ = now;
  return answers;
}

Due SyncModel::NextDue() const {
  const auto [at_ms, lock] = locks_.NextEnd();
  Due next = {.at_ms = at_ms, .object = lock};
  for (const Waiter& waiter : waiters_) {
    next = std::min(next, {.at_ms = waiter.deadline, .waits = true, .call = waiter.op.call});
  }
  return next;
}

SyncAnswers SyncModel::AdvanceOnce(int64_t now) {
  SyncAnswers answers;
  now_ = now;
  locks_.BeginTurn();
  const Due due = NextDue();
  if (due.waits) {
    const auto late = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
      return waiter.op.call == due.call;
    });
    answers[due.call] = TimedOut(*late, true);
    Leave(due.call);
  } else {
    locks_.EndLease(due.object);
  }
  Settle(&answers);
  return answers;
}

std::vector<uint64_t> SyncModel::Waiting() const {
  std::vector<uint64_t> calls;
  for (const Waiter& waiter : waiters_) calls.push_back(waiter.op.call);
  return calls;
}

bool SyncModel::HasEffect(uint64_t call) const {
  return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
    return waiter.op.call == call && (waiter.depth > 0 || waiter.arrived);
  });
}

bool SyncModel::IsWaiting(const Caller& caller) const {
  return std::any_of(waiters_.begin(), waiters_.end(),
                     [&](const Waiter& waiter) { return CallerOf(waiter.op) == caller; });
}

}  // namespace coheld::engine::testing
