// The re-entrant lock's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class RLockOps : public OpTable {};

TEST_F(RLockOps, OwnerGoesDeeperAndMustComeUpAsOften) {
  Run(R"(
    s1 RLock.Acquire l -> acquired=True token=1 depth=1
    s1 RLock.Acquire l -> acquired=True token=1 depth=2
    s2 RLock.Acquire l -> parked #a
    s1 RLock.Release l -> depth=1
    s1 RLock.Acquire l -> token=1 depth=2
    s1 RLock.Release l -> depth=1
    s1 RLock.Release l -> depth=0; #a acquired=True token=2 depth=1
  )");
}

TEST_F(RLockOps, GrantsGoFirstComeFirstServed) {
  Run(R"(
    s1 RLock.Acquire l -> token=1
    s2 RLock.Acquire l -> parked #a
    s3 RLock.Acquire l -> parked #b
    s1 RLock.Release l -> depth=0; #a token=2
    s1 RLock.Acquire l timeout_ms=0 -> acquired=False token=0 depth=0
    s1 RLock.Acquire l -> parked #c
    s2 RLock.Release l -> ok; #b token=3
    s3 RLock.Release l -> ok; #c token=4
  )");
}

TEST_F(RLockOps, ThreadsOfOneSessionAreDifferentOwners) {
  Run(R"(
    s1/t1 RLock.Acquire l -> depth=1
    s1/t2 RLock.Acquire l timeout_ms=0 -> acquired=False
    s1/t2 RLock.Release l -> LOCK_NOT_OWNER "session 1 thread 1"
  )");
}

TEST_F(RLockOps, SeveralLevelsGoAtOnce) {
  Run(R"(
    s1 RLock.Acquire l depth=3 -> token=1 depth=3
    s1 RLock.Acquire l depth=2 -> token=1 depth=5
    s1 RLock.Release l depth=6 -> INVALID_ARGUMENT "5 levels deep"
    s1 RLock.Release l depth=4 -> depth=1
    s1 RLock.Release l depth=1 -> depth=0
    - RLock.Inspect l -> locked=False
  )");
}

TEST_F(RLockOps, ParkedAcquireGetsTheDepthItAskedFor) {
  Run(R"(
    s1 RLock.Acquire l -> ok
    s2 RLock.Acquire l depth=4 -> parked #a
    s1 RLock.Release l -> ok; #a acquired=True depth=4
    - RLock.Inspect l -> session=2 depth=4
  )");
}

TEST_F(RLockOps, RetakeAnswersTheOwnerWithWhatItHolds) {
  Run(R"(
    s1 RLock.Acquire l depth=2 retake=True -> token=1 depth=2
    s1 RLock.Acquire l depth=2 retake=True -> token=1 depth=2
    s2 RLock.Acquire l depth=3 retake=True -> parked #a
    s1 RLock.Release l depth=2 -> depth=0; #a token=2 depth=3
  )");
}

TEST_F(RLockOps, DepthIsBounded) {
  Run(R"(
    s1 RLock.Acquire l depth=9223372036854775808 -> INVALID_ARGUMENT "at most"
    - Admin.Objects -> objects=[]
    s1 RLock.Acquire l depth=9223372036854775807 -> depth=9223372036854775807
    s1 RLock.Acquire l -> OVERFLOW
    s1 RLock.Release l depth=18446744073709551615 -> INVALID_ARGUMENT
    s1 RLock.Release l depth=9223372036854775807 -> depth=0
  )");
}

TEST_F(RLockOps, EndOfTheOwnersSessionFreesItWhateverItsDepth) {
  Run(R"(
    s1 RLock.Acquire l depth=3 -> token=1
    s2 RLock.Acquire l -> parked #a
    end s1 -> #a acquired=True token=2 depth=1
  )");
  EXPECT_EQ(engine().sessions().Find(SessionId{2})->held.size(), 1u);
}

TEST_F(RLockOps, EndedSessionIsNeverGrantedALockItWaitedFor) {
  Run(R"(
    s1 RLock.Acquire l -> token=1
    s2 RLock.Acquire l -> parked #a
    s3 RLock.Acquire l -> parked #b
    end s2 -> #a SESSION_EXPIRED
    cancel #b -> #b CANCELLED
    s1 RLock.Release l -> depth=0
    - RLock.Inspect l -> locked=False waiters=0
  )");
}

TEST_F(RLockOps, ReleaseIsForItsOwnerOnly) {
  Run(R"(
    s1 RLock.Release l -> LOCK_NOT_HELD
    - Admin.Objects -> objects=[]
    s1 RLock.Acquire l -> token=1
    s2 RLock.Release l -> LOCK_NOT_OWNER "session 2"
    - RLock.Release l -> LOCK_NOT_OWNER "without a session"
    s1 RLock.Release l token=9 -> LOCK_NOT_OWNER "token 9"
    s1 RLock.Release l token=1 -> depth=0
  )");
}

TEST_F(RLockOps, AcquireNeedsASession) {
  Run(R"(
    - RLock.Acquire l -> SESSION_REQUIRED
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(RLockOps, CreateLeavesAnExistingLockAsItIs) {
  Run(R"(
    - RLock.Create l -> created=True
    s1 RLock.Acquire l -> token=1
    - RLock.Create l -> created=False
    - RLock.Create l exclusive=True -> OBJECT_EXISTS
    - RLock.Inspect l -> locked=True
    s1 RLock.Create -> name="~1" created=True
  )");
}

TEST_F(RLockOps, InspectAndDescribeTellTheHolder) {
  Run(R"(
    - RLock.Inspect l -> locked=False session=0 depth=0 token=0 waiters=0
    s1/t7 RLock.Acquire l depth=2 -> token=1
    s2 RLock.Acquire l -> parked #a
    advance 30
    - RLock.Inspect l -> locked=True session=1 thread=7 depth=2 token=1 held_ms=30 waiters=1
    - Admin.Describe l -> summary={type="rlock" size=1 waiters=1}
      holders=[{session=1 thread=7 token=1 held_ms=30 count=2 shared=False}]
      waiters=[{session=2 method="RLock.Acquire" parked_ms=30}]
  )");
}

TEST_F(RLockOps, SessionOwesNothingAfterItsLastRelease) {
  Run(R"(
    s1 RLock.Acquire l depth=2 -> ok
    s1 RLock.Release l depth=2 -> ok
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{1})->held.empty());
}

}  // namespace
}  // namespace coheld::engine::testing
