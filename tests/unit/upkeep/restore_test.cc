// Restored folders: what the backup had is there, nobody of then is, and no number is given twice.
#include "server/upkeep/restore.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "server/engine/placement.h"
#include "server/upkeep/compact.h"
#include "tests/unit/upkeep/folders.h"

namespace coheld::upkeep {
namespace {

constexpr char kBackup[] = "backup";
constexpr int64_t kNowMs = 5'000;

// A daemon with a list, a held lock and a leased item, backed up after record 25.
class RestoreTest : public testing::Test {
 protected:
  RestoreTest() : busy(disk) {
    busy.OpenSession(1);
    busy.Acquire(1, "lock");
    busy.Put("queue", "task");
    busy.Lease(1, "queue");
    busy.AppendMany(21);
    EXPECT_FALSE(SaveState(busy.engine(), journal::SnapshotWriter::InFile(disk, kBackup, 25)));
  }

  Status RestoreInto(journal::Files& files, const std::string& folder, int64_t now_ms = kNowMs) {
    LoadedState backup;
    if (Status fault = LoadStateFile(files, kBackup, &backup)) return fault;
    return Restore(files, backup, folder, now_ms, &restored);
  }

  SimulatedDisk disk;
  BusyEngine busy;
  Restored restored;
};

// Goes on with a restored folder.
std::unique_ptr<engine::Engine> StartRestored(const SimulatedDisk& disk) {
  SimulatedDisk::Image image;
  for (const auto& [path, bytes] : disk.Now()) {
    if (path.starts_with("new/")) image["d/" + path.substr(4)] = bytes;
  }
  SimulatedDisk started_on(image);
  Started started = Start(started_on);
  EXPECT_FALSE(started.fault) << MessageOf(started.fault);
  return std::move(started.engine);
}

TEST_F(RestoreTest, WhatTheBackupHadIsThere) {
  ASSERT_FALSE(RestoreInto(disk, "new"));
  const auto engine = StartRestored(disk);
  EXPECT_EQ(ItemsIn(*engine), 21u);
  EXPECT_EQ(restored.backup.index, 25u);
  EXPECT_EQ(restored.backup.sessions, 1u);
  EXPECT_EQ(FiguresOf(*engine, 25).digest, restored.state.digest);
}

TEST_F(RestoreTest, SessionsEndAndWhatTheyHadIsFree) {
  ASSERT_FALSE(RestoreInto(disk, "new"));
  EXPECT_EQ(restored.renewal.sessions_ended, 1u);
  const auto engine = StartRestored(disk);
  EXPECT_TRUE(engine->sessions().all().empty());
  EXPECT_EQ(engine->store().Find("lock")->object->size(), 0u);
  EXPECT_EQ(engine->store().Find("queue")->object->size(), 1u);
}

TEST_F(RestoreTest, NoNumberIsGivenTwice) {
  // The daemon went on after the backup.
  uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    busy.OpenSession(static_cast<uint64_t>(2 + i));
    last = busy.Acquire(static_cast<uint64_t>(2 + i), "lock " + std::to_string(i));
  }
  const uint64_t version = busy.engine().store().Find("lock")->object->version();
  ASSERT_FALSE(RestoreInto(disk, "new"));
  const auto engine = StartRestored(disk);
  EXPECT_GT(engine->last_token(), last);
  EXPECT_GT(engine->last_session(), busy.engine().last_session());
  EXPECT_GT(engine->last_call(), busy.engine().last_call());
  EXPECT_GT(engine->store().next_anonymous(), busy.engine().store().next_anonymous());
  EXPECT_GT(engine->store().version_floor(), busy.engine().store().version_floor());
  EXPECT_GT(engine->store().Find("lock")->object->version(), version);
}

TEST_F(RestoreTest, TheOlderTheBackupTheFurtherNumbersJump) {
  ASSERT_FALSE(RestoreInto(disk, "new", kNowMs));
  const uint64_t soon = restored.renewal.numbers_from;
  constexpr int64_t kYearMs = int64_t{365} * 24 * 3600 * 1000;
  ASSERT_FALSE(RestoreInto(disk, "later", kNowMs + kYearMs));
  EXPECT_GE(restored.renewal.numbers_from - soon, uint64_t{kYearMs} * 4096);
  // A clock that was set back is no reason to jump back.
  ASSERT_FALSE(RestoreInto(disk, "earlier", -kYearMs));
  EXPECT_GE(restored.renewal.numbers_from, uint64_t{1} << 40);
}

TEST_F(RestoreTest, HoweverOldAndOftenAnonymousObjectsStayTheShards) {
  constexpr uint32_t kShard = 3;
  constexpr int64_t kYearsMs = int64_t{30} * 365 * 24 * 3600 * 1000;
  LoadedState backup{.engine =
                         std::make_unique<engine::Engine>(kShard * engine::kAnonymousPerShard + 1)};
  uint64_t before = 0;
  for (int round = 0; round < 10; ++round) {
    const std::string folder = "new" + std::to_string(round);
    ASSERT_FALSE(Restore(disk, backup, folder, kYearsMs, &restored));
    ASSERT_FALSE(LoadFolder(disk, folder, &backup));
    const uint64_t next = backup.engine->store().next_anonymous();
    EXPECT_GT(next, before);
    before = next;
    const std::string name = "~" + std::to_string(next);
    EXPECT_EQ(engine::ShardOf(name, engine::kShardsMax), kShard) << name << ", round " << round;
  }
}

TEST_F(RestoreTest, ARestoredFolderCanBeBackedUpAndRestored) {
  ASSERT_FALSE(RestoreInto(disk, "new"));
  const uint64_t before = restored.renewal.numbers_from;
  LoadedState again;
  ASSERT_FALSE(LoadFolder(disk, "new", &again));
  ASSERT_FALSE(Restore(disk, again, "newer", kNowMs, &restored));
  EXPECT_GT(restored.renewal.numbers_from, before);
}

TEST_F(RestoreTest, AFolderWithSomethingInItIsRefused) {
  for (const char* name : {"journal-00000000000000000001", "secret", "notes.txt"}) {
    SimulatedDisk::Image image = disk.Now();
    image[std::string("new/") + name] = "x";
    SimulatedDisk used(image);
    const Status fault = RestoreInto(used, "new");
    EXPECT_NE(MessageOf(fault).find(std::string("new is not empty: it has ") + name),
              std::string::npos);
    EXPECT_EQ(used.Now(), image);
  }
}

TEST_F(RestoreTest, ADamagedBackupIsRefused) {
  SimulatedDisk::Image image = disk.Now();
  image.at(kBackup)[100] ^= 1;
  SimulatedDisk damaged(image);
  EXPECT_NE(MessageOf(RestoreInto(damaged, "new")).find("backup is damaged at byte"),
            std::string::npos);
  EXPECT_EQ(damaged.Now(), image);
}

TEST_F(RestoreTest, AFailedCallLeavesAFolderToTryAgainWith) {
  for (uint64_t call = 1;; ++call) {
    SimulatedDisk failing(disk.Now());
    failing.FailFrom(call, ENOSPC);
    const bool failed = RestoreInto(failing, "new").has_value();
    failing.FailNoMore();
    SimulatedDisk left(failing.AfterPowerCut(call));
    const Status again = RestoreInto(left, "new");
    if (!failed) break;
    // It may have been whole before the last call failed.
    if (again) {
      EXPECT_NE(MessageOf(again).find("is not empty"), std::string::npos);
    }
    EXPECT_EQ(ItemsIn(*StartRestored(left)), 21u) << "call " << call;
  }
}

}  // namespace
}  // namespace coheld::upkeep
