// See lock_model.h.
#include "tests/unit/engine/lock_model.h"

#include <algorithm>

#include "tests/unit/engine/op_messages.h"
#include "tests/unit/engine/sync_model.h"

namespace coheld::engine::testing {
namespace {

using Kind = SyncOp::Kind;

Caller CallerOf(const SyncOp& op) { return {op.session, op.thread}; }

std::string Named(uint64_t grant) { return " @" + std::to_string(grant); }

int64_t EndOf(uint64_t lease_ms, int64_t now) {
  return lease_ms == 0 ? INT64_MAX : now + static_cast<int64_t>(lease_ms);
}

std::string Holder(const LockModel::Hold& hold) {
  return Count(" held by", hold.owner.first) + Count(" thread", hold.owner.second) +
         Named(hold.grant);
}

}  // namespace

void LockModel::Add(const std::string& name, bool reentrant, bool anyone_releases) {
  locks_[name].reentrant = reentrant;
  locks_[name].anyone_releases = anyone_releases;
}

bool LockModel::IsTurn(const std::string& name, const SyncOp& op, const Behind& behind) const {
  const Lock& lock = locks_.at(name);
  if (lock.hold) return lock.reentrant && lock.hold->owner == CallerOf(op);
  return !behind(name);
}

std::optional<std::string> LockModel::Attempt(const SyncOp& op, const Behind& behind, int64_t now) {
  if (op.kind == Kind::kRenew) return Renew(op, now);
  if (op.kind == Kind::kLockRelease || op.kind == Kind::kReleaseAll) return Release(op);
  if (op.flag && op.kind == Kind::kLockAcquire) {  // It may have it already.
    const Lock& lock = locks_.at(op.object);
    if (lock.hold && lock.hold->owner == CallerOf(op)) {
      return Count("acquired", lock.reentrant ? lock.hold->depth : 1) + Named(lock.hold->grant);
    }
  }
  for (const std::string& name : NamesOf(op)) {
    if (!IsTurn(name, op, behind)) return std::nullopt;
  }
  return Acquire(op, now);
}

std::string LockModel::AcquireOne(const std::string& name, const SyncOp& op, uint64_t index,
                                  int64_t now) {
  Lock& lock = locks_.at(name);
  if (lock.hold) {
    lock.hold->depth += op.number;
    return "";
  }
  lock.hold = {.owner = CallerOf(op),
               .grant = GrantOf(op.call, index),
               .depth = op.number,
               .ends_ms = EndOf(op.lease_ms, now),
               .lease_ms = op.lease_ms,
               .turn = turn_};
  lock.grants.push_back(lock.hold->grant);
  lost_.erase({CallerOf(op), name});
  return std::exchange(lock.owner_died, false) ? " died " + name : "";
}

std::string LockModel::Acquire(const SyncOp& op, int64_t now) {
  std::string grants;
  std::string died;
  uint64_t index = 0;
  for (const std::string& name : NamesOf(op)) {
    died += AcquireOne(name, op, index++, now);
    grants += Named(locks_.at(name).hold->grant);
  }
  const Lock& first = locks_.at(op.object);
  const uint64_t depth = first.reentrant ? first.hold->depth : 1;
  return Count("acquired", op.kind == Kind::kAcquireAll ? index : depth) + grants + died;
}

std::string LockModel::TimedOut(const SyncOp& op, const Behind& behind, bool waited) const {
  std::string words = "acquired 0";
  for (const std::string& name : NamesOf(op)) {
    if (IsTurn(name, op, behind)) continue;
    if (op.kind == Kind::kAcquireAll) words += " busy " + name;
    const Lock& lock = locks_.at(name);
    if (waited && lock.hold) words += Holder(*lock.hold);
    break;
  }
  return words;
}

bool LockModel::HasLost(const std::string& name, const Caller& caller, uint64_t grant) const {
  return std::any_of(lost_.begin(), lost_.end(), [&](const auto& lost) {
    const auto& [who, lock] = lost.first;
    if (lock != name || who.first != caller.first) return false;
    return grant == 0 ? who == caller : lost.second == grant;
  });
}

std::optional<std::string> LockModel::ReleaseRefusal(const std::string& name, const Caller& caller,
                                                     uint64_t grant) const {
  const std::optional<Hold>& hold = locks_.at(name).hold;
  const bool owns = hold && hold->owner == caller;
  const bool current = hold && (grant == 0 ? owns : hold->grant == grant);
  if (!current && HasLost(name, caller, grant)) return "LOCK_LOST";
  if (!hold) return "LOCK_NOT_HELD";
  if (grant != 0 && !current) return "LOCK_NOT_OWNER";
  if (!owns && !locks_.at(name).anyone_releases) return "LOCK_NOT_OWNER";
  return std::nullopt;
}

std::string LockModel::Release(const SyncOp& op) {
  const uint64_t grant = op.with_token ? op.grant : 0;
  for (const std::string& name : NamesOf(op)) {
    if (auto refusal = ReleaseRefusal(name, CallerOf(op), grant)) return *refusal;
    if (op.number > locks_.at(name).hold->depth) return "INVALID_ARGUMENT";
  }
  for (const std::string& name : NamesOf(op)) {
    std::optional<Hold>& hold = locks_.at(name).hold;
    hold->depth -= op.number;
    if (hold->depth == 0) hold.reset();
  }
  if (op.kind == Kind::kReleaseAll) return "released";
  const Lock& lock = locks_.at(op.object);
  return Count("left", lock.hold ? lock.hold->depth : 0);
}

std::string LockModel::Renew(const SyncOp& op, int64_t now) {
  Lock& lock = locks_.at(op.object);
  const uint64_t grant = op.with_token ? op.grant : 0;
  const bool owns = lock.hold && lock.hold->owner == CallerOf(op);
  const bool current = lock.hold && (grant == 0 ? owns : lock.hold->grant == grant);
  if (!current) {
    if (HasLost(op.object, CallerOf(op), grant)) return "LOCK_LOST";
    return lock.hold ? "LOCK_NOT_OWNER" : "LOCK_NOT_HELD";
  }
  lock.hold->ends_ms = EndOf(op.lease_ms, now);
  lock.hold->lease_ms = op.lease_ms;
  return "renewed" + Named(lock.hold->grant);
}

uint64_t LockModel::LetGo(const std::string& name) {
  const uint64_t depth = locks_.at(name).hold->depth;
  locks_.at(name).hold.reset();
  return depth;
}

std::string LockModel::Inspect(const std::string& name, int64_t now) const {
  const Lock& lock = locks_.at(name);
  if (!lock.hold) return "by 0 thread 0 depth 0";
  std::string words =
      Count("by", lock.hold->owner.first) + Count(" thread", lock.hold->owner.second) +
      Count(" depth", lock.reentrant ? lock.hold->depth : 0) + Named(lock.hold->grant);
  if (lock.hold->ends_ms == INT64_MAX) return words;
  return words + " ends " + std::to_string(std::max<int64_t>(lock.hold->ends_ms - now, 0));
}

void LockModel::Die(Lock& lock) {
  lock.hold.reset();
  lock.owner_died = true;
}

void LockModel::EndSession(uint64_t session) {
  for (auto& [name, lock] : locks_) {
    if (lock.hold && lock.hold->owner.first == session) Die(lock);
  }
  std::erase_if(lost_, [&](const auto& lost) { return lost.first.first.first == session; });
}

std::pair<int64_t, std::string> LockModel::NextEnd() const {
  std::pair<int64_t, std::string> next = {INT64_MAX, ""};
  for (const auto& [name, lock] : locks_) {
    if (lock.hold) next = std::min(next, {lock.hold->ends_ms, name});
  }
  return next;
}

void LockModel::EndLease(const std::string& name) {
  Lock& lock = locks_.at(name);
  lost_[{lock.hold->owner, name}] = lock.hold->grant;
  Die(lock);
}

void LockModel::Rearm(int64_t stalled_ms) {
  for (auto& [name, lock] : locks_) {
    if (lock.hold && lock.hold->ends_ms != INT64_MAX) lock.hold->ends_ms += stalled_ms;
  }
}

void LockModel::Resume(int64_t now) {
  for (auto& [name, lock] : locks_) {
    if (lock.hold) lock.hold->ends_ms = EndOf(lock.hold->lease_ms, now);
  }
}

}  // namespace coheld::engine::testing
