// See lockable.h.
#include "server/engine/lockable.h"

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

void Lockable::ForgetSession(SessionId session, Turn& turn) {
  if (hold_ && hold_->owner.session == session) GiveBack(hold_->count, turn);
}

void Lockable::SaveHold(StateWriter& state) const { state.PutHold(hold_); }

void Lockable::LoadHold(StateReader& state) { hold_ = state.TakeOptionalHold(); }

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

uint64_t Lockable::Take(uint64_t levels, Turn& turn) {
  if (hold_) {
    COHELD_CHECK(MayGoDeeper(turn));
    hold_->count += levels;
  } else {
    hold_ = {
        .owner = turn.owner(), .token = turn.NextToken(), .since = turn.now(), .count = levels};
    turn.NoteHold(turn.owner().session, *this);
  }
  Touch();
  return hold_->token;
}

std::optional<Failure> Lockable::CheckRelease(uint64_t levels, uint64_t token,
                                              const Turn& turn) const {
  if (!hold_) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_HELD,
                   What() + " is free; acquire it before the release"};
  }
  if (token != 0 && token != hold_->token) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   "token " + std::to_string(token) + " of " + What() +
                       " is stale: the current grant has " + std::to_string(hold_->token)};
  }
  if (!anyone_releases() && !HeldBy(turn.owner())) {
    return Failure{v1::ERROR_REASON_LOCK_NOT_OWNER,
                   What() + " is held by " + Describe(hold_->owner) + ", not by " +
                       Describe(turn.owner()) + "; only its owner may release it"};
  }
  if (levels > hold_->count) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   What() + " is held " + std::to_string(hold_->count) +
                       " levels deep; it cannot be released by " + std::to_string(levels)};
  }
  return std::nullopt;
}

uint64_t Lockable::GiveBack(uint64_t levels, Turn& turn) {
  COHELD_CHECK(hold_ && levels <= hold_->count);
  const uint64_t left = hold_->count -= levels;
  if (left == 0) {
    turn.NoteRelease(hold_->owner.session, *this);
    hold_.reset();
    turn.Wake(waiters_);
  }
  Touch();
  return left;
}

}  // namespace coheld::engine
