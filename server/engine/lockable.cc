// See lockable.h.
#include "server/engine/lockable.h"

#include <utility>

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/planted_bug.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

void Lockable::SaveHold(StateWriter& state) const {
  state.PutHold(hold_);
  state.PutFlag(owner_died_);
}

void Lockable::LoadHold(StateReader& state) {
  hold_ = state.TakeOptionalHold();
  owner_died_ = state.TakeFlag();
  if (hold_ && (hold_->ends == kNever) != (hold_->lease_ms == 0))
    state.Fail("its lease has no end");
  if (hold_ && owner_died_) state.Fail("a lock is held, and its owner died");
  if (alarm() != (hold_ ? hold_->ends : kNever)) state.Fail("its lease ends at another time");
}

std::vector<Hold> Lockable::BlockersOf(const ParkedOp& waiter, bool /*timeouts*/) const {
  // An owner does not wait for itself if it may go deeper, or if anybody may release: then it uses
  // the lock as a signal.
  if (HeldBy(waiter.stamp.owner) && (reentrant() || anyone_releases())) return {};
  return holds();
}

std::optional<Failure> Lockable::CheckAcquire(uint64_t levels, const Turn& turn) const {
  if (auto failure = CheckSession(word(), *this, turn)) return failure;
  if (auto failure = CheckCount(word(), *this, "levels", levels)) return failure;
  const uint64_t depth = MayGoDeeper(turn) ? hold_->count : 0;
  if (levels <= kCountMax - depth) return std::nullopt;
  return Failure{v1::ERROR_REASON_OVERFLOW, What() + " is held " + std::to_string(depth) +
                                                " levels deep; " + std::to_string(levels) +
                                                " more are beyond the limit of " +
                                                std::to_string(kCountMax)};
}

Lockable::Grant Lockable::Take(uint64_t levels, uint64_t lease_ms, Turn& turn) {
  Grant grant;
  if (hold_) {
    COHELD_CHECK(MayGoDeeper(turn));
    hold_->count += levels;
  } else {
    hold_ = {.owner = turn.owner(),
             .token = turn.NextToken(),
             .since = turn.now(),
             .count = levels,
             .site = std::exchange(spare_site_, {})};
    hold_->site.assign(turn.site());
    if (Planted(PlantedBug::kTokenFromClock)) hold_->token = static_cast<uint64_t>(turn.now());
    turn.NoteHold(turn.owner().session, *this);
    turn.ForgetLost(*this);
    if (lease_ms > 0) SetLease(lease_ms, turn);
    grant.owner_died = std::exchange(owner_died_, false);
  }
  Touch();
  grant.token = hold_->token;
  return grant;
}

void Lockable::SetLease(uint64_t lease_ms, Turn& turn) {
  if (Planted(PlantedBug::kLockLeaseNeverEnds)) lease_ms = 0;
  if (Planted(PlantedBug::kLockLeaseEndsEarly)) lease_ms = (lease_ms + 1) / 2;
  hold_->lease_ms = lease_ms;
  hold_->ends = lease_ms == 0 ? kNever : After(turn.now(), lease_ms);
  turn.SetAlarm(*this, hold_->ends);
}

std::optional<Failure> Lockable::CheckRenew(uint64_t token, const Turn& turn) const {
  if (Planted(PlantedBug::kLostLockRenewed) && hold_) return std::nullopt;
  if (auto failure = CheckCurrent(token, turn)) return failure;
  if (token == 0 && !HeldBy(turn.owner())) return NotOwner(turn.owner(), "renew");
  return std::nullopt;
}

std::optional<Failure> Lockable::CheckCurrent(uint64_t token, const Turn& turn) const {
  const bool is_current = hold_ && (token == 0 ? HeldBy(turn.owner()) : token == hold_->token);
  if (is_current) return std::nullopt;
  if (auto failure = CheckLost(What(), name(), token, turn)) return failure;
  if (!hold_) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_HELD, What() + " is free; acquire it first"};
  }
  if (token == 0) return std::nullopt;
  return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER, "token " + std::to_string(token) + " of " +
                                                      What() + " is stale: the current grant has " +
                                                      std::to_string(hold_->token)};
}

Failure Lockable::NotOwner(const Owner& caller, std::string_view verb) const {
  return {v1::ERROR_REASON_LOCK_NOT_OWNER, What() + " is held by " + Describe(hold_->owner) +
                                               ", not by " + Describe(caller) +
                                               "; only its owner may " + std::string(verb) + " it"};
}

std::optional<Failure> Lockable::CheckRelease(uint64_t levels, uint64_t token,
                                              const Turn& turn) const {
  if (auto failure = CheckCurrent(token, turn)) return failure;
  if (!anyone_releases() && !HeldBy(turn.owner())) return NotOwner(turn.owner(), "release");
  if (levels > hold_->count) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   What() + " is held " + std::to_string(hold_->count) +
                       " levels deep; it cannot be released by " + std::to_string(levels)};
  }
  return std::nullopt;
}

uint64_t Lockable::GiveBack(uint64_t levels, Turn& turn) {
  COHELD_CHECK(hold_ && levels <= hold_->count);
  if (Planted(PlantedBug::kDepthForgotten)) levels = hold_->count;
  const uint64_t left = hold_->count -= levels;
  if (left == 0) {
    turn.NoteRelease(hold_->owner.session, *this);
    turn.NoteShift(hold_->owner);  // It may wait for this lock, as a signal; now it stands in line.
    if (hold_->ends != kNever) turn.SetAlarm(*this, kNever);
    spare_site_ = std::move(hold_->site);
    hold_.reset();
    turn.Wake(waiters_);
  }
  Touch();
  return left;
}

void Lockable::EndByDeath(Turn& turn) {
  GiveBack(hold_->count, turn);
  owner_died_ = !Planted(PlantedBug::kDeathNotTold);
}

void Lockable::ForgetSession(SessionId session, Turn& turn) {
  if (hold_ && hold_->owner.session == session) EndByDeath(turn);
}

void Lockable::OnAlarm(Turn& turn) {
  COHELD_CHECK(hold_ && hold_->ends <= turn.now());
  turn.NoteLost(*hold_, *this, LostRight::Why::kLeaseEnded);
  EndByDeath(turn);
}

void Lockable::Rearm(uint64_t stalled_ms, Turn& turn) {
  if (!hold_ || hold_->ends == kNever || Planted(PlantedBug::kLockLeaseNotRearmed)) return;
  hold_->ends = After(hold_->ends, stalled_ms);
  turn.SetAlarm(*this, hold_->ends);
}

void Lockable::Resume(Turn& turn) {
  if (hold_ && hold_->ends != kNever) SetLease(hold_->lease_ms, turn);
}

void Lockable::Ending(Turn& turn) {
  if (hold_) turn.NoteLost(*hold_, *this, LostRight::Why::kDeleted);
}

}  // namespace coheld::engine
