// coheld::Event, Semaphore, Latch and Barrier against the daemon.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::InChild;
using testing::InKilledChild;
using testing::WaitForWaiters;

class CppEventTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppEventTest);

TEST_P(CppEventTest, SetAndClearTellTheFlagBefore) {
  const Event event(client_, Name("event"));
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.set());
  EXPECT_TRUE(event.set());
  EXPECT_TRUE(event.is_set());
  EXPECT_TRUE(event.clear());
  EXPECT_FALSE(event.clear());
}

TEST_P(CppEventTest, ASetWakesAllWhoWait) {
  const auto event = Event::make(client_);
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) waiters.emplace_back([&] { event.wait(); });
  WaitForWaiters(client_, event.name(), 3);
  event.set();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_TRUE(event.wait_for(0ms));
}

TEST_P(CppEventTest, ATimedWaitGivesUp) {
  const auto event = Event::make(client_);
  EXPECT_FALSE(event.wait_for(1ms));
  EXPECT_FALSE(event.wait_until(std::chrono::system_clock::now() + 1ms));
}

TEST_P(CppEventTest, AnExclusiveCreateRefusesATakenName) {
  const Event event(client_, Name("event"));
  EXPECT_TRUE(event.create().created);
  EXPECT_FALSE(event.create().created);
  EXPECT_THROW(event.create(true), ObjectExists);
}

TEST_P(CppEventTest, AnotherProcessSetsIt) {
  const auto event = Event::make(client_);
  EXPECT_TRUE(InChild([&] {
    event.set();
    return true;
  }));
  EXPECT_TRUE(event.is_set());
}

class CppSemaphoreTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppSemaphoreTest);

TEST_P(CppSemaphoreTest, PermitsAreTakenAndGivenBack) {
  const auto semaphore = Semaphore::make(client_, {.permits = 2});
  semaphore.acquire();
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire_for(1ms));
  EXPECT_EQ(semaphore.release(2), 2u);
  const SemaphoreState state = semaphore.inspect();
  EXPECT_EQ(state.available, 2u);
  EXPECT_EQ(state.held, 0u);
  EXPECT_FALSE(state.bounded);
}

TEST_P(CppSemaphoreTest, ABoundedOneRefusesOneReleaseTooMany) {
  const auto semaphore = Semaphore::make(client_, {.permits = 1, .bounded = true});
  EXPECT_THROW(semaphore.release(), SemaphoreReleasedTooOften);
  EXPECT_THROW(semaphore.acquire(2), InvalidArgument);
  EXPECT_EQ(Semaphore::make(client_).release(3), 4u);
}

TEST_P(CppSemaphoreTest, APermitIsHeldForAScope) {
  const auto semaphore = Semaphore::make(client_);
  {
    const Permit permit(semaphore);
    EXPECT_EQ(semaphore.inspect().available, 0u);
  }
  EXPECT_EQ(semaphore.inspect().available, 1u);
}

TEST_P(CppSemaphoreTest, WaitersAreServedInTheirOrder) {
  const auto semaphore = Semaphore::make(client_, {.permits = 0});
  std::atomic<int> served{0};
  int wide_place = 0;
  int narrow_place = 0;
  std::thread wide([&] {
    semaphore.acquire(2);
    wide_place = ++served;
    semaphore.release(1);
  });
  WaitForWaiters(client_, semaphore.name(), 1);
  std::thread narrow([&] {
    semaphore.acquire(1);
    narrow_place = ++served;
  });
  WaitForWaiters(client_, semaphore.name(), 2);
  semaphore.release(1);  // Not enough for the first, so nobody goes on.
  EXPECT_EQ(semaphore.inspect().waiters, 2u);
  semaphore.release(1);
  wide.join();
  narrow.join();
  EXPECT_EQ(wide_place, 1);
  EXPECT_EQ(narrow_place, 2);
}

TEST_P(CppSemaphoreTest, ADeadProcessTakesNoPermitAlong) {
  const Client client = ConnectBriefly();
  const Semaphore semaphore(client, Name("semaphore"));
  semaphore.create({.permits = 1});
  InKilledChild([&] { semaphore.acquire(); });
  semaphore.acquire();
  EXPECT_EQ(semaphore.inspect().held, 1u);
}

class CppLatchTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppLatchTest);

TEST_P(CppLatchTest, ItOpensAtZeroAndStaysOpen) {
  const auto latch = Latch::make(client_, 3);
  EXPECT_EQ(latch.count_down(2), 1u);
  EXPECT_FALSE(latch.try_wait());
  EXPECT_FALSE(latch.wait_for(1ms));
  EXPECT_EQ(latch.count_down(5), 0u);
  EXPECT_TRUE(latch.try_wait());
  latch.wait();
  EXPECT_EQ(latch.inspect().count, 3u);
}

TEST_P(CppLatchTest, AllArriveAndWait) {
  const auto latch = Latch::make(client_, 3);
  std::vector<std::thread> parties;
  for (int i = 0; i < 2; ++i) parties.emplace_back([&] { latch.arrive_and_wait(); });
  WaitForWaiters(client_, latch.name(), 2);
  latch.arrive_and_wait();
  for (std::thread& party : parties) party.join();
}

TEST_P(CppLatchTest, OnlyCreateMakesOne) {
  const Latch latch(client_, Name("latch"));
  EXPECT_THROW(latch.count_down(), ObjectNotFound);
  EXPECT_TRUE(latch.create(1).created);
  EXPECT_FALSE(latch.create(5).created);
  EXPECT_EQ(latch.inspect().remaining, 1u);
}

}  // namespace
}  // namespace coheld
