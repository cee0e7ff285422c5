// Every op of coheld::SharedValue, coheld::Lock and coheld::Admin against the daemon.
#include <mutex>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::WaitForWaiters;

class CppSharedValueTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppSharedValueTest);

TEST_P(CppSharedValueTest, AMissingValueReadsAsNull) {
  EXPECT_EQ(SharedValue<std::optional<int>>(client_, Name("missing")).get(), std::nullopt);
  EXPECT_THROW(SharedValue<int>(client_, Name("missing")).get(), BadConversion);
}

TEST_P(CppSharedValueTest, SetReplacesAndCountsVersions) {
  const auto value = SharedValue<std::string>::make(client_, {.initial = "a"});
  const auto seen = value.load();
  EXPECT_EQ(value.set("b", seen.version), seen.version + 1);
  EXPECT_EQ(value.get(), "b");
  EXPECT_THROW(value.set("c", seen.version), VersionMismatch);
}

TEST_P(CppSharedValueTest, TheTypecodeIsEnforced) {
  const auto value = SharedValue<Value>::make(client_, {.typecode = "b", .initial = 5});
  EXPECT_EQ(value.typecode(), "b");
  EXPECT_THROW(value.set("text"), TypecodeMismatch);
  EXPECT_THROW(value.set(128), Overflow);
  EXPECT_EQ(value.get(), Value(5));
}

TEST_P(CppSharedValueTest, OperatorsActAsPythons) {
  const auto value = SharedValue<int>::make(client_, {.initial = 7});
  EXPECT_EQ(value.modify(Operator::kAdd, 3).value, 10);
  EXPECT_EQ(value.modify(Operator::kSubtract, 24).value, -14);
  EXPECT_EQ(value.modify(Operator::kFloorDivide, 4).value, -4);
  EXPECT_EQ(value.modify(Operator::kModulo, 3).value, 2);
  EXPECT_EQ(value.modify(Operator::kMultiply, 6).value, 12);
  EXPECT_EQ(value.modify(Operator::kMin, 10).value, 10);
  EXPECT_EQ(value.modify(Operator::kMax, 12).value, 12);
  EXPECT_EQ(value.modify(Operator::kAnd, 10).value, 8);
  EXPECT_EQ(value.modify(Operator::kOr, 3).value, 11);
  EXPECT_EQ(value.modify(Operator::kXor, 1).value, 10);
  EXPECT_EQ((SharedValue<double>(client_, value.name()).modify(Operator::kDivide, 4).value), 2.5);
  EXPECT_THROW(value.modify(Operator::kModulo, 0), DivisionByZero);
}

TEST_P(CppSharedValueTest, FetchAddStartsFromZero) {
  const SharedValue<int> value(client_, Name("sum"));
  EXPECT_EQ(value.fetch_add(2), 0);
  EXPECT_EQ(value.fetch_sub(5), 2);
  EXPECT_EQ(value.get(), -3);
}

TEST_P(CppSharedValueTest, CompareExchangeChangesOnlyWhatWasExpected) {
  const auto value = SharedValue<int>::make(client_, {.initial = 1});
  EXPECT_FALSE(value.compare_exchange(2, 3).exchanged);
  const Exchanged<int> done = value.compare_exchange(1, 3);
  EXPECT_TRUE(done.exchanged);
  EXPECT_EQ(done.current, 3);
}

TEST_P(CppSharedValueTest, AWriteWakesAWaiter) {
  const SharedValue<int> value(client_, Name("value"));
  value.create({.initial = 1});
  const uint64_t seen = value.load().version;
  EXPECT_EQ(value.wait_for_change(seen, 1ms).has_value(), false);
  int woken_with = 0;
  std::thread waiter([&] { woken_with = value.wait_for_change(seen)->value; });
  WaitForWaiters(client_, value.name(), 1);
  value.set(2);
  waiter.join();
  EXPECT_EQ(woken_with, 2);
}

TEST_P(CppSharedValueTest, AnExclusiveCreateRefusesATakenName) {
  const SharedValue<int> value(client_, Name("value"));
  EXPECT_TRUE(value.create({.initial = 1}).created);
  EXPECT_THROW(value.create({.exclusive = true}), ObjectExists);
}

class CppLockTest : public testing::CppTest {
 protected:
  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppLockTest);

TEST_P(CppLockTest, GuardsOfTheStandardLibraryHoldIt) {
  auto lock = Lock::make(client_);
  {
    const std::unique_lock guard(lock);
    EXPECT_TRUE(lock.inspect().locked);
    EXPECT_FALSE(Lock(other_, lock.name()).try_lock());
  }
  EXPECT_FALSE(lock.inspect().locked);
}

TEST_P(CppLockTest, ScopedLockTakesSeveral) {
  auto a = Lock::make(client_);
  auto b = Lock::make(client_);
  {
    const std::scoped_lock guard(a, b);
    EXPECT_TRUE(a.inspect().locked);
    EXPECT_TRUE(b.inspect().locked);
  }
  EXPECT_FALSE(a.inspect().locked);
}

TEST_P(CppLockTest, ATimedWaitGivesUp) {
  auto lock = Lock::make(client_);
  lock.lock();
  std::unique_lock<Lock> waiter(lock, std::defer_lock);
  EXPECT_FALSE(waiter.try_lock_for(1ms));
  EXPECT_FALSE(waiter.try_lock_until(std::chrono::system_clock::now() + 1ms));
  lock.unlock();
  EXPECT_TRUE(waiter.try_lock_for(1s));
}

TEST_P(CppLockTest, TokensGrowWithEveryGrant) {
  auto lock = Lock::make(client_);
  lock.lock();
  const uint64_t first = lock.token();
  lock.release();
  Lock other(other_, lock.name());
  other.lock();
  EXPECT_GT(other.token(), first);
}

TEST_P(CppLockTest, AnothersReleaseIsRefused) {
  auto lock = Lock::make(client_);
  EXPECT_THROW(lock.release(), LockNotHeld);
  lock.lock();
  EXPECT_THROW(Lock(other_, lock.name()).release(), LockNotOwner);
  std::thread([&] { EXPECT_THROW(Lock(client_, lock.name()).release(), LockNotOwner); }).join();
  EXPECT_TRUE(lock.inspect().locked);
}

TEST_P(CppLockTest, AnyoneReleasesALockMadeSo) {
  auto lock = Lock::make(client_, {.release = LockRelease::kAnyone});
  lock.lock();
  Lock(other_, lock.name()).release();
  EXPECT_FALSE(lock.inspect().locked);
}

TEST_P(CppLockTest, InspectTellsTheOwner) {
  auto lock = Lock::make(client_);
  lock.lock();
  const LockState state = lock.inspect();
  EXPECT_EQ(state.session, client_.session().id);
  EXPECT_EQ(state.thread, this_thread_id());
  EXPECT_EQ(state.token, lock.token());
  EXPECT_EQ(Admin(client_).describe(lock.name()).holders.at(0).label.pid, getpid());
}

TEST_P(CppLockTest, ClosingTheClientReleases) {
  auto lock = Lock::make(client_);
  Lock(other_, lock.name()).lock();
  std::thread waiter([&] { lock.lock(); });
  WaitForWaiters(client_, lock.name(), 1);
  other_.close();
  waiter.join();
  EXPECT_EQ(lock.inspect().session, client_.session().id);
}

class CppAdminTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppAdminTest);

TEST_P(CppAdminTest, StatusTellsWhatTheSessionTells) {
  const DaemonStatus status = Admin(client_).status();
  EXPECT_EQ(status.version, client_.session().version);
  EXPECT_EQ(status.durability, "memory");
  EXPECT_EQ(status.pid, testing::SharedDaemon().pid());
  EXPECT_GT(Admin(client_).ping(), 0ns);
}

TEST_P(CppAdminTest, ObjectsAreFoundByPrefixAndType) {
  List<int>(client_, Name("a")).append(1);
  Queue<int>(client_, Name("b")).put(1);
  const Admin admin(client_);
  EXPECT_EQ(admin.objects({.prefix = Name("")}).size(), 2u);
  const auto queues = admin.objects({.prefix = Name(""), .type = "queue"});
  ASSERT_EQ(queues.size(), 1u);
  EXPECT_EQ(queues[0].name, Name("b"));
  EXPECT_EQ(queues[0].size, 1u);
}

TEST_P(CppAdminTest, EraseTellsWhetherThereWasOne) {
  List<int>(client_, Name("a")).append(1);
  EXPECT_TRUE(Admin(client_).erase(Name("a")));
  EXPECT_FALSE(Admin(client_).erase(Name("a")));
  EXPECT_THROW(Admin(client_).describe(Name("a")), ObjectNotFound);
}

TEST_P(CppAdminTest, SessionsCarryTheProgramsName) {
  const auto named = Client::connect(Address(), {.program = "a test"});
  bool found = false;
  for (const SessionSummary& session : Admin(client_).sessions()) {
    found = found || (session.session == named.session().id && session.label.program == "a test" &&
                      session.label.pid == getpid());
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace coheld
