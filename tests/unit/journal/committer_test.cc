// The committer on a simulated disk.
#include "server/journal/committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

// The disk belongs to the committer while there is one.
class CommitterTest : public testing::Test {
 protected:
  void Start(Level wanted) {
    level = wanted;
    read.clear();
    Journal::Found found;
    std::unique_ptr<Journal> journal;
    ASSERT_FALSE(Journal::Open(
        disk, {.folder = "d", .segment_bytes = 4096, .salt = 1}, 0,
        [this](uint64_t, std::string_view record) -> Status {
          read.emplace_back(record);
          return std::nullopt;
        },
        &found, &journal));
    committer = std::make_unique<Committer>(
        std::move(journal), Committer::Options{.on_progress = [this] { Tell(std::nullopt); },
                                               .on_fault = [this](const Fault& f) { Tell(f); }});
  }

  void Submit() { committer->Submit(level == Level::kSync ? committer->last_index() : 0); }
  uint64_t confirmed() const {
    return level == Level::kSync ? committer->durable() : committer->written();
  }

  void Tell(Status status) {
    {
      const std::lock_guard guard(mutex);
      if (status) fault = status;
      ++progress;
    }
    told.notify_all();
  }

  bool failed() {
    const std::lock_guard guard(mutex);
    return fault.has_value();
  }

  // Waits as the loop does: with each progress it submits again.
  template <typename Predicate>
  void Await(Predicate is_there) {
    std::unique_lock lock(mutex);
    while (!is_there()) {
      const uint64_t seen = progress;
      lock.unlock();
      Submit();
      lock.lock();
      told.wait(lock, [&] { return progress != seen || is_there(); });
    }
  }
  void AwaitConfirmed(uint64_t index) {
    Await([&] { return confirmed() >= index; });
  }

  // Restarts after one record, when the disk has become full; returns when that is known.
  void StartOnAFullDisk() {
    Start(Level::kSync);
    committer->Add("first");
    Submit();
    AwaitConfirmed(1);
    RestartOnAFullDisk();
  }

  // The disk has become full; returns when that is known.
  void RestartOnAFullDisk() {
    committer.reset();
    const SimulatedDisk::Image before = disk.Now();
    disk = SimulatedDisk(before);
    disk.FailGrowth(ENOSPC);
    Start(Level::kSync);
    Await([&] { return !committer->has_room(); });
  }

  // Rolls, and returns what is sealed then.
  uint64_t AwaitSealed() {
    std::optional<uint64_t> sealed;
    committer->Roll([&](uint64_t index) {
      {
        const std::lock_guard guard(mutex);
        sealed = index;
      }
      told.notify_all();
    });
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return sealed.has_value(); });
    return *sealed;
  }

  SimulatedDisk disk;
  Level level = Level::kSync;
  std::vector<std::string> read;
  std::mutex mutex;
  std::condition_variable told;
  Status fault;
  uint64_t progress = 0;
  std::unique_ptr<Committer> committer;
};

TEST_F(CommitterTest, ConfirmedRecordsSurviveAPowerCut) {
  Start(Level::kSync);
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(committer->Add("record " + std::to_string(i)), static_cast<uint64_t>(i));
    if (i % 3 == 0) Submit();
  }
  AwaitConfirmed(100);
  committer.reset();
  disk = SimulatedDisk(disk.AfterPowerCut(1));
  Start(Level::kSync);
  ASSERT_EQ(read.size(), 100u);
  EXPECT_EQ(read.back(), "record 100");
}

TEST_F(CommitterTest, TheLoopCommitsByItselfWhenTheThreadDoesNot) {
  Start(Level::kSync);
  Await([&] { return committer->has_room() && committer->durable() == 0; });
  uint64_t by_itself = 0;
  for (int i = 0; i < 100; ++i) {
    const uint64_t added = committer->Add("one");
    Submit();
    if (committer->durable() == added) ++by_itself;
    AwaitConfirmed(added);
  }
  EXPECT_GT(by_itself, 0u);
}

TEST_F(CommitterTest, WhatTheLoopWroteBecomesDurableWithoutIt) {
  Start(Level::kAsync);
  for (int i = 1; i <= 10; ++i) {
    committer->Add("record");
    committer->Submit(0);
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return committer->durable() == static_cast<uint64_t>(i); });
  }
}

TEST_F(CommitterTest, ASlowDiskDoesNotHoldUpTheLoop) {
  using std::chrono::milliseconds;
  static constexpr milliseconds kSlow{20};
  static std::atomic<bool> is_slow;
  is_slow = false;
  disk.SetObserver([] {
    if (is_slow) std::this_thread::sleep_for(kSlow);
  });
  Start(Level::kSync);
  is_slow = true;
  committer->Add("one");
  AwaitConfirmed(1);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    committer->Add("more");
    Submit();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10 * kSlow);
  AwaitConfirmed(11);
}

TEST_F(CommitterTest, WhatWasAddedBeforeTheEndIsWritten) {
  Start(Level::kAsync);
  for (int i = 0; i < 100; ++i) committer->Add("record");
  committer.reset();
  disk = SimulatedDisk(disk.AfterPowerCut(1));
  Start(Level::kAsync);
  EXPECT_EQ(read.size(), 100u);
}

TEST_F(CommitterTest, AFailedSyncIsToldAndConfirmsNothing) {
  Start(Level::kSync);
  committer->Add("one");
  AwaitConfirmed(1);
  committer.reset();
  disk.FailFrom(12, EIO);
  Start(Level::kSync);
  uint64_t added = 1;
  while (!failed()) {
    committer->Add("more");
    Submit();
    ++added;
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return fault || confirmed() == added; });
  }
  EXPECT_EQ(fault->code, EIO);
  const uint64_t never = committer->Add("never");
  Submit();
  EXPECT_LT(confirmed(), never);
  committer.reset();
}

TEST_F(CommitterTest, AFullDiskIsToldWhileThereIsStillRoom) {
  Start(Level::kSync);
  Await([&] { return committer->has_room(); });
  RestartOnAFullDisk();
  EXPECT_EQ(committer->Add("still"), 1u);
  Submit();
  AwaitConfirmed(1);
  EXPECT_FALSE(fault);
}

TEST_F(CommitterTest, AFullDiskKeepsNoRoomForASegmentThatDoesNotFit) {
  StartOnAFullDisk();
  committer.reset();
  EXPECT_FALSE(disk.Now().contains("d/journal-next"));
}

TEST_F(CommitterTest, RoomThatReturnsIsFound) {
  disk.FailGrowth(0);
  StartOnAFullDisk();
  committer.reset();
  disk.FailGrowth(0);
  Start(Level::kSync);
  Await([&] { return committer->has_room() && committer->has_reserve_for(0); });
}

TEST_F(CommitterTest, TheEndOfTheReserveIsToldBeforeTheJournalIsFull) {
  StartOnAFullDisk();
  EXPECT_TRUE(committer->has_reserve_for(0));
  while (committer->has_reserve_for(0) && !fault) {
    const uint64_t index = committer->Add("what gives room back");
    Submit();
    AwaitConfirmed(index);
  }
  EXPECT_FALSE(fault);
  // And what time brings about is written still.
  const uint64_t end = committer->Add("an end");
  Submit();
  AwaitConfirmed(end);
  EXPECT_FALSE(fault);
  // A daemon that is started now finds all of it.
  const size_t records = committer->last_index();
  committer.reset();
  Start(Level::kSync);
  EXPECT_EQ(read.size(), records);
}

TEST_F(CommitterTest, RollingSealsWhatWasHandedOver) {
  Start(Level::kAsync);
  for (int i = 0; i < 10; ++i) committer->Add("record");
  Submit();
  EXPECT_EQ(AwaitSealed(), 10u);
  committer->Add("another");
  Submit();
  EXPECT_EQ(AwaitSealed(), 11u);
  EXPECT_EQ(AwaitSealed(), 11u);
  EXPECT_EQ(committer->bytes_added(), 10 * 7 + 8u);
}

TEST_F(CommitterTest, RollingOnAFullDiskTellsWhatIsSealedAlready) {
  Start(Level::kSync);
  committer->Add("one");
  AwaitConfirmed(1);
  EXPECT_EQ(AwaitSealed(), 1u);
  committer.reset();
  const SimulatedDisk::Image before = disk.Now();
  disk = SimulatedDisk(before);
  disk.FailGrowth(ENOSPC);
  Start(Level::kSync);
  committer->Add("two");
  AwaitConfirmed(2);
  EXPECT_EQ(AwaitSealed(), 1u);
  EXPECT_FALSE(fault);
}

}  // namespace
}  // namespace coheld::journal
