// grpc.health.v1: the standard health service
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
#pragma once

#include <string>
#include <string_view>

#include "proto/wire/result.h"

namespace coheld::dispatch {

inline constexpr std::string_view kHealthCheckPath = "/grpc.health.v1.Health/Check";
inline constexpr std::string_view kHealthWatchPath = "/grpc.health.v1.Health/Watch";

struct HealthQuery {
  bool serving = true;
  bool watch = false;  // Watch answers SERVICE_UNKNOWN where Check fails.
};

// Answers a serialised HealthCheckRequest; the service "" is the whole daemon. MALFORMED; for Check
// also OBJECT_NOT_FOUND for a service that is none of ours.
wire::Result<std::string> HealthReply(std::string_view request, const HealthQuery& query);

// Returns the serialised NOT_SERVING reply that watchers get at shutdown.
std::string HealthNotServing();

}  // namespace coheld::dispatch
