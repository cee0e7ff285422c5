// The snapshot process's work on a simulated disk: wherever it is cut short, the folder is good.
#include "server/snapshot/write_snapshot.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "server/recovery/recovery.h"
#include "tests/unit/journal/simulated_disk.h"
#include "tests/unit/recovery/recorded_engine.h"

namespace coheld::snapshot {
namespace {

using journal::SimulatedDisk;
using journal::Status;
using recovery::RecordedEngine;

constexpr auto kNobody = [](const recovery::Report&) {};

std::string MessageOf(const Status& fault) { return fault ? fault->message : "no fault"; }

// Returns the digest of the state in a folder, and from where it came.
engine::StateDigest Recovered(journal::Files& files, recovery::Report* report) {
  engine::Engine engine;
  std::unique_ptr<journal::Journal> journal;
  const Status fault = recovery::Recover(files, {.folder = "d", .segment_bytes = 4096, .salt = 7},
                                         kNobody, &engine, report, &journal);
  EXPECT_FALSE(fault) << MessageOf(fault);
  return engine.Digest();
}

size_t Snapshots(const SimulatedDisk& disk) {
  size_t count = 0;
  for (const auto& [path, bytes] : disk.Now()) count += path.starts_with("d/snapshot-") ? 1 : 0;
  return count;
}

class WriteSnapshotTest : public testing::Test {
 protected:
  SimulatedDisk disk;
  RecordedEngine daemon{disk, 4096};
  recovery::Report report;
  uint64_t bytes = 0;
};

TEST_F(WriteSnapshotTest, ItTakesThePlaceOfTheSealedSegments) {
  daemon.AppendMany(300);
  ASSERT_FALSE(daemon.journal().Roll());
  daemon.AppendMany(5);
  ASSERT_FALSE(WriteSnapshot(disk, "d", 300, &bytes));
  EXPECT_EQ(bytes, disk.Now().at("d/" + journal::SnapshotName(300)).size());
  ASSERT_FALSE(daemon.journal().TrimTo(300));
  EXPECT_EQ(Recovered(disk, &report), daemon.engine().Digest());
  EXPECT_EQ(report.snapshot, 300u);
  EXPECT_EQ(report.records, 5u);
}

TEST_F(WriteSnapshotTest, TheNextOneBeginsWithTheOneBeforeAndRemovesIt) {
  daemon.AppendMany(300);
  ASSERT_FALSE(daemon.journal().Roll());
  ASSERT_FALSE(WriteSnapshot(disk, "d", 300, &bytes));
  ASSERT_FALSE(daemon.journal().TrimTo(300));
  daemon.AppendMany(10);
  ASSERT_FALSE(daemon.journal().Roll());
  ASSERT_FALSE(WriteSnapshot(disk, "d", 310, &bytes));
  EXPECT_EQ(Snapshots(disk), 1u);
  EXPECT_EQ(Recovered(disk, &report), daemon.engine().Digest());
  EXPECT_EQ(report.snapshot, 310u);
}

TEST_F(WriteSnapshotTest, OneThatIsThereIsKept) {
  daemon.AppendMany(10);
  ASSERT_FALSE(daemon.journal().Roll());
  ASSERT_FALSE(WriteSnapshot(disk, "d", 10, &bytes));
  const SimulatedDisk::Image image = disk.Now();
  uint64_t again = 0;
  ASSERT_FALSE(WriteSnapshot(disk, "d", 10, &again));
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(disk.Now(), image);
}

TEST_F(WriteSnapshotTest, TheSegmentBeingWrittenIsNotTouched) {
  daemon.AppendMany(50);
  ASSERT_FALSE(daemon.journal().Roll());
  daemon.AppendMany(5);
  const std::string current = "d/" + journal::SegmentName(51);
  const std::string before = disk.Now().at(current);
  ASSERT_FALSE(WriteSnapshot(disk, "d", 50, &bytes));
  EXPECT_EQ(disk.Now().at(current), before);
}

TEST_F(WriteSnapshotTest, AnyFailedCallOrPowerCutLeavesAGoodFolder) {
  daemon.AppendMany(100);
  ASSERT_FALSE(daemon.journal().Roll());
  ASSERT_FALSE(WriteSnapshot(disk, "d", 100, &bytes));
  ASSERT_FALSE(daemon.journal().TrimTo(100));
  daemon.AppendMany(100);
  ASSERT_FALSE(daemon.journal().Roll());
  const engine::StateDigest digest = daemon.engine().Digest();
  const SimulatedDisk::Image image = disk.Now();
  for (const int code : {EIO, ENOSPC}) {
    bool whole = false;
    for (uint64_t call = 1; !whole; ++call) {
      SimulatedDisk failing(image);
      failing.FailFrom(call, code);
      whole = !WriteSnapshot(failing, "d", 200, &bytes);
      SimulatedDisk killed(failing.Now());
      EXPECT_EQ(Recovered(killed, &report), digest) << "killed at call " << call;
      for (uint64_t seed = 0; seed < 3; ++seed) {
        SimulatedDisk cut(failing.AfterPowerCut(seed));
        EXPECT_EQ(Recovered(cut, &report), digest) << "call " << call << " seed " << seed;
        ASSERT_FALSE(WriteSnapshot(cut, "d", 200, &bytes)) << "call " << call << " seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace coheld::snapshot
