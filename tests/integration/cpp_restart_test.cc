// Programs over a daemon that keeps its data and is killed, or told to end, in the midst of their
// work and started again: no line of them knows of it, and every count is exact.
#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::WaitForWaiters;

// How the daemon ends.
enum class Ending { kKilled, kTold };

class CppRestartTest : public ::testing::TestWithParam<Ending> {
 protected:
  CppRestartTest() { StartAgain(); }

  void StartAgain() {
    daemon_.Spawn({"--listen", "unix:" + daemon_.folder() + "/socket", "--data-dir",
                   daemon_.folder() + "/data", "--drain-ms", "50"});
    ASSERT_TRUE(daemon_.WaitUntilReady()) << daemon_.Log();
  }
  void Stop() {
    if (GetParam() == Ending::kKilled) {
      daemon_.Kill();
    } else {
      daemon_.Terminate();
    }
    daemon_.WaitForExit();
  }
  void Restart() {
    Stop();
    StartAgain();
  }

  Client Connect(ClientOptions options = {}) const {
    return Client::connect("unix:" + daemon_.folder() + "/socket", std::move(options));
  }

  // Runs `work` in so many threads again and again, while the daemon is restarted so many times.
  // Returns how often it was done.
  int WorkOver(int restarts, int threads, const std::function<void()>& work) {
    std::atomic<int> done{0};
    std::atomic<bool> enough{false};
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        while (!enough) {
          work();
          ++done;
        }
      });
    }
    for (int i = 0; i < restarts; ++i) {
      const int before = done;
      while (done < before + 20 * (i + 1)) std::this_thread::yield();
      Restart();
    }
    enough = true;
    for (std::thread& worker : workers) worker.join();
    return done;
  }

  testing::DaemonProcess daemon_;
};

INSTANTIATE_TEST_SUITE_P(How, CppRestartTest, ::testing::Values(Ending::kKilled, Ending::kTold),
                         [](const ::testing::TestParamInfo<Ending>& ending) {
                           return ending.param == Ending::kKilled ? "Killed" : "Told";
                         });

TEST_P(CppRestartTest, EachIncrementCountsOnce) {
  const auto client = Connect();
  const Counter counter(client, "counter");
  const int done = WorkOver(6, 4, [&] { counter.add(1); });
  EXPECT_EQ(counter.get(), done);
}

TEST_P(CppRestartTest, EachOpOfABatchHappensOnceAndInOrder) {
  const auto client = Connect();
  const List<int> list(client, "list");
  int next = 0;
  WorkOver(4, 1, [&] {
    Batch batch = client.batch();
    std::vector<Pending<Changed>> answers;
    for (int i = 0; i < 20; ++i) answers.push_back(batch.on(list).append(next + i));
    batch.run();
    for (auto& answer : answers) EXPECT_EQ(answer.get().length, size_t(++next));
  });
  std::vector<int> expected;
  for (int i = 0; i < next; ++i) expected.push_back(i);
  EXPECT_EQ(list.values(), expected);
}

TEST_P(CppRestartTest, EachItemIsTakenOnceAndAckedOnce) {
  const auto client = Connect();
  const Queue<int> jobs(client, "jobs");
  const Queue<int> results(client, "results");
  std::atomic<int> put{0};
  const int done = WorkOver(5, 3, [&] {
    jobs.put(++put);
    Task<int> task = jobs.lease();
    results.put(*task);
    EXPECT_EQ(task.attempt(), 1u);
    task.ack();
  });
  std::vector<int> taken;
  for (int i = 0; i < done; ++i) taken.push_back(results.get(0s));
  std::sort(taken.begin(), taken.end());
  for (int i = 0; i < done; ++i) EXPECT_EQ(taken[size_t(i)], i + 1);
  EXPECT_EQ(results.size(), 0u);
  EXPECT_EQ(jobs.sizes().leased, 0u);
}

TEST_P(CppRestartTest, ALockHasOneOwnerAtATimeAndItsTokensGrow) {
  const auto client = Connect();
  std::atomic<int> inside{0};
  uint64_t last = 0;
  WorkOver(5, 3, [&] {
    Lock lock(client, "lock");
    lock.lock();
    EXPECT_EQ(inside.fetch_add(1), 0);
    EXPECT_GT(lock.token(), last);
    last = lock.token();
    inside.fetch_sub(1);
    lock.release();
  });
  EXPECT_FALSE(Lock(client, "lock").inspect().locked);
}

TEST_P(CppRestartTest, ABlockedGetGoesOn) {
  const auto client = Connect();
  const Queue<int> queue(client, "queue");
  queue.create();
  std::thread getter([&] { EXPECT_EQ(queue.get(), 7); });
  const auto other = Connect();
  for (int i = 0; i < 2; ++i) {
    WaitForWaiters(other, "queue", 1);
    Restart();
  }
  WaitForWaiters(other, "queue", 1);
  Queue<int>(other, "queue").put(7);
  getter.join();
  EXPECT_EQ(queue.size(), 0u);
}

TEST_P(CppRestartTest, AHeldLockStaysHeld) {
  const auto client = Connect();
  Lock lock(client, "lock");
  lock.lock();
  const uint64_t token = lock.token();
  const uint64_t session = client.session().id;
  Restart();
  EXPECT_FALSE(Lock(Connect(), "lock").try_lock());
  EXPECT_EQ(client.session().id, session);
  EXPECT_EQ(lock.inspect().token, token);
  lock.release();
}

TEST_P(CppRestartTest, AWaitForALockGoesOn) {
  const auto client = Connect();
  Lock lock(client, "lock");
  lock.lock();
  std::thread waiter([&] {
    Lock mine(client, "lock");
    mine.lock();
    mine.release();
  });
  WaitForWaiters(client, "lock", 1);
  Restart();
  WaitForWaiters(client, "lock", 1);
  lock.release();
  waiter.join();
}

TEST_P(CppRestartTest, AnIterationGoesOn) {
  const auto client = Connect();
  const List<int> list(client, "list");
  std::vector<int> expected;
  for (int i = 0; i < 2500; ++i) expected.push_back(i);
  list.extend(expected);
  std::vector<int> seen;
  for (const int value : list) {
    if (seen.size() == 700 || seen.size() == 2100) Restart();
    seen.push_back(value);
  }
  EXPECT_EQ(seen, expected);
}

TEST_P(CppRestartTest, ALeasedItemStaysLeased) {
  const auto client = Connect();
  const Queue<int> queue(client, "queue");
  queue.put(1);
  Task<int> task = queue.lease({}, 60s);
  Restart();
  EXPECT_THROW(Queue<int>(Connect(), "queue").get(0s), QueueEmpty);
  EXPECT_EQ(task.ack(), 0u);
  EXPECT_EQ(queue.sizes().leased, 0u);
}

TEST_P(CppRestartTest, ABarrierOpens) {
  const auto client = Connect();
  const Barrier barrier(client, "barrier");
  barrier.create(2);
  std::thread first([&] { EXPECT_EQ(barrier.arrive_and_wait(), 0u); });
  WaitForWaiters(client, "barrier", 1);
  Restart();
  EXPECT_EQ(Barrier(Connect(), "barrier").arrive_and_wait(), 1u);
  first.join();
}

TEST_P(CppRestartTest, AWaitForAConditionGoesOn) {
  const auto client = Connect();
  Lock lock(client, "{c}lock");
  const Condition changed(client, "{c}condition");
  lock.create();
  changed.create(lock);
  std::thread waiter([&] {
    Lock mine(client, "{c}lock");
    mine.lock();
    EXPECT_TRUE(changed.wait_for(mine, 60s));
    mine.release();
  });
  WaitForWaiters(client, "{c}condition", 1);
  Restart();
  lock.lock();
  EXPECT_EQ(changed.notify_one(), 1u);
  lock.release();
  waiter.join();
}

TEST_P(CppRestartTest, AnAnonymousObjectIsHeldAsBefore) {
  const auto client = Connect();
  const auto list = List<int>::make(client, {1});
  Restart();
  EXPECT_EQ(list.append(2).length, 2u);
  EXPECT_EQ(lifetime(list).own_handles, 1u);
}

TEST_P(CppRestartTest, ASubscriptionMissesNothing) {
  const auto client = Connect();
  const Topic<int> topic(client, "topic");
  Subscription<int> inbox = topic.subscribe();
  topic.publish(1);
  Restart();
  topic.publish(2);
  EXPECT_EQ(inbox.receive(), 1);
  EXPECT_EQ(inbox.receive(), 2);
}

TEST_P(CppRestartTest, AWatchThatWaitsGoesOn) {
  const auto client = Connect();
  const List<int> list(client, "list");
  list.append(0);
  std::thread watcher([&] { EXPECT_EQ(watch(list).next()->version, 2u); });
  const auto other = Connect();
  WaitForWaiters(other, "list", 1);
  Restart();
  WaitForWaiters(other, "list", 1);
  List<int>(other, "list").append(1);
  watcher.join();
}

TEST_P(CppRestartTest, AWatchIsToldThatItMayHaveMissedSomething) {
  const auto client = Connect();
  const List<int> list(client, "list");
  list.append(0);
  Watch changes = watch(list);
  list.append(1);
  Restart();
  EXPECT_THROW(changes.next(), Compacted);
  changes.restart();
  list.append(2);
  EXPECT_EQ(changes.next()->version, 3u);
}

TEST_P(CppRestartTest, ADaemonThatIsAwayForLongerThanConnectingMayTakeIsWaitedFor) {
  const auto client = Connect({.connect_timeout = 3s});
  EXPECT_EQ(client.session().durability, "sync");
  const Counter counter(client, "counter");
  counter.add(1);
  Stop();
  std::atomic<bool> added{false};
  std::thread adder([&] {
    EXPECT_EQ(counter.add(1), 2);
    added = true;
  });
  std::this_thread::sleep_for(3200ms);  // Away for so long.
  EXPECT_FALSE(added);
  StartAgain();
  adder.join();
}

TEST_P(CppRestartTest, AnObjectMayHaveALevelOfItsOwn) {
  const auto client = Connect();
  const List<int> list(client, "list");
  list.create();
  EXPECT_EQ(durability(list), Durability::kDaemon);
  set_durability(list, Durability::kAsync);
  list.append(1);
  Restart();
  EXPECT_EQ(durability(list), Durability::kAsync);
  EXPECT_EQ(list.size(), 1u);
}

TEST_P(CppRestartTest, PatienceCanBeLimited) {
  const auto client = Connect({.reconnect_timeout = 20ms});
  Stop();
  EXPECT_THROW(Counter(client, "counter").add(1), ConnectFailed);
}

TEST_P(CppRestartTest, ACallsDeadlineIsKeptWhileTheDaemonIsAway) {
  const auto client = Connect();
  const Queue<int> queue(client, "queue");
  queue.create();
  const auto op = ops::queue_get("queue", {});
  CallOptions options;
  options.deadline = 300ms;
  std::thread getter([&] { EXPECT_THROW(client.call(op.method, op.request, options), Error); });
  WaitForWaiters(client, "queue", 1);
  Stop();
  getter.join();
}

TEST_P(CppRestartTest, ASessionThatEndedMeanwhileIsTold) {
  const auto client = Connect({.session_ttl = 1s});
  Lock lock(client, "lock");
  lock.lock();
  Stop();
  StartAgain();
  const auto other = Connect();
  while (Lock(other, "lock").inspect().locked) std::this_thread::yield();
  EXPECT_THROW(lock.release(), SessionExpired);
  Lock next(other, "lock");
  next.lock();
  EXPECT_TRUE(next.owner_died());
}

}  // namespace
}  // namespace coheld
