// The lock's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class LockOps : public OpTable {};

TEST_F(LockOps, GrantsGoFirstComeFirstServed) {
  Run(R"(
    s1 Lock.Acquire l -> acquired=True token=1
    s2 Lock.Acquire l -> parked #a
    s3 Lock.Acquire l -> parked #b
    s1 Lock.Acquire l -> parked #c
    s1 Lock.Release l -> ok; #a acquired=True token=2
    s2 Lock.Release l -> ok; #b acquired=True token=3
    s3 Lock.Release l -> ok; #c acquired=True token=4
    s1 Lock.Release l -> ok
  )");
}

TEST_F(LockOps, ThreadsOfOneSessionAreDifferentOwners) {
  Run(R"(
    s1/t1 Lock.Acquire l -> acquired=True
    s1/t2 Lock.Acquire l timeout_ms=0 -> acquired=False token=0
    s1/t2 Lock.Release l -> LOCK_NOT_OWNER "session 1 thread 1"
    s1/t1 Lock.Release l -> ok
  )");
}

TEST_F(LockOps, TheSameOwnerWaitsForItself) {
  Run(R"(
    s1 Lock.Acquire l -> acquired=True
    s1 Lock.Acquire l timeout_ms=20 -> parked #a
    advance 20 -> #a acquired=False
  )");
}

TEST_F(LockOps, RetakeAnswersTheOwnerWithWhatItHolds) {
  Run(R"(
    s1 Lock.Acquire l retake=True -> acquired=True token=1
    s2 Lock.Acquire l -> parked #a
    s1 Lock.Acquire l retake=True -> acquired=True token=1
    s3 Lock.Acquire l retake=True timeout_ms=0 -> acquired=False
    s1/t1 Lock.Acquire l retake=True timeout_ms=0 -> acquired=False
    s1 Lock.Release l -> ok; #a token=2
    s1 Lock.Acquire l retake=True -> parked #b
    s2 Lock.Release l -> ok; #b token=3
  )");
}

TEST_F(LockOps, TokensGrowOverAllLocks) {
  Run(R"(
    s1 Lock.Acquire a -> token=1
    s2 Lock.Acquire b -> token=2
    s1 Lock.Release a -> ok
    s1 Lock.Acquire a -> token=3
    - Admin.Delete a -> deleted=True
    s1 Lock.Acquire a -> token=4
  )");
}

TEST_F(LockOps, AcquireThatTimesOutIsNeverGranted) {
  Run(R"(
    s1 Lock.Acquire l -> acquired=True
    s2 Lock.Acquire l timeout_ms=10 -> parked #a
    s3 Lock.Acquire l timeout_ms=30 -> parked #b
    advance 10 -> #a acquired=False token=0
    s1 Lock.Release l -> ok; #b acquired=True token=2
    advance 100
  )");
}

TEST_F(LockOps, CancelledAcquireIsNeverGranted) {
  Run(R"(
    s1 Lock.Acquire l -> acquired=True
    s2 Lock.Acquire l -> parked #a
    cancel #a -> #a CANCELLED
    s1 Lock.Release l -> ok
    - Lock.Inspect l -> locked=False waiters=0
  )");
}

TEST_F(LockOps, EndOfTheOwnersSessionGrantsOn) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s1 Lock.Acquire m -> token=2
    s2 Lock.Acquire l -> parked #l
    s3 Lock.Acquire m -> parked #m
    end s1 -> #l acquired=True token=3; #m acquired=True token=4
  )");
}

TEST_F(LockOps, EndedSessionIsNeverGrantedALockItWaitedFor) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    s3 Lock.Acquire l -> parked #b
    end s2 -> #a SESSION_EXPIRED
    s1 Lock.Release l -> ok; #b token=2
  )");
}

TEST_F(LockOps, SessionThatHoldsAndWaitsGivesBothUpAtItsEnd) {
  Run(R"(
    s1/t1 Lock.Acquire l -> token=1
    s1/t2 Lock.Acquire l -> parked #a
    s2 Lock.Acquire l -> parked #b
    end s1 -> #a SESSION_EXPIRED; #b token=2
  )");
}

TEST_F(LockOps, ReleaseByAnotherIsRefused) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s2 Lock.Release l -> LOCK_NOT_OWNER "session 2"
    - Lock.Release l -> LOCK_NOT_OWNER "without a session"
    - Lock.Inspect l -> locked=True session=1
  )");
}

TEST_F(LockOps, ReleaseByAnotherIsAllowedWhereAskedFor) {
  Run(R"(
    - Lock.Create l release=ANYONE -> created=True
    s1 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    s2 Lock.Release l -> ok; #a token=2
    end s1
    - Lock.Inspect l -> locked=True session=2
    - Lock.Release l -> ok
    - Lock.Inspect l -> locked=False
  )");
}

TEST_F(LockOps, SessionWhoseLockWasReleasedByAnotherTakesNothingFromTheNextAtItsEnd) {
  Run(R"(
    - Lock.Create l release=ANYONE -> created=True
    s1 Lock.Acquire l -> token=1
    s2 Lock.Release l -> ok
    s3 Lock.Acquire l -> token=2
    end s1
    - Lock.Inspect l -> locked=True session=3 token=2
  )");
  EXPECT_EQ(engine().sessions().Find(SessionId{3})->held.size(), 1u);
}

TEST_F(LockOps, ReleaseOfAFreeLockFails) {
  Run(R"(
    s1 Lock.Release l -> LOCK_NOT_HELD
    - Admin.Objects -> objects=[]
    s1 Lock.Acquire l -> token=1
    s1 Lock.Release l -> ok
    s1 Lock.Release l -> LOCK_NOT_HELD
  )");
}

TEST_F(LockOps, StaleTokenReleasesNothing) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s1 Lock.Release l token=1 -> ok
    s1 Lock.Acquire l -> token=2
    s1 Lock.Release l token=1 -> LOCK_NOT_OWNER "token 1"
    s1 Lock.Release l token=2 -> ok
  )");
}

TEST_F(LockOps, StaleTokenReleasesNothingAlsoWhereAnyoneMay) {
  Run(R"(
    - Lock.Create l release=ANYONE -> created=True
    s1 Lock.Acquire l -> token=1
    s2 Lock.Release l token=9 -> LOCK_NOT_OWNER
    s2 Lock.Release l token=1 -> ok
  )");
}

TEST_F(LockOps, AcquireNeedsASession) {
  Run(R"(
    - Lock.Acquire l -> SESSION_REQUIRED
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(LockOps, CreateLeavesAnExistingLockAsItIs) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    - Lock.Create l release=ANYONE -> created=False
    s2 Lock.Release l -> LOCK_NOT_OWNER
    - Lock.Create l exclusive=True -> OBJECT_EXISTS
    - Lock.Create m release=9 -> INVALID_ARGUMENT
  )");
}

TEST_F(LockOps, InspectTellsTheHolder) {
  Run(R"(
    - Lock.Inspect l -> locked=False session=0 token=0 waiters=0
    s1/t7 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    advance 30
    - Lock.Inspect l -> locked=True session=1 thread=7 token=1 held_ms=30 waiters=1
    s1/t7 Lock.Release l -> ok; #a acquired=True
    advance 5
    - Lock.Inspect l -> session=2 thread=0 token=2 held_ms=5 waiters=0
  )");
}

TEST_F(LockOps, DescribeTellsHolderAndWaiters) {
  Run(R"(
    s1/t7 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    advance 30
    - Admin.Describe l -> summary={name="l" type="lock" size=1 waiters=1}
      holders=[{session=1 thread=7 token=1 held_ms=30 label={program="s1"}}]
      waiters=[{session=2 thread=0 method="Lock.Acquire" parked_ms=30 label={program="s2"}}]
  )");
}

TEST_F(LockOps, SessionOwesNothingAfterItsRelease) {
  Run(R"(
    s1 Lock.Acquire l -> ok
    s1 Lock.Release l -> ok
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{1})->held.empty());
}

}  // namespace
}  // namespace coheld::engine::testing
