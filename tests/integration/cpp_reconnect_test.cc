// coheld::Client when its daemon goes away and comes back. Each test has a daemon of its own.
#include <signal.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

// A daemon that can be restarted on the same addresses.
class CppReconnectTest : public ::testing::TestWithParam<testing::Socket> {
 protected:
  CppReconnectTest() {
    daemon_.Start();
    addresses_ = daemon_.addresses();
  }

  std::string Address() const {
    return GetParam() == testing::Socket::kUnix ? daemon_.address_unix() : daemon_.address_tcp();
  }

  void StopDaemon() {
    daemon_.Kill();
    daemon_.WaitForExit();
  }
  void StartAgain() {
    std::vector<std::string> arguments;
    for (const std::string& address : addresses_) {
      arguments.push_back("--listen");
      arguments.push_back(address);
    }
    daemon_.Spawn(arguments);
    ASSERT_TRUE(daemon_.WaitUntilReady()) << daemon_.Log();
  }
  void Restart() {
    StopDaemon();
    StartAgain();
  }

  testing::DaemonProcess daemon_;
  std::vector<std::string> addresses_;
};
COHELD_ON_BOTH_SOCKETS(CppReconnectTest);

TEST_P(CppReconnectTest, OpsGoOnAfterARestart) {
  const auto client = Client::connect(Address());
  const List<int> list(client, "list");
  list.append(1);
  Restart();
  EXPECT_EQ(list.size(), 0u);  // Durability "memory".
  EXPECT_EQ(list.append(2).length, 1u);
}

TEST_P(CppReconnectTest, OpsWaitForADaemonThatComesBack) {
  const auto client = Client::connect(Address(), {.connect_timeout = 30s});
  const List<int> list(client, "list");
  StopDaemon();
  std::thread appender([&] { EXPECT_EQ(list.append(1).length, 1u); });
  StartAgain();
  appender.join();
}

TEST_P(CppReconnectTest, WithoutADaemonOpsEndAtTheConnectTimeout) {
  const auto client = Client::connect(Address(), {.connect_timeout = 1s});
  StopDaemon();
  EXPECT_THROW(List<int>(client, "list").append(1), ConnectFailed);
}

TEST_P(CppReconnectTest, AChangeWhoseReplyIsLostHasAnUnknownOutcome) {
  const auto client = Client::connect(Address(), {.connect_timeout = 30s});
  const Queue<int> queue(client, "queue");
  queue.create();
  std::thread getter([&] { EXPECT_THROW(queue.get(), OutcomeUnknown); });
  const Admin admin(client);
  while (admin.describe("queue").waiters.empty()) std::this_thread::yield();
  Restart();
  getter.join();
}

TEST_P(CppReconnectTest, AReadWhoseReplyIsLostIsRepeated) {
  const auto client = Client::connect(Address(), {.connect_timeout = 30s});
  const Queue<int> queue(client, "queue");
  queue.put(1);
  std::thread joiner(
      [&] { EXPECT_TRUE(queue.join()); });  // A restarted daemon has nothing to join.
  const Admin admin(client);
  while (admin.describe("queue").waiters.empty()) std::this_thread::yield();
  Restart();
  joiner.join();
}

TEST_P(CppReconnectTest, ADrainedDaemonsParkedOpsGoToTheNext) {
  const auto client = Client::connect(Address(), {.connect_timeout = 30s});
  const Queue<int> queue(client, "queue");
  queue.create();
  std::thread getter([&] { EXPECT_EQ(queue.get(), 7); });
  const Admin admin(client);
  while (admin.describe("queue").waiters.empty()) std::this_thread::yield();
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
  StartAgain();
  queue.put(7);
  getter.join();
}

TEST_P(CppReconnectTest, ALockOfALostSessionCannotBeReleased) {
  const auto client = Client::connect(Address(), {.connect_timeout = 30s});
  Lock lock(client, "lock");
  lock.lock();
  Restart();
  EXPECT_THROW(lock.release(), SessionExpired);
  lock.lock();
  lock.unlock();
  EXPECT_FALSE(lock.inspect().locked);
}

TEST_P(CppReconnectTest, AStoppedDaemonIsGivenUpAfterTheDeadline) {
  const auto client = Client::connect(Address(), {.connect_timeout = 10s});
  const uint64_t session = client.session().id;
  daemon_.Freeze();
  CallOptions options;
  options.deadline = 1ms;
  EXPECT_THROW(client.call(208, "", options), OutcomeUnknown);  // List.Append.
  daemon_.Signal(SIGCONT);
  EXPECT_EQ(client.session().id, session);
}

TEST_P(CppReconnectTest, ClosedClientsOpenANewSession) {
  const auto client = Client::connect(Address());
  const uint64_t first = client.session().id;
  client.close();
  EXPECT_NE(client.session().id, first);
}

TEST_P(CppReconnectTest, ConnectCanWaitForTheDaemon) {
  const std::string address = Address();
  StopDaemon();
  std::thread connecting([&] {
    const auto client = Client::connect(address, {.connect_timeout = 30s, .wait_for_daemon = true});
    EXPECT_EQ(client.session().durability, "memory");
  });
  StartAgain();
  connecting.join();
}

TEST_P(CppReconnectTest, ABatchOverALostConnectionTellsEachOpsFate) {
  const auto client = Client::connect(Address(), {.reconnect_timeout = 100ms});
  const Queue<int> queue(client, "queue");
  queue.create();
  std::thread batcher([&] {
    Batch batch = client.batch();
    const auto size = batch.on(queue).size();
    const auto got = batch.on(queue).get();
    batch.run();
    EXPECT_EQ(size.get(), 0u);
    EXPECT_THROW(got.get(), OutcomeUnknown);
  });
  const Admin admin(client);
  while (admin.describe("queue").waiters.empty()) std::this_thread::yield();
  // The queue's shard answered before the get waited. When all shards have answered this, that of
  // the batch's connection has passed it on.
  admin.sessions();
  StopDaemon();
  batcher.join();
}

}  // namespace
}  // namespace coheld
