// What a committer does with its journal, in simulated time.
#include "server/journal/committing.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>

#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

using std::chrono::milliseconds;

class CommittingTest : public testing::Test {
 protected:
  void SetUp() override {
    std::unique_ptr<Journal> journal;
    Journal::Found found;
    ASSERT_FALSE(Journal::Open(
        disk, {.folder = "d", .segment_bytes = 4096, .salt = 1}, 0,
        [](uint64_t, std::string_view) -> Status { return std::nullopt; }, &found, &journal));
    committing = std::make_unique<Committing>(
        std::move(journal),
        Committing::Options{.now = [this] { return now; }, .on_progress = [this] { ++progress; }});
  }

  // One turn with a record, for which somebody waits up to `durable`.
  void Commit(uint64_t durable) {
    Committing::Work work{.durable = durable};
    work.batch.Add("record");
    ASSERT_FALSE(committing->DoTurn(&work));
    ASSERT_TRUE(work.batch.empty());
  }

  // Does what is due, when it is due, until nothing is before `end`.
  void PassTime(Committing::Clock::time_point end) {
    while (committing->NextTurn() <= end) {
      now = std::max(now, committing->NextTurn());
      Committing::Work work;
      ASSERT_FALSE(committing->DoTurn(&work));
    }
    now = end;
  }

  SimulatedDisk disk;
  Committing::Clock::time_point now{milliseconds(10'000)};
  int progress = 0;
  std::unique_ptr<Committing> committing;
};

TEST_F(CommittingTest, WhatNobodyWaitsForIsDurableAfterTheInterval) {
  const auto began = now;
  Commit(0);  // Nothing was synced for long: this is at once.
  EXPECT_EQ(committing->durable(), 1u);
  Commit(0);
  EXPECT_EQ(committing->written(), 2u);
  PassTime(began + Committing::kSyncInterval - milliseconds(1));
  EXPECT_EQ(committing->durable(), 1u);
  PassTime(began + Committing::kSyncInterval);
  EXPECT_EQ(committing->durable(), 2u);
}

TEST_F(CommittingTest, WhatIsWrittenAllTheTimeIsNoOlderThanTheInterval) {
  for (uint64_t i = 1; i <= 500; ++i) {
    PassTime(now + milliseconds(1));
    Commit(0);
    const auto oldest_ms = static_cast<uint64_t>(Committing::kSyncInterval.count()) + 1;
    ASSERT_LE(i - committing->durable(), oldest_ms);
  }
}

TEST_F(CommittingTest, WhatIsWrittenNowAndThenIsNoOlderThanTheInterval) {
  Commit(0);
  PassTime(now + milliseconds(1));
  Commit(0);
  const auto written = now;
  PassTime(now + milliseconds(60));
  Commit(0);
  PassTime(written + Committing::kSyncInterval);
  EXPECT_GE(committing->durable(), 2u);
}

TEST_F(CommittingTest, WhatIsWaitedForIsDurableAtOnce) {
  Commit(1);
  EXPECT_EQ(committing->durable(), 1u);
  EXPECT_EQ(progress, 1);
  Commit(1);
  EXPECT_EQ(committing->durable(), 1u);
}

TEST_F(CommittingTest, NothingIsDueOnceItIsMarkedAndHasRoom) {
  Commit(1);
  PassTime(now + milliseconds(1000));
  EXPECT_EQ(committing->NextTurn(), Committing::Clock::time_point::max());
}

TEST_F(CommittingTest, AFullDiskIsToldAndTriedAgain) {
  disk.FailGrowth(ENOSPC);
  PassTime(now + milliseconds(500));
  EXPECT_FALSE(committing->has_room());
  EXPECT_EQ(progress, 1);
  disk.FailGrowth(0);
  PassTime(now + milliseconds(1000));
  EXPECT_TRUE(committing->has_room());
  EXPECT_EQ(progress, 2);
}

TEST_F(CommittingTest, TellsWhatIsSealedOnceThereIsRoomForMore) {
  Commit(1);
  uint64_t sealed = 0;
  Committing::Work work{.sealed = [&](uint64_t index) { sealed = index; }};
  ASSERT_FALSE(committing->DoTurn(&work));
  PassTime(now + milliseconds(100));
  EXPECT_EQ(sealed, 1u);
}

TEST_F(CommittingTest, OnAFullDiskItTellsWhatIsSealedAlready) {
  disk.FailGrowth(ENOSPC);
  Commit(1);
  uint64_t sealed = 99;
  Committing::Work work{.sealed = [&](uint64_t index) { sealed = index; }};
  ASSERT_FALSE(committing->DoTurn(&work));
  PassTime(now + milliseconds(100));
  EXPECT_EQ(sealed, 0u);
}

TEST_F(CommittingTest, AFaultIsToldAndNothingIsConfirmed) {
  disk.FailFrom(1, EIO);
  Committing::Work work{.durable = 1};
  work.batch.Add("record");
  EXPECT_TRUE(committing->DoTurn(&work));
  EXPECT_EQ(committing->durable(), 0u);
  EXPECT_EQ(progress, 0);
}

}  // namespace
}  // namespace coheld::journal
