// The `if_version` that changing requests may carry: an op that finds another version changes
// nothing.
#pragma once

#include <optional>
#include <string>

#include "proto/wire/result.h"
#include "server/engine/object.h"

namespace coheld::engine {

// Returns VERSION_MISMATCH, naming both versions, if the request wants another version than the
// object has. Handlers check it before anything else.
template <typename Request>
std::optional<wire::Failure> CheckVersion(const Object& object, const Request& request) {
  if (!request.has_if_version() || request.if_version() == object.version()) return std::nullopt;
  return wire::Failure{v1::ERROR_REASON_VERSION_MISMATCH,
                       "\"" + object.name() + "\" is at version " +
                           std::to_string(object.version()) + ", not at if_version " +
                           std::to_string(request.if_version()) + "; read it again and retry"};
}

}  // namespace coheld::engine
