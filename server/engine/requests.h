// What many requests have in common, read in one way: a timeout, an exclusive create.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/wire/result.h"
#include "server/engine/object.h"
#include "server/engine/turn.h"

namespace coheld::engine {

// Returns the request's timeout_ms as Turn::Park wants it: nothing is for ever.
template <typename Request>
std::optional<uint64_t> TimeoutOf(const Request& request) {
  if constexpr (requires { request.has_timeout_ms(); }) {
    if (!request.has_timeout_ms()) return std::nullopt;
    return request.timeout_ms();
  } else {
    return request.timeout_ms;
  }
}

// Returns OBJECT_EXISTS if the request is an exclusive create and the object was there. `word` says
// what it is.
template <typename Request>
std::optional<Failure> CheckExclusive(std::string_view word, const Object& object,
                                      const Request& request, const Turn& turn) {
  if (!request.exclusive() || turn.created()) return std::nullopt;
  return Failure{v1::ERROR_REASON_OBJECT_EXISTS,
                 "the " + std::string(word) + " \"" + object.name() +
                     "\" exists; use another name, or create without exclusive"};
}

// Fills in what every create answers.
template <typename Reply>
void AnswerCreate(const Object& object, const Turn& turn, Reply* reply) {
  reply->set_name(object.name());
  reply->set_created(turn.created());
}

}  // namespace coheld::engine
