// What the ops of the lock-like types share: what they ask of their caller, and how they refuse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/engine/object.h"
#include "server/engine/turn.h"

namespace coheld::engine {

// Returns an owner for people: "session 3 thread 0".
std::string Describe(const Owner& owner);

// Returns why an op that makes its caller an owner is refused (SESSION_REQUIRED), or nothing.
// `what` names the object: "the lock \"l\"".
std::optional<Failure> CheckSession(const std::string& what, const Turn& turn);

// Returns why a Create is refused (OBJECT_EXISTS), or nothing.
std::optional<Failure> CheckExclusive(const std::string& what, bool exclusive, const Turn& turn);

// Returns why a number of permits, levels or parties is refused (INVALID_ARGUMENT), or nothing.
std::optional<Failure> CheckCount(const std::string& what, std::string_view field, uint64_t count);

// Returns why one op may not work on these two objects (INVALID_NAME: their names have different
// shard keys), or nothing.
std::optional<Failure> CheckTogether(const std::string& name, const std::string& other);

// Returns how long a request may wait; nothing is for ever.
template <typename Request>
std::optional<uint64_t> TimeoutOf(const Request& request) {
  return request.has_timeout_ms() ? std::optional<uint64_t>(request.timeout_ms()) : std::nullopt;
}

// Fills in the reply of a Create.
template <typename Reply>
Outcome AnswerCreate(const Object& object, const Turn& turn, Reply* reply) {
  reply->set_name(object.name());
  reply->set_created(turn.created());
  return Done();
}

}  // namespace coheld::engine
