// Fuzzes the reader of saved state: any bytes, under a digest that is right, are refused with a
// reason, or are what the engine that took them saves.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/wire/check.h"
#include "server/engine/engine.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace coheld::engine;
  std::string state(reinterpret_cast<const char*>(bytes), size);
  const StateDigest digest = DigestOf(state);
  state.append(reinterpret_cast<const char*>(&digest), sizeof(digest));
  Engine engine;
  if (const auto failure = engine.Load(state)) {
    COHELD_CHECK(failure->reason == coheld::v1::ERROR_REASON_MALFORMED);
    COHELD_CHECK(!failure->message.empty());
    return 0;
  }
  std::string saved;
  engine.Save([&](std::string_view piece) { saved += piece; });
  COHELD_CHECK(saved == state);
  return 0;
}
