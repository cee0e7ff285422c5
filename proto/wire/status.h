// The one table from ErrorReason to gRPC code, and the encoding of a Failure as gRPC trailers
// (google.rpc.Status with google.rpc.ErrorInfo). Both sides use it; no I/O.
#pragma once

#include <string>
#include <string_view>

#include "proto/wire/result.h"

namespace coheld::wire {

// The canonical gRPC status codes (https://grpc.io/docs/guides/status-codes/).
enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Returns the gRPC code that belongs to a reason.
Code CodeOf(v1::ErrorReason reason);

// Returns the reason's wire word, such as "QUEUE_EMPTY".
std::string ReasonWord(v1::ErrorReason reason);

// Returns the reason of a wire word, or ERROR_REASON_UNSPECIFIED if there is none.
v1::ErrorReason ReasonOf(std::string_view word);

// Returns the serialised google.rpc.Status that goes into grpc-status-details-bin (not yet base64).
std::string EncodeStatusDetails(const Failure& failure);

// Reads what EncodeStatusDetails wrote; the reason is ERROR_REASON_UNSPECIFIED if it holds none.
Failure DecodeStatusDetails(std::string_view details);

}  // namespace coheld::wire
