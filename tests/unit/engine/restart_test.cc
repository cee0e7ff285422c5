// What holds over a restart of the daemon: Engine::Resume.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Restarts : public OpTable {};

TEST_F(Restarts, GiveLeasesOfLocksTheirFullLength) {
  Run(R"(
    s1 Lock.Acquire l lease_ms=100 -> token=1
    advance 90
    restart 5000
    s1 Lock.Inspect l -> locked=True session=1 lease_ms=100
    advance 99
    s1 Lock.Renew l lease_ms=10 -> token=1
    restart 5000
    s1 Lock.Inspect l -> locked=True lease_ms=10
    advance 10
    s1 Lock.Inspect l -> locked=False
  )");
}

TEST_F(Restarts, GiveVisibilitiesTheirFullLength) {
  Run(R"(
    - Queue.Put q value=1 -> ok
    - Queue.Put q value=2 -> ok
    s1 Queue.Lease q visibility_ms=100 -> ok
    s1 Queue.Lease q visibility_ms=0 -> ok
    s1 Queue.Extend q delivery=1 visibility_ms=200 -> ok
    advance 150
    restart 5000
    advance 199
    - Queue.Get q timeout_ms=0 -> QUEUE_EMPTY
    advance 1
    - Queue.Get q timeout_ms=0 -> value=1
    s1 Queue.Ack q delivery=2 -> ok
  )");
}

TEST_F(Restarts, AbandonThoseWhoWait) {
  Run(R"(
    s1 Lock.Acquire l -> acquired=True
    s2 Lock.Acquire l -> parked #a
    s3@1.1 Lock.Acquire l -> parked #b
    - Queue.Get q -> parked #c
    restart 10 -> #c CANCELLED; #b CANCELLED; #a CANCELLED
    s1 Lock.Release l -> ok
    s3@1.1 Lock.Acquire l -> acquired=True
  )");
}

TEST_F(Restarts, LeaveAWaitThatChangedSomethingToItsCopy) {
  Run(R"(
    s9 RLock.Create {t}l -> created=True
    s9 Condition.Create {t}c lock="{t}l" -> created=True
    s1 RLock.Acquire {t}l -> ok
    s1@1.1 Condition.Wait {t}c -> parked #a
    restart 10
    s1@1.1 Condition.Wait {t}c -> copy #a
    s2 RLock.Acquire {t}l -> ok
    s2 Condition.Notify {t}c -> woken=1; #a notified=True
  )");
}

TEST_F(Restarts, ForgetAnswersThatChangedNothing) {
  KeepEngine();  // As without a snapshot: what is loaded from one has none of them anyway.
  Run(R"(
    s1@0.1 Queue.Get q timeout_ms=10 -> parked #a
    advance 10 -> #a QUEUE_EMPTY
    s1@0.2 Queue.Put q value=1 -> length=1
    restart 10
    s1@0.1 Queue.Get q timeout_ms=10 -> value=1
    s1@0.2 Queue.Put q value=1 -> length=1
    - Queue.Len q -> length=0
  )");
}

TEST_F(Restarts, AbandonThePartiesOfABarrierOnce) {
  Run(R"(
    s9 Barrier.Create b parties=3 -> ok
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b -> parked #b
    restart 10 -> #b CANCELLED; #a BARRIER_BROKEN
  )");
}

TEST_F(Restarts, GiveNoTokenTwice) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    restart 10
    s1 Lock.Acquire m -> token=16777218
  )");
}

TEST_F(Restarts, AddTheTimeSinceTheLastInputToTtls) {
  Run(R"(
    - Queue.Put q value=1 -> ok
    - Object.SetTtl q ttl_ms=1000 -> ok
    advance 400
    restart 5000
    advance 999
    - Queue.Len q -> length=1
    advance 1
    - Queue.Get q timeout_ms=0 -> QUEUE_EMPTY
  )");
}

TEST_F(Restarts, LeaveDelaysAndTimeoutsToTheClock) {
  Run(R"(
    - Queue.Put q value=1 delay_ms=100 -> ok
    restart 100
    - Queue.Get q timeout_ms=0 -> value=1
  )");
}

TEST(Beginning, NamesAnonymousObjectsTheSameInAReplay) {
  Shadow shadow;
  Engine engine;
  engine.SetInputLog(&shadow);
  engine.Begin(4711, TimeMs{5});
  engine.OpenSession(SessionId{1}, {}, 1000, TimeMs{6});
  EXPECT_EQ(engine.store().next_anonymous(), 4711u);
  EXPECT_EQ(engine.last_session(), SessionId{1});
  EXPECT_EQ(engine.last_time(), TimeMs{6});
  shadow.Follow(engine);
}

}  // namespace
}  // namespace coheld::engine::testing
