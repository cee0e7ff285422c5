// What the ops of the lock-like types share: what they ask of their caller, and how they refuse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/engine/object.h"
#include "server/engine/turn.h"

namespace coheld::engine {

// A lock that one owner can hold alone: what can guard other objects (guard.h).
class ExclusiveLock {
 public:
  virtual ~ExclusiveLock() = default;
  // Returns who holds it alone, or nullptr.
  virtual const Hold* exclusive() const = 0;
};

// Returns an owner for people: "session 3 thread 0".
std::string Describe(const Owner& owner);

// Returns an object for people: `the lock "l"`, for the word "lock".
std::string What(std::string_view word, const Object& object);

// Returns why an op that makes its caller an owner is refused (SESSION_REQUIRED), or nothing.
std::optional<Failure> CheckSession(std::string_view word, const Object& object, const Turn& turn);
// The same of what is no object: "a handle".
std::optional<Failure> CheckSession(std::string_view what, const Turn& turn);

// Returns LOCK_LOST if the caller, or with a token the session, held the object of this name and
// lost it, or nothing. `what` is the object for people.
std::optional<Failure> CheckLost(const std::string& what, const std::string& name, uint64_t token,
                                 const Turn& turn);

// Returns why a number of permits, levels or parties is refused (INVALID_ARGUMENT), or nothing.
std::optional<Failure> CheckCount(std::string_view word, const Object& object,
                                  std::string_view field, uint64_t count);

// Returns why one op may not work on these two objects (INVALID_NAME: their names have different
// shard keys), or nothing.
std::optional<Failure> CheckTogether(const std::string& name, const std::string& other);

}  // namespace coheld::engine
