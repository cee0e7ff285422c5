// A daemon with several shards as its clients and operators see it: the connections of a Unix
// socket are handed out in turns, so that three of them are on three shards.
#include <csignal>
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
