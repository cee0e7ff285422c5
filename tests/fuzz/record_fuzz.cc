// Fuzzes the reading of a record: any bytes are refused, or are an input that is written as the
// same bytes again or as others that read the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/wire/check.h"
#include "server/engine/input_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace coheld::engine;
  Input input;
  if (!DecodeInput(std::string_view(reinterpret_cast<const char*>(bytes), size), &input)) return 0;
  std::string written;
  EncodeInput(input, &written);
  Input again;
  COHELD_CHECK(DecodeInput(written, &again));
  std::string twice;
  EncodeInput(again, &twice);
  COHELD_CHECK(twice == written);
  COHELD_CHECK(again.kind == input.kind && again.payload == input.payload);
  return 0;
}
