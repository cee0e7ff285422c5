// Snapshots on a simulated disk.
#include "server/journal/snapshot.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

Status Write(Files& files, uint64_t index, std::string_view state) {
  SnapshotWriter writer(files, "d", index);
  while (!state.empty()) {
    const std::string_view part = state.substr(0, 700'000);
    if (Status fault = writer.Add(part)) return fault;
    state.remove_prefix(part.size());
  }
  return writer.Finish();
}

Status Read(Files& files, uint64_t index, std::string* state) {
  state->clear();
  std::unique_ptr<SnapshotReader> reader;
  if (Status fault = SnapshotReader::Open(files, "d", index, &reader)) return fault;
  std::string part;
  do {
    if (Status fault = reader->Next(&part)) return fault;
    *state += part;
  } while (!part.empty());
  return std::nullopt;
}

std::string LargeState() {
  std::string state;
  while (state.size() < 3'000'000) state += std::to_string(state.size() * 7919);
  return state;
}

TEST(SnapshotTest, ReadsTheStateThatWasWritten) {
  for (const std::string& state : {std::string(), std::string("small"), LargeState()}) {
    SimulatedDisk disk;
    ASSERT_FALSE(Write(disk, 7, state));
    std::string read;
    ASSERT_FALSE(Read(disk, 7, &read));
    EXPECT_EQ(read, state);
  }
}

TEST(SnapshotTest, TheNewestIsFoundAndTheOthersGo) {
  SimulatedDisk disk;
  std::optional<uint64_t> index;
  ASSERT_FALSE(FindSnapshot(disk, "d", &index));
  EXPECT_FALSE(index);
  for (const uint64_t each : {3, 12, 100}) ASSERT_FALSE(Write(disk, each, "state"));
  ASSERT_FALSE(FindSnapshot(disk, "d", &index));
  EXPECT_EQ(index, 100u);
  ASSERT_FALSE(RemoveSnapshotsBefore(disk, "d", 100));
  EXPECT_EQ(disk.Now().size(), 1u);
}

TEST(SnapshotTest, EveryFlippedBitAndEveryTruncationIsDamage) {
  SimulatedDisk disk;
  ASSERT_FALSE(Write(disk, 7, "the state of things"));
  const SimulatedDisk::Image good = disk.Now();
  const auto& [path, bytes] = *good.begin();
  std::string read;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    SimulatedDisk left(SimulatedDisk::Image{{path, damaged}});
    ASSERT_TRUE(Read(left, 7, &read)) << "bit " << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    SimulatedDisk left(SimulatedDisk::Image{{path, bytes.substr(0, size)}});
    ASSERT_TRUE(Read(left, 7, &read)) << "size " << size;
  }
}

TEST(SnapshotTest, AChunkOfAnotherPlaceIsDamage) {
  SimulatedDisk disk;
  ASSERT_FALSE(Write(disk, 7, std::string(3'000'000, 's')));
  SimulatedDisk::Image image = disk.Now();
  std::string& bytes = image.begin()->second;
  // The first two chunks are alike, all but their checksums.
  const size_t chunk = 16 + static_cast<uint8_t>(bytes[64]);
  ASSERT_EQ(bytes.substr(64 + 16, chunk - 16), bytes.substr(64 + chunk + 16, chunk - 16));
  bytes.replace(64, chunk, bytes.substr(64 + chunk, chunk));
  SimulatedDisk left(image);
  std::string read;
  const Status fault = Read(left, 7, &read);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->message.find("d/snapshot-00000000000000000007 is damaged at byte 64"),
            std::string::npos);
}

TEST(SnapshotTest, AFailedCallOrAPowerCutLeavesTheOldOneOrTheNewOne) {
  for (uint64_t call = 1;; ++call) {
    SimulatedDisk disk;
    ASSERT_FALSE(Write(disk, 1, "old"));
    disk.FailFrom(call, ENOSPC);
    const bool failed = Write(disk, 2, "new").has_value();
    for (uint64_t image = 0; image < 8; ++image) {
      SimulatedDisk left(disk.AfterPowerCut(image));
      std::optional<uint64_t> index;
      ASSERT_FALSE(FindSnapshot(left, "d", &index));
      std::string read;
      ASSERT_TRUE(index);
      ASSERT_FALSE(Read(left, *index, &read)) << "call " << call << " image " << image;
      EXPECT_EQ(read, *index == 1 ? "old" : "new");
      EXPECT_TRUE(failed || *index == 2);
    }
    if (!failed) break;
  }
}

}  // namespace
}  // namespace coheld::journal
