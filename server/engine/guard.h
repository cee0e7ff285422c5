// Guarded objects: a lock whose holder alone may change them (object.proto says what counts as a
// change). The check stands where every op of a type finds its object (ResolveObject), so that no
// type can forget it; the few ops that change an object otherwise (Admin.Delete, Object.SetTtl)
// call it themselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/engine/lock_like.h"
#include "server/engine/object.h"
#include "server/engine/turn.h"

namespace coheld::engine {

// Finds the lock by which to guard something, or does so already. OBJECT_NOT_FOUND, WRONG_TYPE.
Result<ExclusiveLock*> FindGuard(const std::string& lock, Turn& turn);

// Returns the name of the lock that guards the object, which has a guard.
std::string GuardName(const Object& object);

// Returns why the op may not change the object, or nothing: GUARD_STALE, LOCK_LOST.
std::optional<Failure> CheckGuard(const Object& object, Turn& turn);

}  // namespace coheld::engine
