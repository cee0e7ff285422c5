// Locks that are lost, objects that locks guard, and why somebody waits: through the C++ SDK.
#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

class CppGuardTest : public testing::CppTest {
 protected:
  // Names that one shard has.
  static std::string Tagged(const std::string& word) { return "{guard}" + Name(word); }

  Lock lock_{client_, Tagged("lock")};
  Dict<std::string, int> accounts_{client_, Tagged("accounts")};
};
COHELD_ON_BOTH_SOCKETS(CppGuardTest);

TEST_P(CppGuardTest, OnlyTheHolderOfTheLockChangesAGuardedObject) {
  lock_.create();
  accounts_.set("ann", 1);
  guard(accounts_, lock_);
  EXPECT_THROW(accounts_.set("ann", 2), GuardStale);
  EXPECT_EQ(accounts_.at("ann"), 1);
  const std::unique_lock holding(lock_);
  accounts_.set("ann", 2);
  EXPECT_EQ(accounts_.at("ann"), 2);
  EXPECT_EQ(lifetime(accounts_).guard, lock_.name());
  EXPECT_EQ(lifetime(accounts_).guard_token, lock_.token());
}

TEST_P(CppGuardTest, WhoUsesTheHoldersTokenWorksOnItsBehalf) {
  lock_.lock();
  accounts_.create();
  guard(accounts_, lock_);
  std::thread([&] {
    EXPECT_THROW(accounts_.set("ann", 1), GuardStale);
    const UsingToken token(lock_.token());
    accounts_.set("ann", 2);
  }).join();
  EXPECT_EQ(accounts_.at("ann"), 2);
  EXPECT_TRUE(unguard(accounts_));
  lock_.release();
  accounts_.set("ann", 3);
}

TEST_P(CppGuardTest, ATokenOfAnEarlierGrantIsStale) {
  lock_.lock();
  accounts_.create();
  guard(accounts_, lock_);
  const uint64_t old = lock_.token();
  lock_.release();
  lock_.lock();
  std::thread([&] {
    const UsingToken token(old);
    EXPECT_THROW(accounts_.set("ann", 1), GuardStale);
  }).join();
}

TEST_P(CppGuardTest, ALeaseThatEndsGivesTheLockToTheNextWhoIsTold) {
  ASSERT_TRUE(lock_.acquire({.lease = 20ms}));
  EXPECT_FALSE(lock_.owner_died());
  const auto other = Client::connect(Address());
  Lock next(other, lock_.name());
  const Acquired acquired = next.acquire({.time = 30s});
  EXPECT_TRUE(acquired);
  EXPECT_TRUE(acquired.owner_died);
  EXPECT_TRUE(next.owner_died());
  EXPECT_TRUE(lock_.lost());
  EXPECT_FALSE(next.lost());
  EXPECT_THROW(lock_.release(), LockLost);
  EXPECT_FALSE(lock_.lost());
  next.release();
}

TEST_P(CppGuardTest, ARenewedLeaseGoesOn) {
  ASSERT_TRUE(lock_.acquire({.lease = 1h}));
  EXPECT_LE(lock_.inspect().lease, 1h);
  lock_.renew(2h);
  EXPECT_GT(lock_.inspect().lease, 1h);
  lock_.renew(0ms);
  EXPECT_FALSE(lock_.inspect().lease);
  lock_.release();
}

TEST_P(CppGuardTest, ARecursiveLockHasALeaseToo) {
  RecursiveLock deep(client_, Tagged("deep"));
  ASSERT_TRUE(deep.acquire({.lease = 20ms}));
  deep.lock();
  const auto other = Client::connect(Address());
  RecursiveLock next(other, deep.name());
  EXPECT_TRUE(next.acquire({.time = 30s}).owner_died);
  EXPECT_TRUE(deep.lost());
  EXPECT_THROW(deep.release(), LockLost);
}

TEST_P(CppGuardTest, AKilledWriterIsToldToTheNext) {
  const std::string name = Tagged("shared");
  testing::InKilledChild([&] {
    const auto client = Client::connect(Address(), {.session_ttl = 1s});
    SharedLock(client, name).lock();
  });
  SharedLock shared(client_, name);
  shared.lock();
  EXPECT_TRUE(shared.owner_died());
  shared.unlock();
}

TEST_P(CppGuardTest, AnAcquireThatTimesOutNamesTheHolder) {
  lock_.lock();
  const auto other = Client::connect(Address());
  Lock late(other, lock_.name());
  const Acquired acquired = late.acquire({.time = 1ms});
  ASSERT_FALSE(acquired);
  ASSERT_TRUE(acquired.holder);
  EXPECT_EQ(acquired.holder->session, client_.session().id);
  EXPECT_EQ(acquired.holder->thread, this_thread_id());
  EXPECT_EQ(acquired.holder->label.pid, getpid());
  EXPECT_EQ(acquired.holder->site.find("cpp_guard_test.cc:"), 0u) << acquired.holder->site;
  EXPECT_NE(to_string(*acquired.holder).find(acquired.holder->site), std::string::npos);
  lock_.release();
}

TEST_P(CppGuardTest, ExplainTellsWhoHoldsAndWhoWaits) {
  lock_.lock();
  std::thread waiter([&] {
    Lock mine(client_, lock_.name());
    mine.lock();
    mine.release();
  });
  testing::WaitForWaiters(client_, lock_.name(), 1);
  const Admin admin(client_);
  const Explanation explanation = admin.explain(lock_.name());
  ASSERT_EQ(explanation.holders.size(), 1u);
  ASSERT_EQ(explanation.waiters.size(), 1u);
  EXPECT_EQ(explanation.waiters[0].method, "Lock.Acquire");
  EXPECT_EQ(explanation.waiters[0].site.find("cpp_guard_test.cc:"), 0u);
  EXPECT_FALSE(explanation.deadlocked);
  const std::vector<Wait> waits = admin.waits(client_.session().id);
  ASSERT_EQ(waits.size(), 1u);
  EXPECT_EQ(waits[0].object, lock_.name());
  ASSERT_TRUE(waits[0].holder);
  EXPECT_EQ(waits[0].holder->token, lock_.token());
  const std::vector<HeldObject> held = admin.locks(lock_.name());
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].holders[0].token, lock_.token());
  lock_.release();
  waiter.join();
}

TEST_P(CppGuardTest, EveryWaitTellsItsPlaceInTheProgram) {
  const Event event(client_, Tagged("event"));
  const Queue<int> queue(client_, Tagged("queue"));
  const Condition changed(client_, Tagged("condition"));
  event.create();
  queue.create();
  lock_.create();
  changed.create(lock_);
  std::thread on_event([&] { event.wait(); });
  std::thread on_queue([&] { queue.get(); });
  std::thread on_condition([&] {
    const std::unique_lock holding(lock_);
    changed.wait(lock_);
  });
  for (const std::string& name : {event.name(), queue.name(), changed.name()}) {
    testing::WaitForWaiters(client_, name, 1);
    const Explanation explanation = Admin(client_).explain(name);
    EXPECT_EQ(explanation.waiters.at(0).site.find("cpp_guard_test.cc:"), 0u) << name;
  }
  event.set();
  queue.put(1);
  lock_.lock();
  changed.notify_one();
  lock_.release();
  on_event.join();
  on_queue.join();
  on_condition.join();
}

TEST_P(CppGuardTest, TheOpThatClosesARingFailsWithTheRing) {
  Lock second(client_, Tagged("second"));
  lock_.lock();
  std::thread other([&] {
    second.lock();
    Lock first(client_, lock_.name());
    first.lock();  // Waits until the ring was broken.
    first.release();
    second.release();
  });
  testing::WaitForWaiters(client_, lock_.name(), 1);
  Lock mine(client_, second.name());
  try {
    mine.lock();
    ADD_FAILURE() << "no deadlock";
  } catch (const Deadlock& deadlock) {
    const std::string ring = deadlock.what();
    EXPECT_NE(ring.find(lock_.name()), std::string::npos) << ring;
    EXPECT_NE(ring.find(second.name()), std::string::npos) << ring;
    EXPECT_NE(ring.find("cpp_guard_test.cc:"), std::string::npos) << ring;
  }
  lock_.release();
  other.join();
}

}  // namespace
}  // namespace coheld
