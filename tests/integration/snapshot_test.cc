// Snapshots of a running daemon: the journal before them goes, and whatever is killed when,
// everything is there afterwards.
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

class SnapshotTest : public ::testing::Test {
 protected:
  // Starts a daemon on the folder, with these flags too.
  void Start(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {"--data-dir", folder(), "--segment-bytes", "64k", "--durability",
                                 "async", "--listen", address()});
    daemon_.Spawn(flags);
    ASSERT_TRUE(daemon_.WaitUntilReady()) << daemon_.Log();
    client_.emplace(Connect());
  }
  // Its client goes on when the daemon comes back, however busy the machine is.
  Client Connect() const { return Client::connect(address(), {.connect_timeout = 60s}); }
  void Kill() {
    daemon_.Kill();
    daemon_.WaitForExit();
  }
  // It comes back on the same address, so that clients go on.
  void KillAndStart(std::vector<std::string> flags = {}) {
    Kill();
    Start(std::move(flags));
  }
  std::string address() const { return "unix:" + data_.path() + "/coheld.sock"; }
  std::string folder() const { return data_.path() + "/data"; }
  Admin admin() const { return Admin(*client_); }
  SnapshotStatus Status() const { return *admin().status().snapshots; }

  // Appends so many numbers to a list; they go on from those before.
  void Append(int count) {
    const List<int> list(*client_, "list");
    for (int i = 0; i < count; ++i) list.append(appended_++);
  }
  void ExpectAllThere() const {
    const List<int> list(*client_, "list");
    ASSERT_EQ(list.size(), static_cast<size_t>(appended_));
    int expected = 0;
    for (const int number : list.values()) ASSERT_EQ(number, expected++);
  }
  // How many shards the daemon has; each has a journal and snapshots of its own.
  static size_t Shards() {
    const char* const shards = std::getenv("COHELD_TEST_SHARDS");
    return shards == nullptr ? 1 : std::stoul(shards);
  }
  // Returns the folder of each.
  std::vector<std::string> Folders() const {
    if (Shards() == 1) return {folder()};
    std::vector<std::string> folders;
    for (size_t shard = 0; shard < Shards(); ++shard) {
      folders.push_back(folder() + "/shard-" + std::to_string(shard));
    }
    return folders;
  }
  // Returns how many files have names that begin so.
  size_t Files(const std::string& prefix) const {
    size_t count = 0;
    for (const std::string& folder : Folders()) {
      DIR* const stream = opendir(folder.c_str());
      while (const dirent* entry = readdir(stream)) {
        count += std::string(entry->d_name).starts_with(prefix) ? 1 : 0;
      }
      closedir(stream);
    }
    return count;
  }

  testing::TemporaryFolder data_;
  testing::DaemonProcess daemon_;
  std::optional<Client> client_;
  int appended_ = 0;
};

TEST_F(SnapshotTest, TheJournalBeforeItGoes) {
  Start({"--snapshot-after", "0"});
  Append(5000);
  EXPECT_GT(Files("journal-0"), Shards() + 1);
  const SnapshotMade made = admin().snapshot();
  EXPECT_GE(made.index, 5000u);
  EXPECT_EQ(Files("snapshot-0"), Shards());
  // Trimming is the committer's next chore; another snapshot comes after it.
  Append(1);
  admin().snapshot();
  EXPECT_LE(Files("journal-0"), 2 * Shards());
  EXPECT_EQ(Status().made, Shards() + 1);  // Only the list's shard had more.
  KillAndStart();
  ExpectAllThere();
  const RecoveryStatus recovery = *admin().status().recovery;
  EXPECT_GT(recovery.snapshot_index, made.index);
  EXPECT_LT(recovery.records, 100u);
}

TEST_F(SnapshotTest, OneThatHasItAllIsNotMadeAgain) {
  Start();
  Append(10);
  SnapshotMade made;
  SnapshotMade again = admin().snapshot();
  EXPECT_EQ(Status().made, Shards());
  uint64_t count = 0;
  // Of several shards each may record once, within seconds, what others tell it of answers that
  // arrived: then it has more.
  size_t records_left = Shards() == 1 ? 0 : Shards();
  do {
    made = again;
    count = Status().made;
    again = admin().snapshot();
  } while (Status().made != count && records_left-- > 0);
  EXPECT_EQ(again.index, made.index);
  EXPECT_EQ(Status().made, count);
}

TEST_F(SnapshotTest, TheyAreMadeAsTheJournalGrows) {
  Start({"--snapshot-after", "16k"});
  while (Status().made < 3) Append(100);
  EXPECT_TRUE(daemon_.WaitForLog("snapshot_made"));
  KillAndStart();
  ExpectAllThere();
}

TEST_F(SnapshotTest, WithoutADataFolderThereIsNone) {
  testing::DaemonProcess daemon;
  daemon.Start();
  const Admin admin(Client::connect(daemon.address_unix()));
  EXPECT_FALSE(admin.status().snapshots);
  EXPECT_THROW(admin.snapshot(), NoJournal);
}

TEST_F(SnapshotTest, AFailureIsToldAndHarmless) {
  Start({"--snapshot-after", "0"});
  Append(10);
  // A folder is in the way of the file.
  const std::string in_the_way = Folders().back() + "/snapshot-next";
  ASSERT_EQ(mkdir(in_the_way.c_str(), 0700), 0);
  EXPECT_THROW(admin().snapshot(), SnapshotFailed);
  EXPECT_EQ(Status().failed, 1u);
  EXPECT_NE(Status().last_failure.find("snapshot-next"), std::string::npos);
  ASSERT_EQ(rmdir(in_the_way.c_str()), 0);
  Append(10);
  admin().snapshot();
  KillAndStart();
  ExpectAllThere();
}

// The daemon is killed while its snapshot process is anywhere, and with it the process.
TEST_F(SnapshotTest, ADaemonKilledInTheMidstOfOneLosesNothing) {
  Start({"--snapshot-after", "4k"});
  for (int round = 0; round < 20; ++round) {
    Append(200);
    // Asks anew when the daemon is back.
    std::jthread asking([client = Connect()] {
      try {
        Admin(client).snapshot();
      } catch (const SnapshotFailed&) {  // The process of the daemon before was still ending.
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(round * 2));
    KillAndStart({"--snapshot-after", "4k"});
    ExpectAllThere();
  }
}

// At each step of the snapshot process it kills itself.
TEST_F(SnapshotTest, AProcessKilledAtAnyStepIsTriedAgain) {
  for (const char* point :
       {"snapshot.rebuilt", "snapshot.created", "snapshot.wrote_chunk", "snapshot.ended",
        "snapshot.synced", "snapshot.loaded", "snapshot.renamed", "snapshot.removed_all"}) {
    setenv("COHELD_FAILPOINT", point, 1);
    Start({"--snapshot-after", "0"});
    unsetenv("COHELD_FAILPOINT");
    Append(100);
    EXPECT_THROW(admin().snapshot(), SnapshotFailed) << point;
    KillAndStart({"--snapshot-after", "0"});
    ExpectAllThere();
    Append(1);
    EXPECT_GT(admin().snapshot().index, 100u) << point;
    Kill();
  }
}

}  // namespace
}  // namespace coheld
