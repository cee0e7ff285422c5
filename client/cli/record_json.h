// Records of the journal as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/cli/command.h"
#include "server/engine/ids.h"

namespace coheld::cli {

// Returns a record as JSON: index, time, kind, and what it has of session, thread, method, object,
// request ... Throws std::runtime_error if this program does not know it.
Json RecordJson(uint64_t index, std::string_view record);

// "2026-11-23T12:00:00.123Z".
std::string TimeText(engine::TimeMs time);

}  // namespace coheld::cli
