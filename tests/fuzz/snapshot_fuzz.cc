// Fuzzes the reading of a snapshot: a good one with bytes written over or cut off, or any bytes.
// What is read without a fault is what was written.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "proto/wire/check.h"
#include "server/journal/snapshot.h"
#include "tests/fuzz/byte_source.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

constexpr uint64_t kIndex = 7;

// Returns the bytes of a snapshot of this state.
std::string Written(std::string_view state) {
  SimulatedDisk disk;
  SnapshotWriter writer(disk, "d", kIndex);
  COHELD_CHECK(!writer.Add(state));
  COHELD_CHECK(!writer.Finish());
  return disk.Now().begin()->second;
}

// Reads a snapshot; nothing if it is refused, with a reason.
std::optional<std::string> Read(const std::string& bytes) {
  SimulatedDisk disk(SimulatedDisk::Image{{"d/" + SnapshotName(kIndex), bytes}});
  std::unique_ptr<SnapshotReader> reader;
  std::string state;
  std::string part;
  Status fault = SnapshotReader::Open(disk, "d", kIndex, &reader);
  while (!fault) {
    fault = reader->Next(&part);
    if (!fault && part.empty()) return state;
    state += part;
  }
  COHELD_CHECK(!fault->message.empty());
  return std::nullopt;
}

}  // namespace
}  // namespace coheld::journal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace coheld::journal;
  coheld::fuzz::ByteSource source(bytes, size);
  const uint8_t choice = source.Byte();
  if (choice == 0) {
    (void)Read(std::string(source.Rest()));
    return 0;
  }
  const std::string state(source.Bytes(source.Short() % 512));
  const std::string good = Written(state);
  std::string damaged = good;
  while (!source.empty())
    damaged[source.Short() % damaged.size()] = static_cast<char>(source.Byte());
  if (choice % 4 == 1) damaged.resize(source.Short() % (damaged.size() + 1));
  const std::optional<std::string> read = Read(damaged);
  COHELD_CHECK(read.has_value() == (damaged == good));
  COHELD_CHECK(!read || *read == state);
  return 0;
}
