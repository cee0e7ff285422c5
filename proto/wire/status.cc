// The reason table. See status.h.
#include "proto/wire/status.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace coheld::wire {
namespace {

constexpr std::string_view kPrefix = "ERROR_REASON_";
constexpr std::string_view kDomain = "coheld";

}  // namespace

Code CodeOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_UNSPECIFIED:
      return Code::kUnknown;
    case v1::ERROR_REASON_MALFORMED:
    case v1::ERROR_REASON_INVALID_ARGUMENT:
    case v1::ERROR_REASON_INVALID_NAME:
    case v1::ERROR_REASON_INVALID_VALUE:
    case v1::ERROR_REASON_NOT_ORDERABLE:
    case v1::ERROR_REASON_NOT_HASHABLE:
    case v1::ERROR_REASON_UNSUPPORTED_OPERAND:
    case v1::ERROR_REASON_SLICE_STEP_ZERO:
    case v1::ERROR_REASON_SLICE_SIZE_MISMATCH:
    case v1::ERROR_REASON_TYPECODE_MISMATCH:
    case v1::ERROR_REASON_DIVISION_BY_ZERO:
      return Code::kInvalidArgument;
    case v1::ERROR_REASON_UNKNOWN_METHOD:
      return Code::kUnimplemented;
    case v1::ERROR_REASON_NOT_COMPARABLE:
    case v1::ERROR_REASON_WRONG_TYPE:
    case v1::ERROR_REASON_QUEUE_EMPTY:
    case v1::ERROR_REASON_QUEUE_FULL:
    case v1::ERROR_REASON_TASK_DONE_TOO_OFTEN:
    case v1::ERROR_REASON_LOCK_NOT_HELD:
    case v1::ERROR_REASON_SESSION_REQUIRED:
    case v1::ERROR_REASON_SESSION_EXPIRED:
    case v1::ERROR_REASON_SEMAPHORE_RELEASED_TOO_OFTEN:
    case v1::ERROR_REASON_HOST_TAKEN:
    case v1::ERROR_REASON_HOST_NOT_ATTACHED:
    case v1::ERROR_REASON_QUEUE_SHUT_DOWN:
    case v1::ERROR_REASON_TOPIC_FULL:
    case v1::ERROR_REASON_ALREADY_ACKNOWLEDGED:
    case v1::ERROR_REASON_LEASE_LOST:
    case v1::ERROR_REASON_NO_JOURNAL:
    case v1::ERROR_REASON_CROSS_SHARD:
      return Code::kFailedPrecondition;
    case v1::ERROR_REASON_OBJECT_NOT_FOUND:
    case v1::ERROR_REASON_OBJECT_DELETED:
    case v1::ERROR_REASON_VALUE_NOT_FOUND:
    case v1::ERROR_REASON_KEY_NOT_FOUND:
    case v1::ERROR_REASON_ATTRIBUTE_NOT_FOUND:
    case v1::ERROR_REASON_SUBSCRIPTION_NOT_FOUND:
      return Code::kNotFound;
    case v1::ERROR_REASON_OBJECT_EXISTS:
      return Code::kAlreadyExists;
    case v1::ERROR_REASON_INDEX_OUT_OF_RANGE:
    case v1::ERROR_REASON_OVERFLOW:
      return Code::kOutOfRange;
    case v1::ERROR_REASON_VERSION_MISMATCH:
    case v1::ERROR_REASON_BARRIER_BROKEN:
    case v1::ERROR_REASON_COMPACTED:
    case v1::ERROR_REASON_LOCK_LOST:
    case v1::ERROR_REASON_DEADLOCK:
      return Code::kAborted;
    case v1::ERROR_REASON_LOCK_NOT_OWNER:
    case v1::ERROR_REASON_GUARD_STALE:
      return Code::kPermissionDenied;
    case v1::ERROR_REASON_TOO_LARGE:
    case v1::ERROR_REASON_TOO_MANY:
    case v1::ERROR_REASON_SLOW_CONSUMER:
    case v1::ERROR_REASON_MEMORY_FULL:
    case v1::ERROR_REASON_DISK_FULL:
      return Code::kResourceExhausted;
    case v1::ERROR_REASON_UNAUTHENTICATED:
      return Code::kUnauthenticated;
    case v1::ERROR_REASON_CANCELLED:
    case v1::ERROR_REASON_TAKEN_OVER:
      return Code::kCancelled;
    case v1::ERROR_REASON_DEADLINE_EXCEEDED:
      return Code::kDeadlineExceeded;
    case v1::ERROR_REASON_SHUTTING_DOWN:
    case v1::ERROR_REASON_HOST_GONE:
    case v1::ERROR_REASON_SNAPSHOT_FAILED:
      return Code::kUnavailable;
    case v1::ERROR_REASON_INTERNAL:
    case v1::ErrorReason_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::ErrorReason_INT_MAX_SENTINEL_DO_NOT_USE_:
      return Code::kInternal;
  }
  return Code::kUnknown;  // A number that a newer peer sent.
}

std::string ReasonWord(v1::ErrorReason reason) {
  const std::string& name = v1::ErrorReason_Name(reason);
  return name.empty() ? "UNSPECIFIED" : name.substr(kPrefix.size());
}

v1::ErrorReason ReasonOf(std::string_view word) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  std::string name(kPrefix);
  name += word;
  v1::ErrorReason_Parse(name, &reason);
  return reason;
}

std::string EncodeStatusDetails(const Failure& failure) {
  google::rpc::ErrorInfo error_info;
  error_info.set_reason(ReasonWord(failure.reason));
  error_info.set_domain(std::string(kDomain));
  google::rpc::Status status;
  status.set_code(static_cast<int>(CodeOf(failure.reason)));
  status.set_message(failure.message);
  status.add_details()->PackFrom(error_info);
  return status.SerializeAsString();
}

Failure DecodeStatusDetails(std::string_view details) {
  Failure failure;
  google::rpc::Status status;
  if (!status.ParseFromArray(details.data(), static_cast<int>(details.size()))) return failure;
  failure.message = status.message();
  for (const auto& detail : status.details()) {
    google::rpc::ErrorInfo error_info;
    if (detail.UnpackTo(&error_info) && error_info.domain() == kDomain) {
      failure.reason = ReasonOf(error_info.reason());
    }
  }
  return failure;
}

}  // namespace coheld::wire
