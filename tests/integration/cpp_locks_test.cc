// coheld::RecursiveLock, SharedLock and lock_all against the daemon, with the standard library's
// guards.
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::InKilledChild;
using testing::WaitForWaiters;

class CppRecursiveLockTest : public testing::CppTest {
 protected:
  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppRecursiveLockTest);

TEST_P(CppRecursiveLockTest, GuardsNest) {
  auto lock = RecursiveLock::make(client_);
  {
    const std::lock_guard outer(lock);
    {
      const std::unique_lock inner(lock);
      EXPECT_EQ(lock.inspect().depth, 2u);
    }
    EXPECT_EQ(lock.inspect().depth, 1u);
    EXPECT_FALSE(RecursiveLock(other_, lock.name()).try_lock());
  }
  EXPECT_FALSE(lock.inspect().locked);
}

TEST_P(CppRecursiveLockTest, ReleaseTellsHowDeepItIsHeld) {
  auto lock = RecursiveLock::make(client_);
  EXPECT_THROW(lock.release(), LockNotHeld);
  lock.lock();
  lock.lock();
  EXPECT_EQ(lock.release(), 1u);
  EXPECT_THROW(RecursiveLock(other_, lock.name()).release(), LockNotOwner);
  EXPECT_EQ(lock.release(), 0u);
}

TEST_P(CppRecursiveLockTest, AnotherThreadIsAnotherOwner) {
  auto lock = RecursiveLock::make(client_);
  lock.lock();
  std::thread([&] {
    EXPECT_FALSE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock_for(1ms));
    EXPECT_FALSE(lock.try_lock_until(std::chrono::steady_clock::now() + 1ms));
  }).join();
  EXPECT_EQ(lock.inspect().thread, this_thread_id());
}

TEST_P(CppRecursiveLockTest, ADeadOwnersLockIsFreeWhateverItsDepth) {
  const Client client = ConnectBriefly();
  RecursiveLock lock(client, Name("lock"));
  InKilledChild([&] {
    lock.lock();
    lock.lock();
  });
  lock.lock();
  EXPECT_EQ(lock.inspect().depth, 1u);
}

class CppSharedLockTest : public testing::CppTest {
 protected:
  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppSharedLockTest);

TEST_P(CppSharedLockTest, ReadersShareItAndAWriterDoesNot) {
  auto lock = SharedLock::make(client_);
  SharedLock same(other_, lock.name());
  {
    const std::shared_lock reading(lock);
    const std::shared_lock also_reading(same);
    EXPECT_EQ(lock.inspect().readers, 2u);
    EXPECT_FALSE(same.try_lock());
  }
  {
    const std::unique_lock writing(lock);
    EXPECT_TRUE(lock.inspect().written);
    EXPECT_EQ(lock.inspect().token, lock.token());
    EXPECT_FALSE(same.try_lock_shared());
    EXPECT_FALSE(same.try_lock());
  }
  EXPECT_EQ(lock.inspect().readers, 0u);
}

TEST_P(CppSharedLockTest, TimedWaitsGiveUp) {
  auto lock = SharedLock::make(client_);
  lock.lock();
  SharedLock same(other_, lock.name());
  std::shared_lock reading(same, std::defer_lock);
  EXPECT_FALSE(reading.try_lock_for(1ms));
  EXPECT_FALSE(reading.try_lock_until(std::chrono::system_clock::now() + 1ms));
  std::unique_lock writing(same, std::defer_lock);
  EXPECT_FALSE(writing.try_lock_for(1ms));
  lock.unlock();
  EXPECT_TRUE(reading.try_lock_for(1s));
}

TEST_P(CppSharedLockTest, AWaitingWriterHoldsBackLaterReaders) {
  auto lock = SharedLock::make(client_);
  lock.lock_shared();
  std::thread writer([&] {
    SharedLock same(other_, lock.name());
    const std::lock_guard writing(same);
  });
  WaitForWaiters(client_, lock.name(), 1);
  EXPECT_FALSE(SharedLock(Client::connect(Address()), lock.name()).try_lock_shared());
  lock.unlock_shared();
  writer.join();
}

TEST_P(CppSharedLockTest, ReleasingNothingIsToldApart) {
  auto lock = SharedLock::make(client_);
  EXPECT_THROW(lock.release(), LockNotHeld);
  lock.lock();
  EXPECT_THROW(SharedLock(other_, lock.name()).release(), LockNotOwner);
  lock.release();
}

TEST_P(CppSharedLockTest, ADeadWritersLockIsFree) {
  const Client client = ConnectBriefly();
  SharedLock lock(client, Name("lock"));
  InKilledChild([&] { lock.lock(); });
  const std::shared_lock reading(lock);
  EXPECT_EQ(lock.inspect().readers, 1u);
}

class CppLockAllTest : public testing::CppTest {
 protected:
  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppLockAllTest);

TEST_P(CppLockAllTest, AllAreHeldForAScope) {
  Lock plain(client_, "{" + Name("tag") + "}plain");
  RecursiveLock recursive(client_, "{" + Name("tag") + "}recursive");
  {
    const AllLocked guard = lock_all(plain, recursive);
    EXPECT_TRUE(plain.inspect().locked);
    EXPECT_TRUE(recursive.inspect().locked);
    EXPECT_EQ(plain.inspect().token, plain.token());
    EXPECT_EQ(recursive.inspect().token, recursive.token());
  }
  EXPECT_FALSE(plain.inspect().locked);
  EXPECT_FALSE(recursive.inspect().locked);
}

TEST_P(CppLockAllTest, NoneIsHeldIfOneIsTaken) {
  auto free = Lock::make(client_);
  auto taken = Lock::make(client_);
  Lock(other_, taken.name()).lock();
  EXPECT_FALSE(try_lock_all(free, taken).has_value());
  EXPECT_FALSE(try_lock_all_for(1ms, taken, free).has_value());
  EXPECT_FALSE(free.inspect().locked);
}

TEST_P(CppLockAllTest, OppositeOrdersDoNotDeadlock) {
  auto a = Lock::make(client_);
  auto b = Lock::make(client_);
  int rounds = 0;  // Under both locks.
  const auto work = [&](Lock first, Lock second) {
    for (int i = 0; i < 50; ++i) {
      const AllLocked guard = lock_all(first, second);
      ++rounds;
    }
  };
  std::thread forwards([&] { work(a, b); });
  std::thread backwards([&] { work(b, a); });
  forwards.join();
  backwards.join();
  EXPECT_EQ(rounds, 100);
}

TEST_P(CppLockAllTest, ReleaseTellsWhatWasLost) {
  auto lock = Lock::make(client_, {.release = LockRelease::kAnyone});
  AllLocked guard = lock_all(lock);
  Lock(other_, lock.name()).release();
  EXPECT_THROW(guard.release(), LockNotHeld);
}

TEST_P(CppLockAllTest, ALockNamedTwiceIsRefused) {
  auto lock = Lock::make(client_);
  EXPECT_THROW((void)lock_all(lock, lock), InvalidArgument);
}

}  // namespace
}  // namespace coheld
