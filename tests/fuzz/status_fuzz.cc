// Fuzzes the reading of grpc-status-details-bin: what a client gets from a server it may not trust.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <google/protobuf/stubs/logging.h>

#include "proto/wire/check.h"
#include "proto/wire/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using coheld::wire::Failure;
  google::protobuf::SetLogHandler(nullptr);
  const Failure failure =
      coheld::wire::DecodeStatusDetails({reinterpret_cast<const char*>(bytes), size});
  // What was read once can be written, and reads the same again.
  const Failure again =
      coheld::wire::DecodeStatusDetails(coheld::wire::EncodeStatusDetails(failure));
  COHELD_CHECK(again.reason == failure.reason && again.message == failure.message);
  return 0;
}
