// How a lock ends other than by release: leases, the death of its owner, its deletion; and what the
// next owner and the one who lost it are told.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class LockLeases : public OpTable {};

TEST_F(LockLeases, EndByThemselvesAndTheNextInLineHasTheLock) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=100 -> acquired=True token=1 owner_died=False
    s2 Lock.Acquire l -> parked #a
    s3 Lock.Acquire l -> parked #b
    advance 99
    s1 Lock.Inspect l -> locked=True session=1 lease_ms=1
    advance 1 -> #a acquired=True token=2 owner_died=True
    s1 Lock.Release l -> LOCK_LOST "its lease ended 0 ms ago"
    s2 Lock.Release l -> ok; #b acquired=True token=3 owner_died=False
  )");
}

TEST_F(LockLeases, CountFromTheGrantAndNotFromTheCall) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s2 Lock.Acquire l lease_ms=50 -> parked #a
    advance 80
    s1 Lock.Release l -> ok; #a token=2
    advance 49
    s2 Lock.Inspect l -> locked=True lease_ms=1
    advance 1
    s2 Lock.Inspect l -> locked=False
  )");
}

TEST_F(LockLeases, AreRenewedFromNowOn) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=100 -> token=1
    advance 90
    s1 Lock.Renew l lease_ms=100 -> token=1
    advance 90
    // Another thread of the program may do it, as it has the token.
    s1/t9 Lock.Renew l lease_ms=100 token=1 -> token=1
    s1/t9 Lock.Renew l lease_ms=100 -> LOCK_NOT_OWNER "session 1 thread 0"
    advance 90
    s1 Lock.Inspect l -> locked=True lease_ms=10
    s1 Lock.Renew l lease_ms=0 -> token=1
    advance 1000
    s1 Lock.Release l -> ok
  )");
}

TEST_F(LockLeases, AreNotRenewedByWhoDoesNotHoldTheLock) {
  Run(R"(
    s1 Lock.Renew l lease_ms=100 -> LOCK_NOT_HELD
    s1 Lock.Acquire l lease_ms=10 -> token=1
    s2 Lock.Renew l lease_ms=100 -> LOCK_NOT_OWNER
    s2 Lock.Renew l lease_ms=100 token=7 -> LOCK_NOT_OWNER "token 7"
    advance 10
    s1 Lock.Renew l lease_ms=100 -> LOCK_LOST
    s1/t2 Lock.Renew l lease_ms=100 token=1 -> LOCK_LOST "token 1"
    s2 Lock.Renew l lease_ms=100 token=1 -> LOCK_NOT_HELD
  )");
}

TEST_F(LockLeases, GoWithTheReleaseOfTheLock) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=100 -> token=1
    s1 Lock.Release l -> ok
    s2 Lock.Acquire l -> token=2
    advance 1000
    s2 Lock.Inspect l -> locked=True session=2
    s2 Lock.Release l -> ok
  )");
}

TEST_F(LockLeases, EndLaterIfTheDaemonStoodStill) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=100 -> token=1
    s1 RLock.Acquire r lease_ms=100 -> token=2
    s2 Lock.Acquire l -> parked #a
    stall 5000
    s1 Lock.Inspect l -> locked=True lease_ms=100
    s1 RLock.Inspect r -> locked=True lease_ms=100
    advance 99
    s1 Lock.Renew l lease_ms=100 -> token=1
    advance 99
    s1 RLock.Inspect r -> locked=False
    advance 1 -> #a acquired=True owner_died=True
  )");
}

TEST_F(LockLeases, OfOneThatWaitsEndedDoNotTakeItsGrantAway) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=10 -> token=1
    s1/t1 Lock.Acquire l lease_ms=10 -> parked #a
    advance 10 -> #a acquired=True token=2 owner_died=True
    s1 Lock.Release l -> LOCK_LOST
    s1/t1 Lock.Release l -> ok
  )");
}

TEST_F(LockLeases, AreOfTheWholeDepthOfAnRLock) {
  Run(R"(
    s1 RLock.Acquire r lease_ms=100 -> token=1 depth=1
    s1 RLock.Acquire r lease_ms=500 -> token=1 depth=2
    advance 100
    s1 RLock.Inspect r -> locked=False
    s1 RLock.Release r -> LOCK_LOST
    s1 RLock.Renew r lease_ms=5 -> LOCK_LOST
    s1 RLock.Acquire r -> token=2 depth=1 owner_died=True
    s1 RLock.Renew r lease_ms=5 token=1 -> LOCK_NOT_OWNER "stale"
    s1 RLock.Renew r lease_ms=5 -> token=2
    advance 5
    s1 RLock.Release r -> LOCK_LOST
  )");
}

TEST_F(LockLeases, OfSeveralLocksAtOnceEndTogether) {
  Run(R"(
    s1 Lock.Create {t}a -> ok
    s1 RLock.Create {t}b -> ok
    s1 Lock.AcquireAll {t}a others=["{t}b"] lease_ms=30 -> acquired=True tokens=[1, 2]
    s2 Lock.AcquireAll {t}b others=["{t}a"] -> parked #a
    advance 30 -> #a acquired=True tokens=[3, 4] owner_died=["{t}b", "{t}a"]
    s1 Lock.ReleaseAll {t}a others=["{t}b"] -> LOCK_LOST
    s2 Lock.ReleaseAll {t}a others=["{t}b"] -> ok
  )");
}

TEST_F(LockLeases, LostOneIsToldEachTimeUntilTheLockIsAcquiredAgain) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=10 -> token=1
    advance 10
    s1 Lock.Release l -> LOCK_LOST
    s1 Lock.Release l -> LOCK_LOST
    s1/t1 Lock.Release l -> LOCK_NOT_HELD
    s1 Lock.Acquire l -> token=2 owner_died=True
    s1 Lock.Release l -> ok
    s1 Lock.Release l -> LOCK_NOT_HELD
  )");
}

TEST_F(LockLeases, LostByTheLocksDeletionIsTold) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    - Admin.Delete l -> deleted=True
    s1 Lock.Release l -> LOCK_LOST "was deleted"
    s1 Lock.Acquire l -> token=2
    s1 Lock.Release l -> ok
  )");
}

TEST_F(LockLeases, LostLockIsNotLetGoByAConditionsWait) {
  Run(R"(
    s1 RLock.Create {t}l -> ok
    s1 Condition.Create {t}c lock="{t}l" -> ok
    s1 RLock.Acquire {t}l lease_ms=10 -> token=1
    advance 10
    s1 Condition.Wait {t}c -> LOCK_LOST
    s1 Condition.Notify {t}c -> LOCK_LOST
  )");
}

TEST_F(LockLeases, DeathOfTheOwnerIsToldToTheNextOneOnly) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    end s1 -> #a acquired=True token=2 owner_died=True
    s2 Lock.Release l -> ok
    s2 Lock.Acquire l -> owner_died=False
  )");
}

TEST_F(LockLeases, DeathOfTheOwnerIsRememberedUntilSomebodyComes) {
  Run(R"(
    s1 RLock.Acquire r -> token=1
    end s1
    advance 1000
    s2 RLock.Acquire r -> token=2 owner_died=True
    end s2
    s3 RLock.Acquire r -> token=3 owner_died=True
    s3 RLock.Release r -> ok
    s3 RLock.Acquire r -> token=4 owner_died=False
  )");
}

TEST_F(LockLeases, DeathOfAWriterIsToldToReadersUntilAWriterWasTold) {
  Run(R"(
    s1 ReadWriteLock.AcquireWrite w -> owner_died=False
    end s1
    s2 ReadWriteLock.AcquireRead w -> owner_died=True
    s3 ReadWriteLock.AcquireRead w -> owner_died=True
    end s2
    s3 ReadWriteLock.Release w -> ok
    s3 ReadWriteLock.AcquireWrite w -> owner_died=True
    s3 ReadWriteLock.Release w -> ok
    s3 ReadWriteLock.AcquireRead w -> owner_died=False
    s3 ReadWriteLock.Release w -> ok
    s3 ReadWriteLock.AcquireWrite w -> owner_died=False
  )");
}

TEST_F(LockLeases, AnAcquireThatTimesOutNamesTheHolder) {
  Run(R"(
    s1%a.py:3 Lock.Acquire l lease_ms=50 -> token=1
    s2 Lock.Acquire l timeout_ms=0 -> acquired=False holder=absent
    s2 Lock.Acquire l timeout_ms=20 -> parked #a
    advance 20 -> #a acquired=False holder={session=1 token=1 held_ms=20 lease_ms=30
      site="a.py:3" label={program="s1"}}
    s1%a.py:4 ReadWriteLock.AcquireRead w -> ok
    s2%b.py:5 ReadWriteLock.AcquireRead w -> ok
    s3 ReadWriteLock.AcquireWrite w timeout_ms=5 -> parked #b
    advance 5 -> #b acquired=False holder={session=1 site="a.py:4" shared=True}
    s2%b.py:6 Semaphore.Acquire s -> acquired=True
    s3 Semaphore.Acquire s timeout_ms=5 -> parked #c
    advance 5 -> #c acquired=False holder={session=2 site="b.py:6" count=1}
    s3 Lock.Create {t}a -> ok
    s3 Lock.Create {t}b -> ok
    s2 Lock.Acquire {t}b -> ok
    s3 Lock.AcquireAll {t}a others=["{t}b"] timeout_ms=5 -> parked #d
    advance 5 -> #d acquired=False busy="{t}b" holder={session=2}
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
