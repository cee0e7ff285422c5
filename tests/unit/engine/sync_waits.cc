// Who waits for whom in the naive model of the synchronisation objects: what a deadlock is made of.
#include <algorithm>

#include "tests/unit/engine/sync_model.h"

namespace coheld::engine::testing {

using Kind = SyncOp::Kind;

Caller SyncModel::OwnerOf(uint64_t call) const {
  for (const Waiter& waiter : waiters_) {
    if (waiter.op.call == call) return {waiter.op.session, waiter.op.thread};
  }
  return {0, 0};
}

std::vector<uint64_t> SyncModel::WaitsOf(const Caller& owner) const {
  std::vector<uint64_t> calls;
  for (const Waiter& waiter : waiters_) {
    if (OwnerOf(waiter.op.call) == owner) calls.push_back(waiter.op.call);
  }
  return calls;
}

// True if the op waits for its own lock, which it may take again, or of which anybody may release:
// then it uses it as a signal.
bool SyncModel::IsForgiven(const SyncOp& op, const std::string& name) const {
  if (!locks_.Has(name)) return false;
  const LockModel::Lock& lock = locks_.all().at(name);
  return lock.hold && lock.hold->owner == Caller{op.session, op.thread} &&
         (lock.reentrant || lock.anyone_releases);
}

// Those who hold what the op waits for. Who waits for something that anybody may bring about (a
// notification, an event, the last party) waits for nobody.
void SyncModel::AddHolders(const SyncOp& op, std::vector<Blocker>* blockers) const {
  if (op.kind == Kind::kLockAcquire || op.kind == Kind::kAcquireAll) {
    for (const std::string& name : NamesOf(op)) {
      const std::optional<LockModel::Hold>& hold = locks_.all().at(name).hold;
      if (!hold || IsForgiven(op, name)) continue;
      blockers->push_back({.owner = hold->owner, .turn = hold->turn});
    }
  } else if (op.kind == Kind::kAcquireRead || op.kind == Kind::kAcquireWrite) {
    const ReadWrite& lock = read_writes_.at(op.object);
    if (lock.writer) blockers->push_back({.owner = *lock.writer, .turn = lock.writer_turn});
    if (op.kind == Kind::kAcquireRead && !IsBehindWriter(op)) return;
    for (const Holder& reader : lock.readers) {
      blockers->push_back({.owner = reader.owner, .turn = reader.turn});
    }
  } else if (op.kind == Kind::kBarrierWait) {
    const Barrier& barrier = barriers_.at(op.object);
    if (!barrier.runner) return;
    blockers->push_back({.owner = *barrier.runner, .turn = barrier.runner_turn});
  } else if (op.kind == Kind::kSemaphoreAcquire) {
    const Semaphore& semaphore = semaphores_.at(op.object);
    if (semaphore.holders.size() != 1) return;
    const Holder& holder = semaphore.holders.front();
    blockers->push_back({.owner = holder.owner, .turn = holder.turn, .permits = true});
  }
}

// True if one who wants to write, and would wait for ever, is before the op in line.
bool SyncModel::IsBehindWriter(const SyncOp& op) const {
  return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& other) {
    return other.op.object == op.object && other.op.kind == Kind::kAcquireWrite &&
           other.op.call < op.call && !other.op.timeout_ms;
  });
}

// Who stands in one line waits for what all in it wait for; who stands in many is in the way
// itself.
void SyncModel::AddLine(const SyncOp& op, std::vector<Blocker>* blockers) const {
  const std::vector<std::string> names = NamesOf(op);
  for (const Waiter& other : waiters_) {
    if (other.op.others.empty() || other.op.call >= op.call || other.op.timeout_ms) continue;
    const std::vector<std::string> lines = NamesOf(other.op);
    const bool meets = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return std::count(lines.begin(), lines.end(), name) > 0 && !IsForgiven(op, name);
    });
    if (meets) blockers->push_back({.ahead = other.op.call});
  }
}

std::vector<SyncModel::Blocker> SyncModel::BlockersOf(uint64_t call) const {
  std::vector<Blocker> blockers;
  for (const Waiter& waiter : waiters_) {
    if (waiter.op.call != call || waiter.op.timeout_ms) continue;
    AddHolders(waiter.op, &blockers);
    AddLine(waiter.op, &blockers);
  }
  return blockers;
}

}  // namespace coheld::engine::testing
