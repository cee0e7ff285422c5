// Processes that are killed while they hold something, and how long others wait for it.
// Times are for a machine that is not overloaded; each test prints what it measured.
#include <chrono>
#include <csignal>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/victim.h"
#include "tests/robustness/figures.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kTtl = 1000ms;
constexpr auto kGrace = 500ms;  // Of a busy machine, where the TTL is what is waited for.
constexpr auto kAtOnce = 100ms;
constexpr int kKills = 20;

class Death : public ::testing::Test {
 protected:
  void SetUp() override { daemon_.Start(); }

  // Kills a process that holds a lock which another client waits for. Returns how long that one
  // waited after the kill.
  milliseconds KillTheHolder(const std::string& address) {
    Victim victim([&] {
      static Client client = Client::connect(address, {.session_ttl = kTtl});
      Lock(client, "lock").lock();
    });
    const Client client = Client::connect(address);
    Lock lock(client, "lock");
    auto got_at = std::async(std::launch::async, [&lock] {
      lock.lock();
      return Clock::now();
    });
    while (lock.inspect().waiters == 0) std::this_thread::yield();
    const auto killed_at = Clock::now();
    victim.Kill();
    return std::chrono::duration_cast<milliseconds>(got_at.get() - killed_at);
  }

  // Leases the queue's next item, waiting for it.
  static v1::QueueDelivery Lease(const Client& client) {
    v1::QueueLeaseRequest request;
    request.set_name("tasks");
    v1::QueueLeaseReply reply;
    const uint32_t method = wire::FindMethod("/coheld.v1.Queue/Lease")->number;
    if (!reply.ParseFromString(client.call(method, request.SerializeAsString()))) abort();
    return reply.deliveries(0);
  }

  DaemonProcess daemon_;
};

TEST_F(Death, OfALocksHolderOnAUnixSocketFreesItAtOnce) {
  milliseconds longest{0};
  for (int i = 0; i < kKills; ++i) {
    longest = std::max(longest, KillTheHolder(daemon_.address_unix()));
  }
  Figure("Unix socket, " + std::to_string(kKills) +
         " holders killed: the next has the lock within " + std::to_string(longest.count()) +
         " ms");
  EXPECT_LE(longest, kAtOnce);
}

TEST_F(Death, OfALocksHolderOverTcpFreesItWithinTheTtl) {
  const milliseconds waited = KillTheHolder(daemon_.address_tcp());
  Figure("TCP, holder killed: the next has the lock within " + std::to_string(waited.count()) +
         " ms (TTL 1000 ms)");
  EXPECT_LE(waited, kTtl + kGrace);
}

TEST_F(Death, OfAConsumerInATaskPutsItBackFirstInLine) {
  milliseconds longest{0};
  const Client client = Client::connect(daemon_.address_unix());
  const Queue<int64_t> queue(client, "tasks");
  for (int64_t i = 0; i < kKills; ++i) {
    queue.put_many({2 * i, 2 * i + 1});
    Victim victim([&] {
      static Client consumer = Client::connect(daemon_.address_unix(), {.session_ttl = kTtl});
      if (Lease(consumer).value().integer() != 2 * i) abort();
    });
    ASSERT_EQ(queue.size(), 1u);
    const auto killed_at = Clock::now();
    victim.Kill();
    while (queue.size() < 2) std::this_thread::yield();
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(Clock::now() - killed_at));
    const v1::QueueDelivery delivery = Lease(client);
    EXPECT_EQ(delivery.value().integer(), 2 * i);
    EXPECT_EQ(delivery.attempt(), 2u);
    EXPECT_EQ(queue.get(), 2 * i + 1);
  }
  Figure("Unix socket, " + std::to_string(kKills) +
         " consumers killed in a task: it is first in line again within " +
         std::to_string(longest.count()) + " ms");
  EXPECT_LE(longest, kAtOnce);
}

}  // namespace
}  // namespace coheld::testing
