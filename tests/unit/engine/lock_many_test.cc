// Lock.AcquireAll and ReleaseAll as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class LockMany : public OpTable {
 protected:
  void SetUp() override {
    Run(R"(
      - Lock.Create {t}a -> ok
      - Lock.Create {t}b -> ok
      - RLock.Create {t}r -> ok
    )");
  }
};

TEST_F(LockMany, TakesAllWithATokenEach) {
  Run(R"(
    s1 Lock.AcquireAll {t}a others=["{t}r", "{t}b"] -> acquired=True tokens=[1, 2, 3]
    - Lock.Inspect {t}b -> session=1 token=3
    - RLock.Inspect {t}r -> session=1 token=2 depth=1
    s1 Lock.ReleaseAll {t}b others=["{t}a", "{t}r"] -> ok
    - Lock.Inspect {t}a -> locked=False
  )");
}

TEST_F(LockMany, TakesNoneWhileOneIsHeld) {
  Run(R"(
    s1 Lock.Acquire {t}b -> token=1
    s2 Lock.AcquireAll {t}a others=["{t}b"] timeout_ms=0 -> acquired=False tokens=[]
    s2 Lock.AcquireAll {t}a others=["{t}b"] timeout_ms=20 -> parked #a
    - Lock.Inspect {t}a -> locked=False waiters=1
    advance 20 -> #a acquired=False tokens=[]
    s2 Lock.AcquireAll {t}a others=["{t}b"] -> parked #b
    s1 Lock.Release {t}b -> ok; #b acquired=True tokens=[2, 3]
  )");
}

TEST_F(LockMany, OppositeOrdersDoNotDeadlock) {
  Run(R"(
    s1 Lock.AcquireAll {t}a others=["{t}b"] -> acquired=True
    s2 Lock.AcquireAll {t}b others=["{t}a"] -> parked #2
    s3 Lock.AcquireAll {t}a others=["{t}b"] -> parked #3
    s1 Lock.ReleaseAll {t}b others=["{t}a"] -> ok; #2 acquired=True
    s2 Lock.ReleaseAll {t}b others=["{t}a"] -> ok; #3 acquired=True
  )");
}

TEST_F(LockMany, HoldsBackThoseWhoComeAfterIt) {
  Run(R"(
    s1 Lock.Acquire {t}a -> token=1
    s2 Lock.AcquireAll {t}a others=["{t}b"] timeout_ms=50 -> parked #2
    s3 Lock.Acquire {t}b -> parked #3
    s4 Lock.Acquire {t}b timeout_ms=0 -> acquired=False
    advance 50 -> #2 acquired=False; #3 acquired=True
  )");
}

TEST_F(LockMany, OneThatLeavesMakesWayEverywhere) {
  Run(R"(
    s1 Lock.Acquire {t}r -> WRONG_TYPE
    s1 RLock.Acquire {t}r -> ok
    s2 Lock.AcquireAll {t}r others=["{t}a", "{t}b"] -> parked #2
    s3 Lock.Acquire {t}a -> parked #3
    s4 Lock.Acquire {t}b -> parked #4
    cancel #2 -> #2 CANCELLED; #3 acquired=True; #4 acquired=True
    s3 Lock.AcquireAll {t}r others=["{t}b"] -> parked #5
    s5 Lock.Acquire {t}b -> parked #6
    end s3 -> #5 SESSION_EXPIRED
    s4 Lock.Release {t}b -> ok; #6 acquired=True
  )");
}

TEST_F(LockMany, GoesDeeperWhereTheCallerHoldsAnRLock) {
  Run(R"(
    s1 RLock.Acquire {t}r -> token=1
    s2 RLock.Acquire {t}r -> parked #2
    s1 Lock.AcquireAll {t}r others=["{t}a"] -> acquired=True tokens=[1, 2]
    - RLock.Inspect {t}r -> depth=2
    s1 Lock.ReleaseAll {t}a others=["{t}r"] -> ok
    s1 RLock.Release {t}r -> depth=0; #2 acquired=True
  )");
}

TEST_F(LockMany, ReleasesAllOrNone) {
  Run(R"(
    s1 Lock.AcquireAll {t}a others=["{t}r"] -> acquired=True
    s2 Lock.Acquire {t}b -> ok
    s1 Lock.ReleaseAll {t}a others=["{t}b"] -> LOCK_NOT_OWNER
    s2 Lock.ReleaseAll {t}b others=["{t}a"] -> LOCK_NOT_OWNER
    - Lock.Inspect {t}a -> session=1
    s2 Lock.ReleaseAll {t}b -> ok
    s2 Lock.ReleaseAll {t}b -> LOCK_NOT_HELD
  )");
}

TEST_F(LockMany, RefusesWhatCannotBeTakenTogether) {
  Run(R"(
    s1 Lock.AcquireAll {t}a others=["{t}a"] -> INVALID_ARGUMENT "named twice"
    s1 Lock.AcquireAll {t}a others=["{u}b"] -> INVALID_NAME "same {tag}"
    s1 Lock.AcquireAll {t}a others=["{t}none"] -> OBJECT_NOT_FOUND
    - Queue.Create {t}q -> ok
    s1 Lock.AcquireAll {t}a others=["{t}q"] -> WRONG_TYPE "lock or rlock"
    - Lock.AcquireAll {t}a others=["{t}b"] -> SESSION_REQUIRED
    s1 Lock.AcquireAll "" -> INVALID_NAME
    s1 Lock.Create -> name="~1"
    s1 Lock.AcquireAll ~1 others=["{t}a"] -> acquired=True
  )");
}

TEST_F(LockMany, DeletedLockEndsTheWait) {
  Run(R"(
    s1 Lock.Acquire {t}a -> ok
    s2 Lock.AcquireAll {t}a others=["{t}b"] -> parked #2
    s3 Lock.Acquire {t}b -> parked #3
    - Admin.Delete {t}a -> deleted=True; #2 OBJECT_DELETED; #3 acquired=True
  )");
}

TEST_F(LockMany, EndOfTheOwnersSessionReleasesAll) {
  Run(R"(
    s1 Lock.AcquireAll {t}a others=["{t}b", "{t}r"] -> acquired=True
    s2 Lock.AcquireAll {t}r others=["{t}a"] -> parked #2
    end s1 -> #2 acquired=True
    - Lock.Inspect {t}b -> locked=False
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
