// coheld::Condition and Barrier against the daemon: processes and threads that wait for each other.
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::InChild;
using testing::WaitForWaiters;

class CppConditionTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppConditionTest);

TEST_P(CppConditionTest, ANotifiedWaiterHasTheLockAgain) {
  auto lock = Lock::make(client_);
  const auto condition = Condition::make(lock);
  std::thread waiter([&] {
    Lock same(lock);
    std::unique_lock guard(same);
    const uint64_t before = same.token();
    condition.wait(guard);
    EXPECT_EQ(same.inspect().thread, this_thread_id());
    EXPECT_GT(same.token(), before);
  });
  WaitForWaiters(client_, condition.name(), 1);
  {
    const std::lock_guard guard(lock);
    EXPECT_EQ(condition.notify_one(), 1u);
  }
  waiter.join();
  EXPECT_FALSE(lock.inspect().locked);
}

TEST_P(CppConditionTest, APredicateIsTestedUnderTheLock) {
  auto lock = Lock::make(client_);
  const auto changed = Condition::make(lock);
  const auto jobs = List<int>::make(client_);
  std::vector<std::thread> workers;
  std::atomic<int> sum{0};
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      Lock same(lock);
      std::unique_lock guard(same);
      changed.wait(guard, [&] { return !jobs.empty(); });
      sum += jobs.pop();
    });
  }
  WaitForWaiters(client_, changed.name(), 3);
  {
    const std::lock_guard guard(lock);
    jobs.extend({1, 2, 3});
    EXPECT_EQ(changed.notify_all(), 3u);
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(sum, 6);
}

TEST_P(CppConditionTest, ATimedWaitReturnsWithTheLock) {
  auto lock = Lock::make(client_);
  const auto condition = Condition::make(lock);
  std::unique_lock guard(lock);
  EXPECT_FALSE(condition.wait_for(guard, 1ms));
  EXPECT_FALSE(condition.wait_until(guard, std::chrono::system_clock::now() + 1ms));
  EXPECT_FALSE(condition.wait_for(guard, 1ms, [] { return false; }));
  EXPECT_TRUE(condition.wait_for(guard, 1ms, [] { return true; }));
  EXPECT_TRUE(lock.inspect().locked);
  EXPECT_EQ(lock.inspect().token, lock.token());
}

TEST_P(CppConditionTest, ARecursiveLockComesBackAsDeep) {
  auto lock = RecursiveLock::make(client_);
  const auto condition = Condition::make(lock);
  lock.lock();
  lock.lock();
  EXPECT_FALSE(condition.wait_for(lock, 1ms));
  EXPECT_EQ(lock.inspect().depth, 2u);
  EXPECT_EQ(lock.release(), 1u);
  EXPECT_EQ(lock.release(), 0u);
}

TEST_P(CppConditionTest, WaitAndNotifyNeedTheLock) {
  auto lock = Lock::make(client_);
  const auto condition = Condition::make(lock);
  EXPECT_THROW(condition.notify_one(), LockNotHeld);
  EXPECT_THROW(condition.wait(lock), LockNotHeld);
  Lock same(Client::connect(Address()), lock.name());
  lock.lock();
  EXPECT_THROW(Condition(same.client(), condition.name()).notify_all(), LockNotOwner);
}

TEST_P(CppConditionTest, AnInterruptedWaitHasTheLockAgain) {
  std::atomic<bool> stop{false};
  const auto client = Client::connect(Address(), {.on_interrupt = [&] { return stop.load(); }});
  for (const bool deep : {false, true}) {
    auto lock = RecursiveLock::make(client);
    const auto condition = Condition::make(lock);
    std::thread waiter([&] {
      const std::lock_guard guard(lock);
      if (deep) lock.lock();
      EXPECT_THROW(condition.wait(lock), Interrupted);
      stop = false;
      EXPECT_EQ(lock.inspect().thread, this_thread_id());
      EXPECT_EQ(lock.inspect().depth, deep ? 2u : 1u);
      if (deep) lock.unlock();
    });
    WaitForWaiters(client_, condition.name(), 1);
    stop = true;
    waiter.join();
    EXPECT_FALSE(lock.inspect().locked);
  }
}

TEST_P(CppConditionTest, ADeletedConditionsWaiterHasTheLockAgain) {
  auto lock = Lock::make(client_);
  const Condition condition(client_, Name("condition"));
  condition.create(lock);
  std::thread waiter([&] {
    Lock same(lock);
    const std::lock_guard guard(same);
    EXPECT_THROW(condition.wait(same), ObjectNotFound);
    EXPECT_EQ(same.inspect().thread, this_thread_id());
  });
  WaitForWaiters(client_, condition.name(), 1);
  Admin(client_).erase(condition.name());
  waiter.join();
}

TEST_P(CppConditionTest, ProcessesTakeTurns) {
  Lock lock(client_, "{" + Name("tag") + "}lock");
  const Condition condition(client_, "{" + Name("tag") + "}condition");
  lock.create();
  EXPECT_TRUE(condition.create(lock).created);
  EXPECT_THROW(condition.create(lock, true), ObjectExists);
  EXPECT_EQ(condition.inspect().lock.name, lock.name());
  const SharedValue<int> turn(client_, Name("turn"));
  turn.set(0);
  const auto play = [&](int me) {
    std::unique_lock guard(lock);
    for (int round = 0; round < 10; ++round) {
      condition.wait(guard, [&] { return turn.get() % 2 == me; });
      turn.fetch_add(1);
      condition.notify_all();
    }
    return true;
  };
  std::thread other([&] { EXPECT_TRUE(InChild([&] { return play(1); })); });
  play(0);
  other.join();
  EXPECT_EQ(turn.get(), 20);
}

class CppBarrierTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppBarrierTest);

TEST_P(CppBarrierTest, AllGoOnTogetherAndOneActs) {
  const auto barrier = Barrier::make(client_, 3);
  std::atomic<int> acted{0};
  std::atomic<uint64_t> places{0};
  const auto party = [&] {
    for (int round = 1; round <= 5; ++round) {
      places += barrier.arrive_and_wait([&] { ++acted; });
      EXPECT_GE(acted, round);
    }
  };
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) others.emplace_back(party);
  party();
  for (std::thread& other : others) other.join();
  EXPECT_EQ(acted, 5);
  EXPECT_EQ(places, 5u * (0 + 1 + 2));
}

TEST_P(CppBarrierTest, ATimeoutBreaksItUntilReset) {
  const auto barrier = Barrier::make(client_, 2);
  EXPECT_THROW(barrier.arrive_and_wait_for(1ms), BarrierBroken);
  EXPECT_TRUE(barrier.inspect().broken);
  EXPECT_THROW(barrier.arrive_and_wait(), BarrierBroken);
  barrier.reset();
  EXPECT_FALSE(barrier.inspect().broken);
}

TEST_P(CppBarrierTest, AnAbortWakesTheOthers) {
  const auto barrier = Barrier::make(client_, 2);
  std::thread other([&] { EXPECT_THROW(barrier.arrive_and_wait(), BarrierBroken); });
  WaitForWaiters(client_, barrier.name(), 1);
  barrier.abort();
  other.join();
}

TEST_P(CppBarrierTest, AFailedActionBreaksIt) {
  const auto barrier = Barrier::make(client_, 2);
  std::thread other([&] { EXPECT_THROW(barrier.arrive_and_wait(), BarrierBroken); });
  WaitForWaiters(client_, barrier.name(), 1);
  EXPECT_THROW(barrier.arrive_and_wait([] { throw std::runtime_error("no"); }), std::runtime_error);
  other.join();
  EXPECT_TRUE(barrier.inspect().broken);
}

TEST_P(CppBarrierTest, ADeadPartyBreaksIt) {
  const Client client = ConnectBriefly();
  const Barrier barrier(client, Name("barrier"));
  barrier.create(3);
  std::thread other([&] { EXPECT_THROW(barrier.arrive_and_wait(), BarrierBroken); });
  WaitForWaiters(client_, barrier.name(), 1);
  const pid_t child = fork();
  if (child == 0) {
    barrier.arrive_and_wait();
    _exit(0);
  }
  WaitForWaiters(client_, barrier.name(), 2);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  other.join();
}

}  // namespace
}  // namespace coheld
