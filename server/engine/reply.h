// What an op answers.
#pragma once

#include <optional>
#include <string>

#include "coheld/v1/common.pb.h"
#include "proto/wire/result.h"
#include "server/engine/ids.h"

namespace coheld::engine {

struct Reply {
  CallId call{};
  std::optional<wire::Failure> failure;
  std::string payload;  // The serialised reply message; empty on failure.
  // How safe what it tells has to be before it leaves: the highest level of the objects that the op
  // saw. Unspecified is the daemon's.
  v1::Durability durability = v1::DURABILITY_UNSPECIFIED;
};

}  // namespace coheld::engine
