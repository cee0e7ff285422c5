// The barrier's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class BarrierOps : public OpTable {};

TEST_F(BarrierOps, AllPassWhenTheLastComesEachWithItsIndex) {
  Run(R"(
    - Barrier.Create b parties=3 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b -> parked #b
    - Barrier.Inspect b -> parties=3 waiting=2 broken=False acting=False
    s3 Barrier.Wait b -> index=2 run_action=False timed_out=False token=0;
      #a index=0 timed_out=False; #b index=1 timed_out=False
    - Barrier.Inspect b -> waiting=0
  )");
}

TEST_F(BarrierOps, RoundsFollowEachOther) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b -> index=1; #a index=0
    s2 Barrier.Wait b -> parked #b
    s1 Barrier.Wait b timeout_ms=0 -> index=1 timed_out=False; #b index=0
    s3 Barrier.Wait b -> parked #c
  )");
}

TEST_F(BarrierOps, OfOnePartyLetsItPass) {
  Run(R"(
    - Barrier.Create b parties=1 -> created=True
    s1 Barrier.Wait b -> index=0
    s1 Barrier.Wait b has_action=True -> index=0 run_action=True token=1
    s1 Barrier.ActionDone b token=1 -> ok
  )");
}

TEST_F(BarrierOps, TheOneWhoCompletesTheRoundRunsTheActionWhileTheOthersWait) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b has_action=True -> parked #a
    s2 Barrier.Wait b has_action=True -> index=1 run_action=True token=1
    - Barrier.Inspect b -> waiting=2 acting=True
    s2 Barrier.ActionDone b token=1 -> ok; #a index=0 run_action=False
    s2 Barrier.ActionDone b token=1 -> BARRIER_BROKEN
    - Barrier.Inspect b -> waiting=0 broken=False acting=False
  )");
}

TEST_F(BarrierOps, WhoComesDuringTheActionIsOfTheNextRoundInOrder) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> index=1 run_action=True token=1
    s3 Barrier.Wait b -> parked #c
    s4 Barrier.Wait b has_action=True -> parked #d
    s5 Barrier.Wait b -> parked #e
    - Barrier.Inspect b -> waiting=2
    s2 Barrier.ActionDone b token=1 -> ok; #a index=0; #d index=1 run_action=True token=2
    s4 Barrier.ActionDone b token=2 -> ok; #c index=0
    s6 Barrier.Wait b -> index=1; #e index=0
  )");
}

TEST_F(BarrierOps, EarlyPartiesOfSeveralRoundsPassRoundByRound) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> token=1
    s3 Barrier.Wait b -> parked #c
    s4 Barrier.Wait b -> parked #d
    s5 Barrier.Wait b -> parked #e
    s6 Barrier.Wait b -> parked #f
    s2 Barrier.ActionDone b token=1 -> ok; #a index=0; #d index=1; #f index=1; #c index=0; #e index=0
  )");
}

TEST_F(BarrierOps, FailedActionBreaksIt) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> run_action=True token=1
    s3 Barrier.Wait b -> parked #c
    s2 Barrier.ActionDone b token=1 failed=True -> ok; #a BARRIER_BROKEN; #c BARRIER_BROKEN
    s1 Barrier.Wait b -> BARRIER_BROKEN "reset it"
  )");
}

TEST_F(BarrierOps, DeathOfTheActionsRunnerBreaksIt) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> run_action=True
    end s2 -> #a BARRIER_BROKEN
    - Barrier.Inspect b -> waiting=0 broken=True acting=False
  )");
}

TEST_F(BarrierOps, TimeoutOfAPartyBreaksItForAll) {
  Run(R"(
    - Barrier.Create b parties=3 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b timeout_ms=10 -> parked #b
    advance 10 -> #b timed_out=True; #a BARRIER_BROKEN
    s3 Barrier.Wait b -> BARRIER_BROKEN
  )");
}

TEST_F(BarrierOps, PartyWithoutTimeBreaksItUnlessItIsTheLast) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b timeout_ms=0 -> index=1 timed_out=False; #a index=0
    s1 Barrier.Wait b timeout_ms=0 -> timed_out=True
    - Barrier.Inspect b -> broken=True waiting=0
  )");
}

TEST_F(BarrierOps, TimeoutDuringTheActionBreaksIt) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b timeout_ms=10 -> parked #a
    s2 Barrier.Wait b has_action=True -> token=1
    advance 10 -> #a timed_out=True
    s2 Barrier.ActionDone b token=1 -> BARRIER_BROKEN
  )");
}

TEST_F(BarrierOps, CancelledPartyBreaksIt) {
  Run(R"(
    - Barrier.Create b parties=3 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b -> parked #b
    cancel #a -> #a CANCELLED; #b BARRIER_BROKEN
    - Barrier.Inspect b -> broken=True
  )");
}

TEST_F(BarrierOps, DeathOfAPartyBreaksIt) {
  Run(R"(
    - Barrier.Create b parties=4 -> created=True
    s1/t1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b -> parked #b
    s1/t2 Barrier.Wait b -> parked #c
    end s1 -> #a SESSION_EXPIRED; #c SESSION_EXPIRED; #b BARRIER_BROKEN
  )");
}

TEST_F(BarrierOps, OneWhoWasNotLetInYetLeavesWithoutBreakingIt) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> token=1
    s3 Barrier.Wait b timeout_ms=0 -> timed_out=True
    s3 Barrier.Wait b timeout_ms=10 -> parked #c
    s4 Barrier.Wait b -> parked #d
    s5 Barrier.Wait b -> parked #e
    advance 10 -> #c timed_out=True
    cancel #d -> #d CANCELLED
    end s5 -> #e SESSION_EXPIRED
    s2 Barrier.ActionDone b token=1 -> ok; #a index=0
  )");
}

TEST_F(BarrierOps, AbortBreaksItUntilReset) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    - Barrier.Abort b -> ok; #a BARRIER_BROKEN
    s1 Barrier.Wait b -> BARRIER_BROKEN
    - Barrier.Reset b -> ok
    s1 Barrier.Wait b -> parked #b
    s2 Barrier.Wait b -> index=1; #b index=0
  )");
}

TEST_F(BarrierOps, ResetBreaksTheRoundThereIsOnly) {
  Run(R"(
    - Barrier.Create b parties=3 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b -> parked #b
    - Barrier.Reset b -> ok; #a BARRIER_BROKEN "was reset"; #b BARRIER_BROKEN
    s1 Barrier.Wait b -> parked #c
    - Barrier.Inspect b -> waiting=1 broken=False
  )");
}

TEST_F(BarrierOps, ResetDuringTheActionLetsTheEarlyOnesIn) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> token=1
    s3 Barrier.Wait b -> parked #c
    - Barrier.Reset b -> ok; #a BARRIER_BROKEN
    s2 Barrier.ActionDone b token=1 -> BARRIER_BROKEN "reset meanwhile"
    s4 Barrier.Wait b -> index=1; #c index=0
  )");
}

TEST_F(BarrierOps, WaitNeedsASessionAndABarrier) {
  Run(R"(
    s1 Barrier.Wait b -> OBJECT_NOT_FOUND "create it first"
    - Barrier.Abort b -> OBJECT_NOT_FOUND
    - Barrier.Reset b -> OBJECT_NOT_FOUND
    - Barrier.Inspect b -> OBJECT_NOT_FOUND
    - Barrier.ActionDone b -> OBJECT_NOT_FOUND
    - Barrier.Create b parties=1 -> created=True
    - Barrier.Wait b -> SESSION_REQUIRED
    s1 Barrier.ActionDone b -> BARRIER_BROKEN
  )");
}

TEST_F(BarrierOps, CreateRefusesWhatItCannotHold) {
  Run(R"(
    - Barrier.Create b -> INVALID_ARGUMENT "at least one"
    - Barrier.Create b parties=9223372036854775808 -> INVALID_ARGUMENT "at most"
    - Admin.Objects -> objects=[]
    - Barrier.Create b parties=9223372036854775807 -> created=True
    - Barrier.Create b parties=2 -> created=False
    - Barrier.Create b parties=2 exclusive=True -> OBJECT_EXISTS
  )");
}

TEST_F(BarrierOps, DeletionEndsTheWaits) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    - Admin.Delete b -> deleted=True; #a OBJECT_DELETED
  )");
}

TEST_F(BarrierOps, DescribeTellsTheRunnerAndWhoWaits) {
  Run(R"(
    - Barrier.Create b parties=2 -> created=True
    s1 Barrier.Wait b -> parked #a
    s2/t5 Barrier.Wait b has_action=True -> token=1
    advance 3
    - Admin.Describe b -> summary={type="barrier" size=2 waiters=1}
      holders=[{session=2 thread=5 token=1 held_ms=3 count=1}]
      waiters=[{session=1 method="Barrier.Wait"}]
    s2/t5 Barrier.ActionDone b token=1 -> ok; #a index=0
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{2})->held.empty());
}

}  // namespace
}  // namespace coheld::engine::testing
