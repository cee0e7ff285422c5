// The semaphore's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class SemaphoreOps : public OpTable {};

TEST_F(SemaphoreOps, GrantsGoFirstComeFirstServed) {
  Run(R"(
    - Semaphore.Create s permits=2 -> created=True
    s1 Semaphore.Acquire s -> acquired=True token=1
    s2 Semaphore.Acquire s -> acquired=True token=2
    s3 Semaphore.Acquire s -> parked #a
    s1 Semaphore.Acquire s -> parked #b
    s1 Semaphore.Release s -> available=1; #a acquired=True token=3
    s2 Semaphore.Release s -> available=1; #b acquired=True token=4
    s3 Semaphore.Release s -> available=1
  )");
}

TEST_F(SemaphoreOps, NobodyOvertakesOneWhoAsksForMore) {
  Run(R"(
    - Semaphore.Create s permits=3 -> created=True
    s1 Semaphore.Acquire s count=2 -> acquired=True
    s2 Semaphore.Acquire s count=2 -> parked #a
    s3 Semaphore.Acquire s -> parked #b
    s3 Semaphore.Acquire s timeout_ms=0 -> acquired=False
    s1 Semaphore.Release s -> available=2; #a acquired=True
    - Semaphore.Inspect s -> available=0 held=3 waiters=1
    s1 Semaphore.Release s -> available=1; #b acquired=True
  )");
}

TEST_F(SemaphoreOps, OneReleaseServesAllThatFit) {
  Run(R"(
    - Semaphore.Create s permits=0 -> created=True
    s1 Semaphore.Acquire s -> parked #a
    s2 Semaphore.Acquire s count=2 -> parked #b
    s3 Semaphore.Acquire s count=4 -> parked #c
    - Semaphore.Release s count=5 -> available=5; #a token=1; #b token=2
    - Semaphore.Inspect s -> available=2 held=3 waiters=1
  )");
}

TEST_F(SemaphoreOps, AcquireThatTimesOutMakesWayForTheNext) {
  Run(R"(
    - Semaphore.Create s permits=1 -> created=True
    s1 Semaphore.Acquire s count=2 timeout_ms=10 -> parked #a
    s2 Semaphore.Acquire s -> parked #b
    advance 10 -> #a acquired=False token=0; #b acquired=True token=1
  )");
}

TEST_F(SemaphoreOps, CancelledAcquireMakesWayForTheNext) {
  Run(R"(
    - Semaphore.Create s permits=1 -> created=True
    s1 Semaphore.Acquire s count=2 -> parked #a
    s2 Semaphore.Acquire s -> parked #b
    cancel #a -> #a CANCELLED; #b acquired=True
  )");
}

TEST_F(SemaphoreOps, EndOfASessionGivesBackWhatAllItsThreadsHold) {
  Run(R"(
    - Semaphore.Create s permits=3 bounded=True -> created=True
    s1/t1 Semaphore.Acquire s -> acquired=True
    s1/t2 Semaphore.Acquire s -> acquired=True
    s2 Semaphore.Acquire s -> acquired=True
    s3 Semaphore.Acquire s count=2 -> parked #a
    end s1 -> #a acquired=True
    - Semaphore.Inspect s -> available=0 held=3
  )");
}

TEST_F(SemaphoreOps, EndedSessionIsNeverGrantedPermitsItWaitedFor) {
  Run(R"(
    - Semaphore.Create s permits=1 -> created=True
    s1 Semaphore.Acquire s -> acquired=True
    s1/t2 Semaphore.Acquire s -> parked #a
    s2 Semaphore.Acquire s -> parked #b
    end s1 -> #a SESSION_EXPIRED; #b acquired=True
    - Semaphore.Inspect s -> available=0 held=1
  )");
}

TEST_F(SemaphoreOps, ReleaseTakesFromTheCallerThenItsSessionThenTheOldestGrant) {
  Run(R"(
    - Semaphore.Create s permits=6 -> created=True
    s3 Semaphore.Acquire s -> token=1
    s2 Semaphore.Acquire s -> token=2
    s1/t1 Semaphore.Acquire s -> token=3
    s1/t2 Semaphore.Acquire s count=2 -> token=4
    s1/t2 Semaphore.Release s count=3 -> available=4
    - Admin.Describe s -> holders=[{session=2 token=2}, {session=3 token=1}]
    s1/t2 Semaphore.Release s -> available=5
    - Admin.Describe s -> holders=[{session=2 token=2}]
    - Semaphore.Release s -> available=6
    - Admin.Describe s -> holders=[]
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{1})->held.empty());
  EXPECT_TRUE(engine().sessions().Find(SessionId{2})->held.empty());
}

TEST_F(SemaphoreOps, SessionWhosePermitsOthersReleasedGivesBackOnlyTheRest) {
  Run(R"(
    - Semaphore.Create s permits=0 -> created=True
    - Semaphore.Release s count=3 -> available=3
    s1 Semaphore.Acquire s count=3 -> acquired=True
    s2 Semaphore.Release s count=2 -> available=2
    end s1
    - Semaphore.Inspect s -> available=3 held=0
  )");
}

TEST_F(SemaphoreOps, ReleaseMintsWhereItIsNotBounded) {
  Run(R"(
    - Semaphore.Release s -> available=2
    - Semaphore.Inspect s -> available=2 held=0 bounded=False permits=1
    s1 Semaphore.Acquire s count=2 -> acquired=True
    s1 Semaphore.Release s count=5 -> available=5
    - Semaphore.Inspect s -> available=5 held=0
  )");
}

TEST_F(SemaphoreOps, BoundedRefusesWhatWasNeverAcquired) {
  Run(R"(
    - Semaphore.Create s permits=2 bounded=True -> created=True
    - Semaphore.Release s -> SEMAPHORE_RELEASED_TOO_OFTEN "bounded to 2"
    s1 Semaphore.Acquire s -> acquired=True
    s1 Semaphore.Release s count=2 -> SEMAPHORE_RELEASED_TOO_OFTEN
    s1 Semaphore.Release s -> available=2
    s1 Semaphore.Release s count=18446744073709551615 -> SEMAPHORE_RELEASED_TOO_OFTEN
    s1 Semaphore.Acquire s count=3 -> INVALID_ARGUMENT "will never be available"
  )");
}

TEST_F(SemaphoreOps, CountsAreBounded) {
  Run(R"(
    - Semaphore.Create s permits=9223372036854775808 -> INVALID_ARGUMENT "at most"
    - Semaphore.Create s permits=9223372036854775807 -> created=True
    - Semaphore.Release s -> OVERFLOW
    s1 Semaphore.Acquire s count=9223372036854775808 -> INVALID_ARGUMENT
    s1 Semaphore.Acquire s count=9223372036854775807 -> acquired=True
    - Semaphore.Release s count=9223372036854775808 -> OVERFLOW
    - Semaphore.Release s count=9223372036854775807 -> available=9223372036854775807
    - Semaphore.Inspect s -> held=0
  )");
}

TEST_F(SemaphoreOps, AcquireNeedsASessionAndReleaseNone) {
  Run(R"(
    - Semaphore.Acquire s -> SESSION_REQUIRED
    - Admin.Objects -> objects=[]
    - Semaphore.Release s -> available=2
  )");
}

TEST_F(SemaphoreOps, CreateAfterTheFirstWaiterStillSetsTheCounts) {
  Run(R"(
    s1 Semaphore.Acquire s count=2 -> parked #a
    s2 Semaphore.Acquire s count=9 -> parked #b
    - Semaphore.Create s permits=3 bounded=True exclusive=True ->
      created=True; #a acquired=True; #b INVALID_ARGUMENT
    - Semaphore.Create s permits=7 -> created=False
    - Semaphore.Create s exclusive=True -> OBJECT_EXISTS
    - Semaphore.Inspect s -> available=1 held=2 bounded=True permits=3
  )");
}

TEST_F(SemaphoreOps, DescribeTellsHoldersAndWaiters) {
  Run(R"(
    - Semaphore.Create s permits=3 -> created=True
    s1/t7 Semaphore.Acquire s count=2 -> token=1
    advance 10
    s1/t7 Semaphore.Acquire s -> token=2
    s2 Semaphore.Acquire s -> parked #a
    advance 30
    - Admin.Describe s -> summary={type="semaphore" size=3 waiters=1}
      holders=[{session=1 thread=7 token=2 held_ms=40 count=3 label={program="s1"}}]
      waiters=[{session=2 method="Semaphore.Acquire" parked_ms=30}]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
