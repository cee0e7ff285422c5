// A daemon with several shards as its clients and operators see it: the connections of a Unix
// socket are handed out in turns, so that three of them are on three shards.
#include <csignal>
#include <functional>
#include <future>
#include <latch>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "coheld/v1/admin.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/victim.h"

namespace coheld {
namespace {

using std::chrono::milliseconds;
using testing::Victim;

constexpr int kShards = 3;
constexpr int kNames = 30;  // So many that each shard has some.
constexpr milliseconds kLongTtl{600'000};
constexpr milliseconds kSoon{10'000};

std::string Name(int number) { return "name" + std::to_string(number); }

class ShardsTest : public ::testing::Test {
 protected:
  void Start(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--shards", std::to_string(kShards)});
    daemon_.Start(more);
  }
  std::vector<std::string> DataDir() const {
    return {"--data-dir", daemon_.folder() + "/data", "--segment-bytes", "1m"};
  }
  Client Connect(milliseconds ttl = kLongTtl) const {
    return Client::connect(daemon_.address_unix(), {.session_ttl = ttl});
  }
  static v1::AdminStatusReply Status(const Client& client) {
    v1::AdminStatusReply reply;
    reply.ParseFromString(client.call(wire::FindMethod("/coheld.v1.Admin/Status")->number, ""));
    return reply;
  }

  testing::DaemonProcess daemon_;
};

TEST_F(ShardsTest, EachServesConnectionsAndHasObjects) {
  Start();
  std::vector<Client> clients;
  for (int i = 0; i < kShards; ++i) clients.push_back(Connect());
  for (int i = 0; i < kNames; ++i) {
    List<int>(clients[static_cast<size_t>(i % kShards)], Name(i)).append(i);
  }
  for (const Client& client : clients) {
    for (int i = 0; i < kNames; ++i) {
      EXPECT_EQ(List<int>(client, Name(i)).values(), std::vector<int>{i});
    }
  }
  const v1::AdminStatusReply status = Status(clients[0]);
  EXPECT_EQ(status.objects(), static_cast<uint64_t>(kNames));
  ASSERT_EQ(status.shards_size(), kShards);
  for (const v1::ShardStatus& shard : status.shards()) {
    EXPECT_EQ(shard.connections(), 1u);
    EXPECT_GT(shard.objects(), 0u);
    EXPECT_GT(shard.forwarded(), 0u);
  }
}

TEST_F(ShardsTest, DivideTcpConnectionsToo) {
  Start();
  std::vector<Client> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(Client::connect(daemon_.address_tcp()));
  const v1::AdminStatusReply status = Status(clients[0]);
  for (const v1::ShardStatus& shard : status.shards()) {
    EXPECT_GT(shard.connections(), 0u);
  }
}

TEST_F(ShardsTest, TheDeathOfAProcessReleasesItsLocksOnAllAtOnce) {
  Start();
  Victim victim([this] {
    static const Client* const kept = new Client(Connect());
    for (int i = 0; i < kNames; ++i) Lock(*kept, Name(i)).lock();
  });
  const Client other = Connect();
  EXPECT_FALSE(Lock(other, Name(0)).try_lock());
  victim.Kill();
  for (int i = 0; i < kNames; ++i) EXPECT_TRUE(Lock(other, Name(i)).try_lock_for(kSoon));
}

TEST_F(ShardsTest, AClosedSessionHasNoLocksWhenItsClientKnows) {
  Start();
  for (int round = 0; round < 20; ++round) {
    const Client holder = Connect(), other = Connect();
    for (int i = 0; i < kNames; ++i) Lock(holder, Name(i)).lock();
    holder.close();
    for (int i = 0; i < kNames; ++i) EXPECT_TRUE(Lock(other, Name(i)).try_lock());
    other.close();
  }
}

TEST_F(ShardsTest, OfADeadlockOverSeveralOneFailsAndIsToldTheRing) {
  Start();
  const Client first = Connect(), second = Connect();
  // Locks one, and then the other one. Returns the error, or nothing if it got both.
  const auto lock_both = [](const Client& client, const std::string& one, const std::string& other,
                            std::latch& has_one) -> std::string {
    Lock first_lock(client, one), second_lock(client, other);
    const std::lock_guard holds(first_lock);
    has_one.arrive_and_wait();
    try {
      const std::lock_guard holds_both(second_lock);
      return "";
    } catch (const Deadlock& error) {
      return error.what();
    }
  };
  // Of so many some are on different shards.
  for (int i = 0; i < 5; ++i) {
    const std::string a = "a" + std::to_string(i), b = "b" + std::to_string(i);
    std::latch both(2);
    auto crosswise =
        std::async(std::launch::async, lock_both, std::cref(second), b, a, std::ref(both));
    const std::string mine = lock_both(first, a, b, both), other = crosswise.get();
    EXPECT_NE(mine.empty(), other.empty()) << mine << other;
    for (const std::string& name : {a, b}) {
      EXPECT_NE((mine + other).find("waits for the lock \"" + name), std::string::npos)
          << mine << other;
    }
  }
}

TEST_F(ShardsTest, OperatorsSeeWhatIsHeldAndWhoWaitsOnAll) {
  Start();
  const Client holder = Connect(), other = Connect();
  std::set<std::string> names;
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 6; ++i) {
    names.insert(Name(i));
    Lock(holder, Name(i)).lock();
    waiting.emplace_back([&, i] { EXPECT_TRUE(Lock(other, Name(i)).try_lock_for(kSoon)); });
  }
  const Admin admin(Connect());
  while (admin.waits().size() < names.size()) std::this_thread::yield();
  std::set<std::string> held, waited;
  for (const HeldObject& object : admin.locks()) held.insert(object.summary.name);
  for (const Wait& wait : admin.waits()) waited.insert(wait.object);
  EXPECT_EQ(held, names);
  EXPECT_EQ(waited, names);
  for (const std::string& name : names) {
    const Explanation explanation = admin.explain(name);
    ASSERT_EQ(explanation.holders.size(), 1u);
    EXPECT_EQ(explanation.holders[0].session, holder.session().id);
    EXPECT_EQ(explanation.waiters.size(), 1u);
  }
  EXPECT_EQ(admin.sessions().size(), 3u);
  for (const std::string& name : names) Lock(holder, name).release();
}

TEST_F(ShardsTest, WaitsEndWhereverTheyAreWhenTheDaemonStops) {
  Start();
  const Client client = Connect();
  for (int i = 0; i < kNames; ++i) {
    std::thread([&, i] { EXPECT_THROW(Queue<int>(Connect(), Name(i)).get(), Error); }).detach();
  }
  while (Status(client).parked() < static_cast<uint64_t>(kNames)) std::this_thread::yield();
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
}

TEST_F(ShardsTest, ObjectsAndSessionsOutliveAKill) {
  Start(DataDir());
  Victim holder([this] {
    static const Client* const kept = new Client(Connect());
    for (int i = 0; i < kNames; ++i) Lock(*kept, "lock" + std::to_string(i)).lock();
  });
  {
    const Client client = Connect();
    for (int i = 0; i < kNames; ++i) List<int>(client, Name(i)).append(i);
  }
  daemon_.Kill();
  daemon_.WaitForExit();
  Start(DataDir());
  const Client client = Connect();
  for (int i = 0; i < kNames; ++i) {
    EXPECT_EQ(List<int>(client, Name(i)).values(), std::vector<int>{i});
    EXPECT_FALSE(Lock(client, "lock" + std::to_string(i)).try_lock());
  }
}

TEST_F(ShardsTest, ADataFolderIsServedOnlyWithItsNumber) {
  Start(DataDir());
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
  for (const char* const shards : {"1", "2", "4"}) {
    testing::DaemonProcess other;
    std::vector<std::string> arguments = DataDir();
    arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0", "--shards", shards});
    other.Spawn(arguments);
    EXPECT_EQ(other.WaitForExit(), 1);
    EXPECT_NE(other.Log().find("--shards 3"), std::string::npos) << other.Log();
  }
  Start(DataDir());
}

TEST_F(ShardsTest, AFolderOfOneShardIsNotDivided) {
  daemon_.Start({"--shards", "1", "--data-dir", daemon_.folder() + "/data"});
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
  EXPECT_THROW(Start({"--data-dir", daemon_.folder() + "/data"}), std::runtime_error);
  EXPECT_NE(daemon_.Log().find("--shards 1"), std::string::npos);
}

TEST_F(ShardsTest, WriteASnapshotEach) {
  Start(DataDir());
  const Client client = Connect();
  for (int i = 0; i < kNames; ++i) List<int>(client, Name(i)).append(i);
  EXPECT_GT(Admin(client).snapshot().bytes, 0u);
  const v1::AdminStatusReply status = Status(client);
  for (const v1::ShardStatus& shard : status.shards()) {
    EXPECT_EQ(shard.snapshots().made(), 1u);
  }
}

TEST_F(ShardsTest, APortThatAnotherDaemonHasIsNotShared) {
  Start();
  testing::DaemonProcess other;
  other.Spawn({"--listen", daemon_.address_tcp(), "--shards", "2"});
  EXPECT_EQ(other.WaitForExit(), 1);
}

}  // namespace
}  // namespace coheld
