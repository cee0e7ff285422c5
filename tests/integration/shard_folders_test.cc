// coheldctl on what a daemon with several shards keeps on disk: backup, restore, verify, compact,
// repair, dump.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/folder_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing::kFirstSegment;
using testing::Outcome;

constexpr int kNames = 30;  // So many that each shard has some.

std::string Name(int number) { return "name" + std::to_string(number); }

class ShardFoldersTest : public testing::FolderFixture {
 protected:
  void Start(const std::string& data, const std::string& shards = "3") {
    daemon_ = std::make_unique<testing::DaemonProcess>();
    daemon_->Start({"--shards", shards, "--data-dir", Path(data), "--segment-bytes", "64k",
                    "--durability", "async"});
  }
  void Stop() {
    daemon_->Terminate();
    EXPECT_EQ(daemon_->WaitForExit(), 0);
    daemon_.reset();
  }
  void Kill() {
    daemon_->Kill();
    daemon_->WaitForExit();
    daemon_.reset();
  }
  Client Connect() const { return Client::connect(daemon_->address_unix(), {.session_ttl = 600s}); }

  // Appends a number to a list for each name.
  void Append(int number) const {
    const Client client = Connect();
    for (int i = 0; i < kNames; ++i) List<int>(client, Name(i)).append(number);
  }
  void ExpectEachHas(const std::vector<int>& numbers) const {
    const Client client = Connect();
    for (int i = 0; i < kNames; ++i) EXPECT_EQ(List<int>(client, Name(i)).values(), numbers);
  }
};

TEST_F(ShardFoldersTest, ABackupHasAllThatWasAnsweredBefore) {
  Start("data");
  Append(1);
  const Json made = CtlJson("backup " + Path("backup"));
  EXPECT_EQ(made["path"], Path("backup"));
  ASSERT_EQ(made["shards"].size(), 3u);
  Append(2);
  Stop();
  const Json verified = CtlJson("verify " + Path("backup"));
  EXPECT_EQ(verified["good"], true);
  for (int shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(verified["shards"][shard]["state"]["index"], made["shards"][shard]);
    EXPECT_GT(verified["shards"][shard]["state"]["objects"], 0);
  }
  EXPECT_EQ(CtlJson("restore " + Path("backup") + " " + Path("new"))["shards"].size(), 3u);
  Start("new");
  ExpectEachHas({1});
}

TEST_F(ShardFoldersTest, ABackupIsReplacedByTheNextOfItsName) {
  Start("data");
  Append(1);
  ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
  Append(2);
  ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
  EXPECT_FALSE(HasUnfinished());
  Stop();
  ASSERT_EQ(Ctl("restore " + Path("backup") + " " + Path("new")).code, 0);
  Start("new");
  ExpectEachHas({1, 2});
}

TEST_F(ShardFoldersTest, ABackupTouchesNoFolderButItsOwn) {
  Start("data");
  Append(1);
  fs::create_directories(Path("backups/backup-next"));
  for (const char* const name : {"backup.next", "backups/backup-next"}) {
    fs::create_directories(Path(name));
    std::ofstream(Path(name) + "/text") << "somebody's";
  }
  EXPECT_EQ(Ctl("backup " + Path("backup")).code, 0);
  EXPECT_EQ(Ctl("backup " + Path("backups")).code, 0);
  EXPECT_TRUE(fs::exists(Path("backup.next/text")));
  EXPECT_TRUE(fs::exists(Path("backups/backup-next/text")));
}

TEST_F(ShardFoldersTest, BackupsAtOnceToOneNameAreEachWhole) {
  Start("data");
  Append(1);
  Stop();
  for (int round = 0; round < 5; ++round) {
    const std::string target = Path("backup" + std::to_string(round));
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        const Outcome outcome = Ctl("backup " + target + " --data-dir " + Path("data"));
        EXPECT_EQ(outcome.code, 0) << outcome.output;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(CtlJson("verify " + target)["good"], true);
  }
  EXPECT_FALSE(HasUnfinished());
}

TEST_F(ShardFoldersTest, OnlyABackupIsReplaced) {
  Start("data");
  Append(1);
  ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
  ASSERT_EQ(Ctl("restore " + Path("backup") + " " + Path("restored")).code, 0);
  const Outcome restored = Ctl("backup " + Path("restored"));
  EXPECT_EQ(restored.code, 2);
  EXPECT_NE(restored.output.find("is a data folder; put the backup elsewhere"), std::string::npos)
      << restored.output;
  for (const char* const name : {"backup/notes", "backup/shard-1/notes"}) {
    std::ofstream(Path(name)) << "somebody's";
    const Outcome mixed = Ctl("backup " + Path("backup"));
    EXPECT_EQ(mixed.code, 2);
    EXPECT_NE(mixed.output.find("so it is no backup; put the backup elsewhere"), std::string::npos)
        << mixed.output;
    EXPECT_TRUE(fs::remove(Path(name)));
  }
  fs::remove(Path("restored/shards"));  // As if the restore had not got to its end.
  EXPECT_EQ(Ctl("backup " + Path("restored")).code, 2);
  EXPECT_FALSE(HasUnfinished());
}

TEST_F(ShardFoldersTest, BackupsInAFolderAreNamedForTheirIndex) {
  Start("data");
  fs::create_directory(Path("backups"));
  Append(1);
  const Json first = CtlJson("backup " + Path("backups"));
  Append(2);
  const Json second = CtlJson("backup " + Path("backups"));
  EXPECT_NE(first["path"], second["path"]);
  Stop();
  EXPECT_EQ(CtlJson("verify " + first["path"].get<std::string>())["good"], true);
  // The newest.
  EXPECT_EQ(CtlJson("verify " + Path("backups"))["path"], second["path"]);
  const Outcome dumped = Ctl("dump " + Path("backups"));
  EXPECT_EQ(dumped.code, 0);
  EXPECT_NE(dumped.output.find(second["path"].get<std::string>()), std::string::npos);
  ASSERT_EQ(Ctl("restore " + Path("backups") + " " + Path("new")).code, 0);
  Start("new");
  ExpectEachHas({1, 2});
}

TEST_F(ShardFoldersTest, ABackupIsNotPutAmongTheDaemonsFiles) {
  Start("data");
  Append(1);
  for (const std::string& target : {Path("data"), Path("data/shard-1")}) {
    const Outcome outcome = Ctl("backup " + target);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.output.find("is a data folder; put the backup elsewhere"), std::string::npos)
        << outcome.output;
  }
  std::ofstream(Path("text")) << "text";
  EXPECT_EQ(Ctl("backup " + Path("text")).code, 2);
}

TEST_F(ShardFoldersTest, AFolderThatNoDaemonUsesIsBackedUpToo) {
  Start("data");
  Append(1);
  const Outcome used = Ctl("backup " + Path("backup") + " --data-dir " + Path("data"));
  EXPECT_EQ(used.code, 4);
  EXPECT_NE(used.output.find("is in use by process"), std::string::npos) << used.output;
  Stop();
  ASSERT_EQ(Ctl("backup " + Path("backup") + " --data-dir " + Path("data")).code, 0);
  ASSERT_EQ(Ctl("restore " + Path("backup") + " " + Path("new")).code, 0);
  Start("new");
  ExpectEachHas({1});
}

TEST_F(ShardFoldersTest, TokensOfEveryShardContinueAboveAllThatWereGiven) {
  Start("data");
  std::vector<uint64_t> last;
  {
    const Client client = Connect();
    for (int i = 0; i < kNames; ++i) Lock(client, Name(i)).lock();
    ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
    for (int i = 0; i < kNames; ++i) {
      Lock lock(client, "after" + std::to_string(i));
      for (int round = 0; round < 10; ++round) {
        lock.lock();
        last.push_back(lock.token());
        lock.unlock();
      }
    }
    Kill();
  }
  ASSERT_EQ(Ctl("restore " + Path("backup") + " " + Path("new")).code, 0);
  Start("new");
  const Client client = Connect();
  const uint64_t highest = *std::max_element(last.begin(), last.end());
  for (int i = 0; i < kNames; ++i) {
    Lock lock(client, Name(i));
    ASSERT_TRUE(lock.try_lock()) << "its holder's session has ended";
    EXPECT_GT(lock.token(), highest);
  }
}

TEST_F(ShardFoldersTest, ARestoredFolderIsForItsNumberOfShards) {
  Start("data");
  Append(1);
  ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
  Stop();
  const Outcome restored = Ctl("restore " + Path("backup") + " " + Path("new"));
  EXPECT_NE(restored.output.find("start the daemon with --shards 3"), std::string::npos);
  EXPECT_THROW(Start("new", "2"), std::runtime_error);
  EXPECT_NE(daemon_->Log().find("Start the daemon with --shards 3"), std::string::npos);
  daemon_.reset();
  const Outcome again = Ctl("restore " + Path("backup") + " " + Path("new"));
  EXPECT_EQ(again.code, 4);
  EXPECT_NE(again.output.find("is not empty"), std::string::npos) << again.output;
}

TEST_F(ShardFoldersTest, NoDaemonStartsOnHalfARestore) {
  Start("data");
  Append(1);
  ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
  Stop();
  setenv("COHELD_FAILPOINT", "restore.saved@2", 1);
  EXPECT_NE(Ctl("restore " + Path("backup") + " " + Path("new")).code, 0);
  unsetenv("COHELD_FAILPOINT");
  for (const char* const shards : {"1", "3"}) {
    EXPECT_THROW(Start("new", shards), std::runtime_error);
    EXPECT_NE(daemon_->Log().find("a restore did not get to its end"), std::string::npos)
        << daemon_->Log();
  }
}

TEST_F(ShardFoldersTest, WhatOneShardLosesEndsTheSessionsOfAll) {
  Start("data");
  {
    const Client client = Connect();
    for (int i = 0; i < kNames; ++i) Lock(client, "lock" + std::to_string(i)).lock();
    for (int i = 0; i < kNames; ++i) {
      for (int item = 0; item < 100; ++item) List<int>(client, Name(i)).append(item);
    }
    Kill();
  }
  Damage(Path("data/shard-1/") + kFirstSegment, 20'000);
  const Json verified = CtlJson("verify " + Path("data"), 5);
  EXPECT_EQ(verified["good"], false);
  EXPECT_EQ(verified["shards"][0]["good"], true);
  EXPECT_EQ(verified["shards"][1]["good"], false);

  const Json plan = CtlJson("repair " + Path("data"), 5);
  EXPECT_EQ(plan["shards"][1]["loses"], true);
  EXPECT_EQ(CtlJson("verify " + Path("data"), 5), verified) << "nothing was changed";

  const Json done = CtlJson("repair --yes " + Path("data"));
  for (int shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(done["shards"][shard]["repaired"], true);
    EXPECT_GE(done["shards"][shard]["sessions_ended"], 1);
  }
  EXPECT_EQ(CtlJson("verify " + Path("data"))["good"], true);
  Start("data");
  const Client client = Connect();
  EXPECT_EQ(Admin(client).sessions().size(), 1u);
  for (int i = 0; i < kNames; ++i) {
    EXPECT_TRUE(Lock(client, "lock" + std::to_string(i)).try_lock());
  }
}

TEST_F(ShardFoldersTest, AGoodFolderIsNotRepaired) {
  Start("data");
  Append(1);
  Stop();
  const Json done = CtlJson("repair --yes " + Path("data"));
  for (const Json& shard : done["shards"]) EXPECT_EQ(shard["needed"], false);
  Start("data");
  ExpectEachHas({1});
}

TEST_F(ShardFoldersTest, AShardThatAFirstStartDidNotGetToLosesNothing) {
  setenv("COHELD_FAILPOINT", "folder.locked@2", 1);
  EXPECT_THROW(Start("data"), std::runtime_error);
  unsetenv("COHELD_FAILPOINT");
  daemon_.reset();
  const Json plan = CtlJson("repair " + Path("data"), 5);
  for (const Json& shard : plan["shards"]) EXPECT_FALSE(shard.value("loses", false));
  EXPECT_EQ(Ctl("repair --yes " + Path("data")).code, 0);
  EXPECT_EQ(CtlJson("verify " + Path("data"))["good"], true);
  Start("data");
  Append(1);
  ExpectEachHas({1});
}

TEST_F(ShardFoldersTest, AShardWhoseFilesAreGoneIsRepairedWithTheOthers) {
  Start("data");
  {
    const Client client = Connect();
    for (int i = 0; i < kNames; ++i) Lock(client, "lock" + std::to_string(i)).lock();
    Kill();
  }
  fs::remove_all(Path("data/shard-1"));
  const Json done = CtlJson("repair --yes " + Path("data"));
  EXPECT_EQ(done["shards"][1]["loses"], true);
  for (const int shard : {0, 2}) EXPECT_GE(done["shards"][shard]["sessions_ended"], 1);
  EXPECT_EQ(CtlJson("verify " + Path("data"))["good"], true);
  Start("data");
  const Client client = Connect();
  for (int i = 0; i < kNames; ++i) {
    Lock lock(client, "lock" + std::to_string(i));
    ASSERT_TRUE(lock.try_lock());
    EXPECT_GT(lock.token(), uint64_t{1} << 40);
  }
}

TEST_F(ShardFoldersTest, TheDaemonTellsOfEachShardThatItCompacts) {
  Start("data");
  Append(1);
  EXPECT_EQ(CtlJson("compact")["shards"].size(), 3u);
  const Outcome outcome = Ctl("compact");
  EXPECT_NE(outcome.output.find(" of 3 shards now"), std::string::npos) << outcome.output;
}

TEST_F(ShardFoldersTest, EachShardIsCompacted) {
  Start("data");
  Append(1);
  Stop();
  const Json before = CtlJson("verify " + Path("data"));
  ASSERT_EQ(Ctl("compact " + Path("data")).code, 0);
  const Json after = CtlJson("verify " + Path("data"));
  for (int shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(after["shards"][shard]["snapshots"].size(), 1u);
    EXPECT_EQ(after["shards"][shard]["state"], before["shards"][shard]["state"]);
  }
}

TEST_F(ShardFoldersTest, DumpTellsOfWhichShardARecordIs) {
  Start("data");
  Append(1);
  const Outcome outcome = Ctl("dump " + Path("data"));
  EXPECT_EQ(outcome.code, 0);
  std::set<int> shards;
  int appended = 0;
  std::istringstream text(outcome.output);
  for (std::string line; std::getline(text, line);) {
    const Json record = Json::parse(line);
    shards.insert(record["shard"].get<int>());
    appended += record.value("method", "") == "List.Append" ? 1 : 0;
  }
  EXPECT_EQ(shards, (std::set<int>{0, 1, 2}));
  EXPECT_EQ(appended, kNames);
}

}  // namespace
}  // namespace coheld
