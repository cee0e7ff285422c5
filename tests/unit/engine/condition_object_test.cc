// The condition's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class ConditionOps : public OpTable {
 protected:
  // Session 9 makes a condition `{t}c` over the rlock `{t}l`.
  void SetUp() override {
    Run(R"(
      s9 RLock.Create {t}l -> created=True
      s9 Condition.Create {t}c lock="{t}l" -> created=True lock={name="{t}l" type="rlock"}
    )");
  }
};

TEST_F(ConditionOps, WaitLetsTheLockGoWhollyAndAnswersWithoutIt) {
  Run(R"(
    s1 RLock.Acquire {t}l depth=3 -> token=1
    s2 RLock.Acquire {t}l -> parked #a
    s1 Condition.Wait {t}c -> parked #w; #a token=2 depth=1
    s2 Condition.Notify {t}c -> woken=1; #w notified=True depth=3
    - RLock.Inspect {t}l -> session=2 depth=1
    s1 RLock.Acquire {t}l depth=3 -> parked #b
    s2 RLock.Release {t}l -> ok; #b token=3 depth=3
  )");
}

TEST_F(ConditionOps, NotifyWakesExactlySoManyLongestWaitingFirst) {
  Run(R"(
    s1 RLock.Acquire {t}l -> ok
    s1 Condition.Wait {t}c -> parked #a
    s2 RLock.Acquire {t}l -> ok
    s2 Condition.Wait {t}c -> parked #b
    s3 RLock.Acquire {t}l -> ok
    s3 Condition.Wait {t}c -> parked #c
    s4 RLock.Acquire {t}l -> ok
    s4 Condition.Notify {t}c count=2 -> woken=2; #a notified=True; #b notified=True
    s4 Condition.Notify {t}c count=18446744073709551615 -> woken=1; #c notified=True
    s4 Condition.Notify {t}c -> woken=0
    s4 Condition.Wait {t}c timeout_ms=10 -> parked #d
    advance 10 -> #d notified=False
  )");
}

TEST_F(ConditionOps, NotifyWithoutACountWakesAll) {
  Run(R"(
    s1 RLock.Acquire {t}l -> ok
    s1 Condition.Wait {t}c -> parked #a
    s2 RLock.Acquire {t}l -> ok
    s2 Condition.Wait {t}c -> parked #b
    s3 RLock.Acquire {t}l -> ok
    s3 Condition.Notify {t}c -> woken=2; #a notified=True; #b notified=True
  )");
}

TEST_F(ConditionOps, NotificationIsNotSwallowedByOneWhoLeftBefore) {
  Run(R"(
    s1 RLock.Acquire {t}l -> ok
    s1 Condition.Wait {t}c timeout_ms=10 -> parked #a
    s2 RLock.Acquire {t}l -> ok
    s2 Condition.Wait {t}c -> parked #b
    s3 RLock.Acquire {t}l -> ok
    s3 Condition.Wait {t}c -> parked #c
    s4 RLock.Acquire {t}l -> ok
    s4 Condition.Wait {t}c -> parked #d
    advance 10 -> #a notified=False depth=1
    cancel #b -> #b CANCELLED
    end s3 -> #c SESSION_EXPIRED
    s5 RLock.Acquire {t}l -> ok
    s5 Condition.Notify {t}c count=1 -> woken=1; #d notified=True
  )");
}

TEST_F(ConditionOps, WaitWithoutTimeLetsTheLockGoAndAnswersAtOnce) {
  Run(R"(
    s1 RLock.Acquire {t}l depth=2 -> token=1
    s2 RLock.Acquire {t}l -> parked #a
    s1 Condition.Wait {t}c timeout_ms=0 -> notified=False depth=2; #a token=2
    s2 Condition.Notify {t}c -> woken=0
  )");
}

TEST_F(ConditionOps, WaitAndNotifyNeedTheLock) {
  Run(R"(
    s1 Condition.Wait {t}c -> LOCK_NOT_HELD
    s1 Condition.Notify {t}c -> LOCK_NOT_HELD
    s1 RLock.Acquire {t}l -> token=1
    s2 Condition.Wait {t}c -> LOCK_NOT_OWNER "session 1 thread 0"
    s2 Condition.Notify {t}c -> LOCK_NOT_OWNER
    s1/t1 Condition.Wait {t}c -> LOCK_NOT_OWNER
    - Condition.Wait {t}c -> SESSION_REQUIRED
    - Condition.Notify {t}c -> LOCK_NOT_OWNER "without a session"
    - RLock.Inspect {t}l -> locked=True depth=1 token=1
  )");
}

TEST_F(ConditionOps, LockThatAnyoneMayReleaseLetsAnyoneWaitAndNotifyWhileItIsHeld) {
  Run(R"(
    - Lock.Create {t}m release=ANYONE -> created=True
    - Condition.Create {t}d lock="{t}m" -> lock={name="{t}m" type="lock"}
    s1 Condition.Notify {t}d -> LOCK_NOT_HELD
    s1 Lock.Acquire {t}m -> token=1
    s1 Condition.Wait {t}d -> parked #a
    s2 Lock.Acquire {t}m -> token=2
    s3 Condition.Notify {t}d -> woken=1; #a notified=True depth=1
  )");
}

TEST_F(ConditionOps, TimedOutWaiterGetsItsDepthBackToAcquireWith) {
  Run(R"(
    s1 RLock.Acquire {t}l depth=5 -> ok
    s1 Condition.Wait {t}c timeout_ms=20 -> parked #a
    s2 RLock.Acquire {t}l -> ok
    advance 20 -> #a notified=False depth=5
    s1 RLock.Acquire {t}l depth=5 -> parked #b
    s2 RLock.Release {t}l -> ok; #b depth=5
  )");
}

TEST_F(ConditionOps, EndOfASessionThatWaitsAndHoldsGivesTheLockOn) {
  Run(R"(
    s1/t1 RLock.Acquire {t}l -> ok
    s1/t1 Condition.Wait {t}c -> parked #a
    s1/t2 RLock.Acquire {t}l -> ok
    s2 RLock.Acquire {t}l -> parked #b
    end s1 -> #a SESSION_EXPIRED; #b acquired=True
    s2 Condition.Notify {t}c -> woken=0
  )");
}

TEST_F(ConditionOps, DeletionEndsTheWaits) {
  Run(R"(
    s1 RLock.Acquire {t}l -> ok
    s1 Condition.Wait {t}c -> parked #a
    - Admin.Delete {t}c -> deleted=True; #a OBJECT_DELETED
    s1 Condition.Wait {t}c -> OBJECT_NOT_FOUND "create it first"
  )");
}

TEST_F(ConditionOps, WithoutItsLockItFailsUntilThereIsOneAgain) {
  Run(R"(
    s1 RLock.Acquire {t}l -> ok
    s1 Condition.Wait {t}c -> parked #a
    - Admin.Delete {t}l -> deleted=True
    s2 Condition.Notify {t}c -> OBJECT_NOT_FOUND
    s2 Condition.Wait {t}c -> OBJECT_NOT_FOUND
    s2 RLock.Acquire {t}l -> ok
    s2 Condition.Notify {t}c -> woken=1; #a notified=True
  )");
}

TEST_F(ConditionOps, OnlyCreateMakesOne) {
  Run(R"(
    s1 Condition.Wait x -> OBJECT_NOT_FOUND
    s1 Condition.Notify x -> OBJECT_NOT_FOUND
    - Condition.Inspect x -> OBJECT_NOT_FOUND
    - Condition.Create {t}x lock="{t}none" -> OBJECT_NOT_FOUND
    - Condition.Create {t}x lock="{t}c" -> WRONG_TYPE "lock or rlock"
    - Condition.Create {u}x lock="{t}l" -> INVALID_NAME "same {tag}"
    - Condition.Create {t}x lock="{t}l" -> created=True
    - Condition.Create {t}x -> created=False lock={name="{t}l" type="rlock"}
    - Condition.Create {t}x lock="{t}m" -> OBJECT_EXISTS "not over"
    - Condition.Create {t}x exclusive=True -> OBJECT_EXISTS
  )");
}

TEST_F(ConditionOps, MakesALockOfItsOwnIfNoneIsNamed) {
  Run(R"(
    s1 Condition.Create own -> created=True lock={name="~1" type="rlock"}
    s1 RLock.Acquire ~1 -> depth=1
    s1 Condition.Notify own -> woken=0
    s1 Condition.Create -> name="~2" created=True lock={name="~3" type="rlock"}
    s1 Condition.Create lock="~1" -> name="~4" created=True lock={name="~1" type="rlock"}
  )");
}

TEST_F(ConditionOps, LockOfItsOwnLivesAsLongAsTheCondition) {
  Run(R"(
    s1 Condition.Create own -> lock={name="~1"}
    s1 Object.Release ~1 -> released=1
    end s1
    s2 RLock.Acquire ~1 -> depth=1
    s2 Condition.Notify own -> woken=0
    - Admin.Delete own -> deleted=True
    s2 RLock.Acquire ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(ConditionOps, KeepsAnAnonymousLockThatItsMakerLetGo) {
  Run(R"(
    s1 Lock.Create "" -> name="~1"
    s1 Condition.Create named lock="~1" -> lock={name="~1" type="lock"}
    end s1
    - Condition.Inspect named -> lock={name="~1" type="lock"}
    s2 Lock.Acquire ~1 -> acquired=True
  )");
}

TEST_F(ConditionOps, DescribeTellsWhoWaits) {
  Run(R"(
    s1/t4 RLock.Acquire {t}l -> ok
    s1/t4 Condition.Wait {t}c -> parked #a
    advance 7
    - Condition.Inspect {t}c -> lock={name="{t}l" type="rlock"} waiters=1
    - Admin.Describe {t}c -> summary={type="condition" size=1 waiters=1} holders=[]
      waiters=[{session=1 thread=4 method="Condition.Wait" parked_ms=7}]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
