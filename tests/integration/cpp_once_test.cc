// Each op happens once, whatever happens to connections: the C++ SDK through a proxy that cuts
// them.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"
#include "tests/robustness/cutting_proxy.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::CuttingProxy;
using testing::ProxyOptions;

// A test with a way to the daemon that is cut, and one that is not.
class CppOnceTest : public testing::CppTest {
 protected:
  // Starts a proxy in the place of the one before. Its connections are cut after up to so many
  // bytes; 0: never.
  void StartProxy(uint32_t bytes_max) {
    ProxyOptions options{.listen = GetParam() == testing::Socket::kUnix
                                       ? "unix:" + folder_.path() + "/proxy"
                                       : "127.0.0.1:" + port_,
                         .target = Address(),
                         .seed = 7};
    options.bytes_max = std::max<uint32_t>(bytes_max, 1);
    if (bytes_max == 0) options.weights = {1, 0, 0, 0, 0, 0, 0};
    proxy_.reset();
    proxy_ = std::make_unique<CuttingProxy>(options);
    port_ = proxy_->address().substr(proxy_->address().rfind(':') + 1);
  }
  Client Connect() const {
    return Client::connect(proxy_->address(), {.connect_timeout = 60s, .wait_for_daemon = true});
  }

  testing::TemporaryFolder folder_;
  std::string port_ = "0";
  std::unique_ptr<CuttingProxy> proxy_;
};
COHELD_ON_BOTH_SOCKETS(CppOnceTest);

TEST_P(CppOnceTest, AHandshakeThatIsCutIsMadeAgain) {
  StartProxy(400);
  for (int i = 0; i < 20; ++i) {
    EXPECT_NO_THROW(Client::connect(proxy_->address(), {.connect_timeout = 60s}));
  }
  EXPECT_GT(proxy_->counts().cuts(), 5u);
}

TEST_P(CppOnceTest, EachIncrementCountsOnce) {
  constexpr int kThreads = 4;
  constexpr int kEach = 150;
  StartProxy(2000);
  const auto client = Connect();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const Counter counter(client, Name("counter"));
      for (int k = 0; k < kEach; ++k) counter.add(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Counter(client_, Name("counter")).get(), kThreads * kEach);
  EXPECT_GT(proxy_->counts().cuts(), 10u);
}

TEST_P(CppOnceTest, EachOpOfABatchHappensOnceAndInOrder) {
  constexpr int kBatches = 40;
  constexpr int kEach = 25;
  StartProxy(3000);
  const auto client = Connect();
  const List<int> list(client, Name("list"));
  for (int i = 0; i < kBatches; ++i) {
    Batch batch = client.batch();
    std::vector<Pending<Changed>> answers;
    for (int k = 0; k < kEach; ++k) answers.push_back(batch.on(list).append(i * kEach + k));
    batch.run();
    for (int k = 0; k < kEach; ++k) {
      EXPECT_EQ(answers[static_cast<size_t>(k)].get().length, size_t(i * kEach + k + 1));
    }
  }
  std::vector<int> expected;
  for (int i = 0; i < kBatches * kEach; ++i) expected.push_back(i);
  EXPECT_EQ(List<int>(client_, Name("list")).values(), expected);
  EXPECT_GT(proxy_->counts().cuts(), 5u);
}

TEST_P(CppOnceTest, EachItemIsTakenOnce) {
  constexpr int kItems = 200;
  StartProxy(1500);
  const auto client = Connect();
  const Queue<int> queue(client, Name("queue"));
  std::thread putter([&] {
    for (int i = 0; i < kItems; ++i) queue.put(i);
  });
  std::vector<int> taken;
  for (int i = 0; i < kItems; ++i) taken.push_back(queue.get());
  putter.join();
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
  EXPECT_EQ(std::adjacent_find(taken.begin(), taken.end()), taken.end());
  EXPECT_EQ(queue.size(), 0u);
}

TEST_P(CppOnceTest, ALockIsTakenOnceAndReleasedOnce) {
  StartProxy(1500);
  const auto client = Connect();
  std::vector<std::thread> threads;
  std::atomic<int> inside{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      Lock lock(client, Name("lock"));
      for (int k = 0; k < 50; ++k) {
        lock.lock();
        EXPECT_EQ(inside.fetch_add(1), 0);
        inside.fetch_sub(1);
        lock.release();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(Lock(client_, Name("lock")).inspect().locked);
}

TEST_P(CppOnceTest, WhatDestructorsPostHappensOnce) {
  StartProxy(1500);
  const auto client = Connect();
  const Queue<int> queue(client, Name("queue"));
  queue.create({.deliveries_max = kNoDeliveriesMax});
  queue.put(1);
  for (uint32_t i = 1; i <= 100; ++i) EXPECT_EQ(queue.lease().attempt(), i);
  proxy_->Calm();
  EXPECT_EQ(queue.get(), 1);
}

TEST_P(CppOnceTest, AWaitGoesOnOverAnotherConnection) {
  StartProxy(0);
  const auto client = Connect();
  const Queue<int> queue(client, Name("queue"));
  queue.create();
  std::thread getter([&] { EXPECT_EQ(queue.get(), 7); });
  testing::WaitForWaiters(client_, queue.name(), 1);
  StartProxy(0);
  Queue<int>(client_, queue.name()).put(7);
  getter.join();
}

TEST_P(CppOnceTest, AWaitForAConditionGoesOnOverAnotherConnection) {
  StartProxy(0);
  const auto client = Connect();
  Lock lock(client, "{c}" + Name("lock"));
  const Condition changed(client, "{c}" + Name("condition"));
  lock.create();
  changed.create(lock);
  std::thread waiter([&] {
    lock.lock();
    EXPECT_TRUE(changed.wait_for(lock, 30s));
    lock.release();
  });
  testing::WaitForWaiters(client_, changed.name(), 1);
  StartProxy(0);
  Lock mine(client_, lock.name());
  mine.lock();
  EXPECT_EQ(Condition(client_, changed.name()).notify_one(), 1u);
  mine.release();
  waiter.join();
}

TEST_P(CppOnceTest, ADeadlineThatPassesWithoutTheDaemonLeavesTheOutcomeUnknown) {
  StartProxy(0);
  const auto client = Client::connect(proxy_->address(), {.reconnect_timeout = 100ms});
  const Queue<int> queue(client, Name("queue"));
  queue.create();
  const auto op = ops::queue_get(queue.name(), {});
  CallOptions options;
  options.deadline = 60s;
  std::thread getter(
      [&] { EXPECT_THROW(client.call(op.method, op.request, options), OutcomeUnknown); });
  testing::WaitForWaiters(client_, queue.name(), 1);
  proxy_.reset();
  getter.join();
}

TEST_P(CppOnceTest, AnInterruptWhileTheConnectionIsDownFindsOutWhatHappened) {
  StartProxy(0);
  const auto client = Connect();
  const Queue<int> queue(client, Name("queue"));
  queue.create();
  const auto op = ops::queue_get(queue.name(), {});
  std::atomic<bool> interrupt{false};
  CallOptions options;
  options.on_interrupt = [&] { return interrupt.load(); };
  std::thread getter([&] {
    try {
      client.call(op.method, op.request, options);
      ADD_FAILURE() << "not interrupted";
    } catch (const Interrupted& interrupted) {
      EXPECT_TRUE(interrupted.outcome_known());
      EXPECT_FALSE(interrupted.reply());
    }
  });
  testing::WaitForWaiters(client_, queue.name(), 1);
  proxy_.reset();
  interrupt = true;
  StartProxy(0);
  getter.join();
  const Queue<int> mine(client_, queue.name());
  mine.put(7);
  EXPECT_EQ(mine.get(0s), 7);  // Nobody waited for it any more.
}

}  // namespace
}  // namespace coheld
