// Recovery on a simulated disk: the engine is what it was, wherever its parts stood.
#include "server/recovery/recovery.h"

#include <gtest/gtest.h>

#include "tests/unit/journal/simulated_disk.h"
#include "tests/unit/recovery/recorded_engine.h"

namespace coheld::recovery {
namespace {

using journal::SimulatedDisk;
using journal::Status;

std::string MessageOf(const Status& fault) { return fault ? fault->message : "no fault"; }

class RecoveryTest : public testing::Test {
 protected:
  Status Recover(journal::Files& files) {
    engine = std::make_unique<engine::Engine>();
    told = 0;
    return recovery::Recover(
        files, {.folder = "d", .segment_bytes = 4096, .salt = 7}, [this](const Report&) { ++told; },
        engine.get(), &report, &journal);
  }
  Status Rebuild(journal::Files& files, uint64_t up_to) {
    engine = std::make_unique<engine::Engine>();
    return recovery::Rebuild(
        files, "d", up_to, [](const Report&) {}, engine.get(), &report);
  }

  SimulatedDisk disk;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<journal::Journal> journal;
  Report report;
  int told = 0;
};

TEST_F(RecoveryTest, ANewFolderIsEmpty) {
  ASSERT_FALSE(Recover(disk));
  EXPECT_TRUE(report.empty());
  EXPECT_EQ(journal->next_index(), 1u);
  EXPECT_EQ(engine->Digest(), engine::Engine().Digest());
}

TEST_F(RecoveryTest, TheRecordsMakeTheSameState) {
  RecordedEngine before(disk, 4096);
  before.AppendMany(3000);
  ASSERT_FALSE(Recover(disk));
  EXPECT_EQ(engine->Digest(), before.engine().Digest());
  EXPECT_EQ(report.records, 3000u);
  EXPECT_EQ(report.last_index, 3000u);
  EXPECT_GT(report.record_bytes, 3000u * 10);
  EXPECT_FALSE(report.snapshot);
  EXPECT_EQ(journal->next_index(), 3001u);
  EXPECT_EQ(told, 2);
}

TEST_F(RecoveryTest, ASnapshotAndTheRecordsAfterItMakeTheSameState) {
  RecordedEngine before(disk, 4096);
  before.AppendMany(500);
  ASSERT_FALSE(before.WriteSnapshot());
  before.AppendMany(20);
  ASSERT_FALSE(Recover(disk));
  EXPECT_EQ(engine->Digest(), before.engine().Digest());
  EXPECT_EQ(report.snapshot, 500u);
  EXPECT_GT(report.snapshot_bytes, 500u);
  EXPECT_EQ(report.records, 20u);
  EXPECT_EQ(report.last_index, 520u);
}

TEST_F(RecoveryTest, ASnapshotAloneIsEnough) {
  RecordedEngine before(disk, 4096);
  before.AppendMany(500);
  ASSERT_FALSE(before.WriteSnapshot());
  SimulatedDisk::Image image = disk.Now();
  std::erase_if(image, [](const auto& file) { return file.first.starts_with("d/journal"); });
  SimulatedDisk restored(image);
  ASSERT_FALSE(Recover(restored));
  EXPECT_EQ(engine->Digest(), before.engine().Digest());
  EXPECT_EQ(journal->next_index(), 501u);
}

TEST_F(RecoveryTest, TheStateAfterAnyRecordCanBeRebuiltWhileTheJournalIsWritten) {
  RecordedEngine before(disk, 4096);
  before.AppendMany(100);
  ASSERT_FALSE(before.WriteSnapshot());
  before.AppendMany(10);
  const engine::StateDigest digest = before.engine().Digest();
  before.AppendMany(50);
  ASSERT_FALSE(before.journal().Roll());
  before.AppendMany(5);
  const SimulatedDisk::Image image = disk.Now();
  ASSERT_FALSE(Rebuild(disk, 110));
  EXPECT_EQ(engine->Digest(), digest);
  EXPECT_EQ(report.records, 10u);
  EXPECT_EQ(disk.Now(), image);
}

TEST_F(RecoveryTest, ARecordThatIsNotThereIsAFault) {
  RecordedEngine before(disk, 4096);
  before.AppendMany(10);
  EXPECT_NE(MessageOf(Rebuild(disk, 11)).find("before record 11"), std::string::npos);
  ASSERT_FALSE(before.WriteSnapshot());
  EXPECT_NE(MessageOf(Rebuild(disk, 9)).find("has record 10 already"), std::string::npos);
}

TEST_F(RecoveryTest, ARecordThatIsNoneIsAFault) {
  RecordedEngine before(disk, 4096);
  before.AppendMany(2);
  journal::PendingBatch pending;
  pending.Add("\xff");
  ASSERT_FALSE(before.journal().Write(&pending));
  EXPECT_NE(MessageOf(Recover(disk)).find("record 3 of the journal in d is none"),
            std::string::npos);
}

TEST_F(RecoveryTest, ASnapshotThatIsNoStateIsAFault) {
  journal::SnapshotWriter writer(disk, "d", 3);
  ASSERT_FALSE(writer.Add("nonsense"));
  ASSERT_FALSE(writer.Finish());
  EXPECT_NE(MessageOf(Recover(disk)).find(journal::SnapshotName(3) + " cannot be loaded"),
            std::string::npos);
}

}  // namespace
}  // namespace coheld::recovery
