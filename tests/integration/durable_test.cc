// A daemon with a data folder is killed and started again: what was acknowledged is there.
#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/cpp_fixture.h"
#include "tests/integration/daemon_process.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

// Runs with each level; the daemon comes back on the same addresses and folder.
class DurableTest : public ::testing::TestWithParam<const char*> {
 protected:
  DurableTest() {
    daemon_.Start(Flags());
    addresses_ = daemon_.addresses();
  }

  std::vector<std::string> Flags() const {
    return {"--data-dir", data_.path() + "/data", "--durability",
            GetParam(),   "--segment-bytes",      "1m"};
  }
  void StartAgain() {
    std::vector<std::string> flags = Flags();
    for (const std::string& address : addresses_) {
      flags.push_back("--listen");
      flags.push_back(address);
    }
    daemon_.Spawn(flags);
    ASSERT_TRUE(daemon_.WaitUntilReady()) << daemon_.Log();
  }
  void KillAndStartAgain() {
    daemon_.Kill();
    daemon_.WaitForExit();
    StartAgain();
  }
  Client Connect() const { return Client::connect(daemon_.address_unix()); }

  testing::TemporaryFolder data_;
  testing::DaemonProcess daemon_;
  std::vector<std::string> addresses_;
};
INSTANTIATE_TEST_SUITE_P(Levels, DurableTest, ::testing::Values("async", "sync"));

TEST_P(DurableTest, TheLevelIsTold) {
  const std::string level = GetParam();
  EXPECT_EQ(Admin(Connect()).status().durability, level);
  EXPECT_NE(daemon_.Output().find("durability   " + level), std::string::npos);
}

TEST_P(DurableTest, WhatWasAcknowledgedIsThereAfterAKill) {
  const Client before = Connect();
  const List<int> list(before, "list");
  for (int i = 0; i < 1000; ++i) list.append(i);
  KillAndStartAgain();
  const Client after = Connect();
  const List<int> again(after, "list");
  ASSERT_EQ(again.size(), 1000u);
  EXPECT_EQ(again.get(999), 999);
}

TEST_P(DurableTest, ACleanEndKeepsEverything) {
  const List<int> list(Connect(), "list");
  for (int i = 0; i < 100; ++i) list.append(i);
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
  StartAgain();
  EXPECT_EQ(List<int>(Connect(), "list").size(), 100u);
}

TEST_P(DurableTest, AHolderComesBackAndStillHolds) {
  const Client holder = Client::connect(daemon_.address_unix(), {.session_ttl = 600s});
  Lock lock(holder, "lock");
  const uint64_t token = lock.acquire().token;
  KillAndStartAgain();
  const Client other = Connect();
  Lock same(other, "lock");
  EXPECT_FALSE(same.try_lock());
  lock.release();
  EXPECT_GT(same.acquire().token, token);
}

TEST_P(DurableTest, ALeasedItemIsStillLeased) {
  const Client consumer = Client::connect(daemon_.address_unix(), {.session_ttl = 600s});
  const Queue<int> queue(consumer, "queue");
  queue.put(1);
  queue.put(2);
  Task<int> task = queue.lease();
  KillAndStartAgain();
  const Queue<int> same(Connect(), "queue");
  EXPECT_EQ(same.get(), 2);
  task.ack();
  EXPECT_EQ(same.size(), 0u);
}

TEST_P(DurableTest, AWaitGoesOnOverARestart) {
  const Client waiter = Client::connect(daemon_.address_unix(), {.session_ttl = 600s});
  const Queue<int> queue(waiter, "queue");
  queue.create();
  std::jthread getter([&] { EXPECT_EQ(queue.get(), 7); });
  testing::WaitForWaiters(Connect(), "queue", 1);
  KillAndStartAgain();
  const Client other = Connect();
  testing::WaitForWaiters(other, "queue", 1);
  Queue<int>(other, "queue").put(7);
}

TEST_P(DurableTest, AWaitGoesOnOverACleanRestart) {
  const Client waiter = Client::connect(daemon_.address_unix(), {.session_ttl = 600s});
  const Queue<int> queue(waiter, "queue");
  queue.create();
  std::jthread getter([&] { EXPECT_EQ(queue.get(), 7); });
  testing::WaitForWaiters(Connect(), "queue", 1);
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
  StartAgain();
  const Client other = Connect();
  testing::WaitForWaiters(other, "queue", 1);
  Queue<int>(other, "queue").put(7);
}

TEST_P(DurableTest, ASessionThatNobodyUsesEndsAfterItsTtl) {
  testing::InKilledChild([&] {
    static const Client* const kept =
        new Client(Client::connect(daemon_.address_tcp(), {.session_ttl = 1s}));
    Lock(*kept, "lock").acquire();
  });
  KillAndStartAgain();
  const Client other = Connect();
  EXPECT_TRUE(Lock(other, "lock").try_lock_for(20s));
}

TEST_P(DurableTest, AFailedWriteEndsTheDaemonAndIsNotAcknowledged) {
  constexpr size_t kFileBytesMax = 100'000;
  List<std::string>(Connect(), "list").append("first");
  const rlimit limit{.rlim_cur = kFileBytesMax, .rlim_max = kFileBytesMax};
  ASSERT_EQ(prlimit(daemon_.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  // It would send the item again, and again.
  const pid_t appender = testing::StartChild([&] {
    List<std::string>(Connect(), "list").append(std::string(2 * kFileBytesMax, 'x'));
    return true;
  });
  EXPECT_EQ(daemon_.WaitForExit(), 3);
  EXPECT_NE(daemon_.Log().find("journal_failed"), std::string::npos);
  kill(appender, SIGKILL);
  EXPECT_FALSE(testing::EndsWell(appender));
  StartAgain();
  EXPECT_EQ(List<std::string>(Connect(), "list").size(), 1u);
}

TEST_P(DurableTest, ASecondDaemonIsRefusedTheFolder) {
  testing::DaemonProcess second;
  std::vector<std::string> flags = Flags();
  flags.insert(flags.end(), {"--listen", "127.0.0.1:0"});
  second.Spawn(flags);
  EXPECT_EQ(second.WaitForExit(), 4);
  EXPECT_NE(second.Log().find("is in use by process " + std::to_string(daemon_.pid())),
            std::string::npos);
}

}  // namespace
}  // namespace coheld
