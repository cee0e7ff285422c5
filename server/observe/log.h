// The daemon's log: spdlog to stderr, one event a line, key=value.
#pragma once

#include <string>

namespace coheld::observe {

// Sets up the default logger. `level` is debug, info, warn or error.
void StartLog(const std::string& level);

}  // namespace coheld::observe
