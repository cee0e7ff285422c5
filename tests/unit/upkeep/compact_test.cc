// Compacted folders have the same state, in one snapshot.
#include "server/upkeep/compact.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "server/upkeep/verify.h"
#include "tests/unit/upkeep/folders.h"

namespace coheld::upkeep {
namespace {

class CompactTest : public testing::Test {
 protected:
  CompactTest() {
    BusyEngine busy(disk);
    busy.AppendMany(100);
    EXPECT_FALSE(busy.WriteSnapshot());
    busy.AppendMany(200);
    EXPECT_FALSE(busy.journal().Sync());
    digest = busy.engine().Digest();
  }

  SimulatedDisk disk;
  engine::StateDigest digest;
  Compacted compacted;
};

TEST_F(CompactTest, TheSnapshotHasItAll) {
  ASSERT_FALSE(Compact(disk, "d", &compacted));
  EXPECT_EQ(compacted.records, 200u);
  EXPECT_EQ(compacted.state.digest, digest);
  const Verdict verdict = VerifyFolder(disk, "d");
  EXPECT_TRUE(verdict.good());
  EXPECT_EQ(verdict.snapshots.size(), 1u);
  EXPECT_EQ(verdict.segments, 1u);
  EXPECT_EQ(verdict.figures.digest, digest);
  EXPECT_FALSE(Start(disk).fault);
}

TEST_F(CompactTest, ASecondTimeThereIsNothingToDo) {
  ASSERT_FALSE(Compact(disk, "d", &compacted));
  const SimulatedDisk::Image before = disk.Now();
  ASSERT_FALSE(Compact(disk, "d", &compacted));
  EXPECT_EQ(compacted.records, 0u);
  EXPECT_EQ(disk.Now(), before);
}

TEST_F(CompactTest, AnEmptyFolderStaysEmpty) {
  SimulatedDisk empty;
  EXPECT_TRUE(Compact(empty, "d", &compacted));
  EXPECT_TRUE(empty.Now().empty());
}

TEST_F(CompactTest, AFailedCallLosesNothing) {
  for (uint64_t call = 1;; ++call) {
    SimulatedDisk failing(disk.Now());
    failing.FailFrom(call, ENOSPC);
    const bool failed = Compact(failing, "d", &compacted).has_value();
    SimulatedDisk left(failing.AfterPowerCut(call));
    const Started started = Start(left);
    ASSERT_FALSE(started.fault) << "call " << call << ": " << MessageOf(started.fault);
    EXPECT_EQ(started.engine->Digest(), digest) << "call " << call;
    if (!failed) break;
  }
}

}  // namespace
}  // namespace coheld::upkeep
