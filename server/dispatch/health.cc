// See health.h.
#include "server/dispatch/health.h"

#include "grpc/health/v1/health.pb.h"
#include "server/dispatch/reflection.h"

namespace coheld::dispatch {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

wire::Result<std::string> HealthReply(std::string_view request, const HealthQuery& query) {
  HealthCheckRequest parsed;
  if (!parsed.ParseFromArray(request.data(), static_cast<int>(request.size()))) {
    return wire::Failure{v1::ERROR_REASON_MALFORMED, "the message is no HealthCheckRequest"};
  }
  HealthCheckResponse reply;
  reply.set_status(query.serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  if (!parsed.service().empty() && !IsService(parsed.service())) {
    if (!query.watch) {
      return wire::Failure{v1::ERROR_REASON_OBJECT_NOT_FOUND,
                           "no service \"" + parsed.service() + "\""};
    }
    reply.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
  }
  return reply.SerializeAsString();
}

std::string HealthNotServing() {
  HealthCheckResponse reply;
  reply.set_status(HealthCheckResponse::NOT_SERVING);
  return reply.SerializeAsString();
}

}  // namespace coheld::dispatch
