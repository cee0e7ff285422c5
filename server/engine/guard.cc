// See guard.h.
#include "server/engine/guard.h"

#include <utility>

#include "server/engine/engine.h"
#include "server/engine/explain.h"
#include "server/engine/planted_bug.h"
#include "server/engine/value.h"

namespace coheld::engine {
namespace {

// Says who may change the object, which is not the caller.
Failure Stale(const Object& object, const Hold* hold, Turn& turn) {
  const std::string lock = "the lock \"" + GuardName(object) + "\"";
  std::string message = "\"" + object.name() + "\" is guarded by " + lock + ", ";
  if (hold == nullptr) {
    message += "which nobody holds; acquire it first";
  } else if (turn.token() != 0) {
    message += "whose current token is " + std::to_string(hold->token) + ", not " +
               std::to_string(turn.token()) + "; acquire it again";
  } else {
    message += "which is held by " + HolderInWords(turn.engine().sessions(), *hold, turn.now()) +
               ", not by " + Describe(turn.owner()) + "; acquire it first";
  }
  return {v1::ERROR_REASON_GUARD_STALE, std::move(message)};
}

}  // namespace

void Object::SetGuard(std::unique_ptr<Value> lock) { guard_ = std::move(lock); }

Result<ExclusiveLock*> FindGuard(const std::string& lock, Turn& turn) {
  return turn.Find<ExclusiveLock>(lock, "lock, rlock or rwlock");
}

std::string GuardName(const Object& object) { return std::string(object.guard()->pair().first); }

std::optional<Failure> CheckGuard(const Object& object, Turn& turn) {
  if (object.guard() == nullptr || Planted(PlantedBug::kGuardNotChecked)) return std::nullopt;
  if (Planted(PlantedBug::kGuardCheckedOnce) && turn.engine().parked().contains(turn.call()))
    return std::nullopt;
  if (Planted(PlantedBug::kStaleTokenAccepted) && turn.token() != 0) return std::nullopt;
  const std::string name = GuardName(object);
  const Result<ExclusiveLock*> lock = FindGuard(name, turn);
  const Hold* const hold = lock.ok() ? lock.value()->exclusive() : nullptr;
  const bool may = hold != nullptr &&
                   (turn.token() == 0 ? hold->owner == turn.owner() : hold->token == turn.token());
  if (may) return std::nullopt;
  const std::string what = "the lock \"" + name + "\", which guards \"" + object.name() + "\",";
  if (auto failure = CheckLost(what, name, turn.token(), turn)) return failure;
  return Stale(object, hold, turn);
}

}  // namespace coheld::engine
