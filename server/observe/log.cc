// See log.h.
#include "server/observe/log.h"

#include <google/protobuf/stubs/logging.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace coheld::observe {

void StartLog(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("coheld"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(level));
  // Protobuf would print a line for each malformed message that a peer sends.
  google::protobuf::SetLogHandler(nullptr);
}

}  // namespace coheld::observe
