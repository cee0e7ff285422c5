// Every op of coheld::Queue against the daemon.
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

class CppQueueTest : public testing::CppTest {
 protected:
  Queue<int> Make(const QueueOptions& options = {}) { return Queue<int>::make(client_, options); }

  // Waits until so many ops are parked on the queue.
  void WaitForWaiters(const std::string& name, size_t count) {
    const Admin admin(client_);
    while (admin.describe(name).waiters.size() < count) std::this_thread::yield();
  }
};
COHELD_ON_BOTH_SOCKETS(CppQueueTest);

TEST_P(CppQueueTest, ItemsLeaveInTheQueuesOrder) {
  for (const auto& [kind, expected] :
       std::vector<std::pair<QueueKind, std::vector<int>>>{{QueueKind::kFifo, {2, 3, 1}},
                                                           {QueueKind::kLifo, {1, 3, 2}},
                                                           {QueueKind::kPriority, {1, 2, 3}}}) {
    const Queue<int> queue = Make({.kind = kind});
    queue.put_many({2, 3, 1});
    EXPECT_EQ(queue.sizes().kind, kind);
    EXPECT_EQ(queue.peek(), expected.front());
    EXPECT_EQ(queue.get_many(), expected);
  }
}

TEST_P(CppQueueTest, AnEmptyQueueAnswersEachWayOfAsking) {
  const Queue<int> queue = Make();
  EXPECT_EQ(queue.try_get(), std::nullopt);
  EXPECT_EQ(queue.try_get_for(1ms), std::nullopt);
  EXPECT_EQ(queue.peek(), std::nullopt);
  EXPECT_EQ(queue.get_many(5, 0ms), std::vector<int>());
  EXPECT_THROW(queue.get(1ms), QueueEmpty);
}

TEST_P(CppQueueTest, ADelayedItemTakesRoom) {
  const Queue<int> queue = Make({.maxsize = 1});
  queue.put_with(1, {.delay = std::chrono::hours(1)});
  EXPECT_TRUE(queue.full());
  EXPECT_TRUE(queue.empty());
}

TEST_P(CppQueueTest, AFullQueueAnswersEachWayOfAsking) {
  const Queue<int> queue = Make({.maxsize = 1});
  EXPECT_EQ(queue.put(1), 1u);
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.try_put(2));
  EXPECT_FALSE(queue.try_put_for(2, 1ms));
  EXPECT_THROW(queue.put(2, 1ms), QueueFull);
  EXPECT_THROW(queue.put_many({2, 3}), TooLarge);
}

TEST_P(CppQueueTest, APutWakesAParkedGet) {
  const Queue<int> queue = Make();
  int got = 0;
  std::thread getter([&] { got = queue.get(); });
  WaitForWaiters(queue.name(), 1);
  queue.put(7);
  getter.join();
  EXPECT_EQ(got, 7);
}

TEST_P(CppQueueTest, AGetWakesAParkedPut) {
  const Queue<int> queue = Make({.maxsize = 1});
  queue.put(1);
  std::thread putter([&] { queue.put(2); });
  WaitForWaiters(queue.name(), 1);
  EXPECT_EQ(queue.get(), 1);
  putter.join();
  EXPECT_EQ(queue.get(), 2);
}

TEST_P(CppQueueTest, JoinWaitsForTaskDone) {
  const Queue<int> queue = Make();
  queue.put_many({1, 2, 3});
  EXPECT_FALSE(queue.join(1ms));
  queue.get_many();
  EXPECT_EQ(queue.sizes().unfinished, 3u);
  EXPECT_EQ(queue.task_done(), 2u);
  bool joined = false;
  std::thread waiter([&] { joined = queue.join(); });
  WaitForWaiters(queue.name(), 1);
  EXPECT_EQ(queue.task_done(2), 0u);
  waiter.join();
  EXPECT_TRUE(joined);
  EXPECT_THROW(queue.task_done(), TaskDoneTooOften);
}

TEST_P(CppQueueTest, PurgeFinishesWhatItRemoves) {
  const Queue<int> queue = Make();
  queue.put_many({1, 2});
  EXPECT_EQ(queue.purge(), 2u);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.join());
}

TEST_P(CppQueueTest, GetManyTakesAtMostTheLimit) {
  const Queue<int> queue = Make();
  queue.put_many({1, 2, 3});
  EXPECT_EQ(queue.get_many(2), (std::vector<int>{1, 2}));
  EXPECT_EQ(queue.size(), 1u);
}

TEST_P(CppQueueTest, PriorityRefusesWhatCannotBeOrdered) {
  const auto queue = Queue<Value>::make(client_, {.kind = QueueKind::kPriority});
  queue.put(1);
  EXPECT_THROW(queue.put("text"), NotOrderable);
}

TEST_P(CppQueueTest, AnExclusiveCreateRefusesATakenName) {
  const Queue<int> queue(client_, Name("queue"));
  EXPECT_TRUE(queue.create().created);
  EXPECT_THROW(queue.create({.exclusive = true}), ObjectExists);
}

TEST_P(CppQueueTest, DeletingTheQueueEndsItsWaiters) {
  const Queue<int> queue(client_, Name("queue"));
  queue.create();
  std::thread getter([&] { EXPECT_THROW(queue.get(), ObjectNotFound); });
  WaitForWaiters(queue.name(), 1);
  EXPECT_TRUE(Admin(client_).erase(queue.name()));
  getter.join();
}

}  // namespace
}  // namespace coheld
