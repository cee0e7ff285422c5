// The `if_version` that changing requests may carry: an op that finds another version changes
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proto/wire/result.h"
#include "server/engine/object.h"

namespace coheld::engine {

// Returns the version that a request wants, if it wants one.
template <typename Request>
std::optional<uint64_t> IfVersionOf(const Request& request) {
  if constexpr (requires { request.has_if_version(); }) {
    if (!request.has_if_version()) return std::nullopt;
    return request.if_version();
  } else {
    return request.if_version;
  }
}

// Returns VERSION_MISMATCH, naming both versions, if the request wants another version than the
// object has. Handlers check it before anything else.
template <typename Request>
std::optional<wire::Failure> CheckVersion(const Object& object, const Request& request) {
  const std::optional<uint64_t> wanted = IfVersionOf(request);
  if (!wanted || *wanted == object.version()) return std::nullopt;
  return wire::Failure{v1::ERROR_REASON_VERSION_MISMATCH,
                       "\"" + object.name() + "\" is at version " +
                           std::to_string(object.version()) + ", not at if_version " +
                           std::to_string(*wanted) + "; read it again and retry"};
}

}  // namespace coheld::engine
