// What an op answers.
#pragma once

#include <optional>
#include <string>

#include "proto/wire/result.h"
#include "server/engine/ids.h"

namespace coheld::engine {

struct Reply {
  CallId call{};
  std::optional<wire::Failure> failure;
  std::string payload;  // The serialised reply message; empty on failure.
};

}  // namespace coheld::engine
