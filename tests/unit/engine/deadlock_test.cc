// Owners that wait for each other in a ring: which rings are found, which op fails, what is told.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Deadlocks : public OpTable {
 protected:
  void SetUp() override { engine().SetDeadlockPolicy(DeadlockPolicy::kCloser); }
};

TEST_F(Deadlocks, OfTwoThatLockCrosswiseFailTheSecondWhichNamesBoth) {
  v1::SessionLabel label;
  label.set_host("h1");
  label.set_pid(17);
  label.set_program("a.py");
  label.set_user("ann");
  engine().OpenSession(SessionId{8}, label, 10'000, now());
  label.set_host("h2");
  label.set_program("b.py");
  engine().OpenSession(SessionId{9}, label, 10'000, now());
  NoteOpened(SessionId{8});
  NoteOpened(SessionId{9});
  Run(R"(
    s8%a.py:3 Lock.Acquire A -> token=1
    s9%b.py:4 Lock.Acquire B -> token=2
    advance 7
    s8%a.py:5 Lock.Acquire B -> parked #a
    s9%b.py:6 Lock.Acquire A -> DEADLOCK "session 9 thread 0 (b.py, pid 17, ann@h2) waits at b.py:6
      for the lock \"A\", which is held by session 8 thread 0 (a.py, pid 17, ann@h1) for 7 ms, token
      1, since a.py:3; session 8 thread 0 (a.py, pid 17, ann@h1) waits at a.py:5 for the lock \"B\",
      which is held by session 9 thread 0 (b.py, pid 17, ann@h2) for 7 ms, token 2, since b.py:4;
      release what the others wait for"
    s9 Lock.Release B -> ok; #a token=3
  )");
}

TEST_F(Deadlocks, OfOneThatWaitsForItselfAreFound) {
  Run(R"(
    s1 Lock.Acquire l -> ok
    s1 Lock.Acquire l -> DEADLOCK
    s1 ReadWriteLock.AcquireRead w -> ok
    s1 ReadWriteLock.AcquireWrite w -> DEADLOCK
    s2 ReadWriteLock.AcquireWrite x -> ok
    s2 ReadWriteLock.AcquireRead x -> DEADLOCK
    s1 RLock.Acquire r -> ok
    s1 RLock.Acquire r -> depth=2
    // Anybody may release this one.
    s1 Lock.Create signal release=ANYONE -> ok
    s1 Lock.Acquire signal -> ok
    s1 Lock.Acquire signal -> parked #a
    s2 Lock.Release signal -> ok; #a acquired=True
  )");
}

TEST_F(Deadlocks, AreFoundOverThreeObjectsOfDifferentTypes) {
  Run(R"(
    s1 Lock.Acquire a -> ok
    s2 RLock.Acquire b -> ok
    s3 ReadWriteLock.AcquireRead c -> ok
    s1 RLock.Acquire b -> parked #a
    s2 ReadWriteLock.AcquireWrite c -> parked #b
    s3 Lock.Acquire a -> DEADLOCK "the rwlock \"c\", which is held by session 3"
    s3 ReadWriteLock.Release c -> ok; #b acquired=True
  )");
}

TEST_F(Deadlocks, AreNoneWhileSomebodyOfTheRingHasATimeout) {
  Run(R"(
    s1 Lock.Acquire a -> ok
    s2 Lock.Acquire b -> ok
    s1 Lock.Acquire b timeout_ms=50 -> parked #a
    s2 Lock.Acquire a -> parked #b
    advance 50 -> #a acquired=False holder={session=2}
    s1 Lock.Acquire b timeout_ms=50 -> parked #c
    advance 50 -> #c acquired=False
    s1 Lock.Acquire b -> DEADLOCK
    s1 Lock.Release a -> ok; #b acquired=True
  )");
}

TEST_F(Deadlocks, AreNoneIfOneOfThemWaitsForAnItem) {
  Run(R"(
    s1 Lock.Acquire a -> ok
    s2 Lock.Acquire b -> ok
    s2 Queue.Get q -> parked #a
    s1 Lock.Acquire b -> parked #b
    - Queue.Put q value=1 -> ok; #a value=1
    s2 Lock.Release b -> ok; #b acquired=True
  )");
}

TEST_F(Deadlocks, ThroughAnOpOnSeveralLocksAheadInLineAreFound) {
  Run(R"(
    s9 Lock.Create {t}a -> ok
    s9 Lock.Create {t}b -> ok
    s1 Lock.Acquire {t}a -> ok
    // It waits for {t}a and so keeps {t}b, which is free.
    s2 Lock.AcquireAll {t}b others=["{t}a"] -> parked #a
    s1 Lock.Acquire {t}b -> DEADLOCK "where session 2 thread 0 is before it in line; session 2"
    s1 Lock.Release {t}a -> ok; #a acquired=True
  )");
}

TEST_F(Deadlocks, ThroughSeveralAheadInLineAreFoundPastOnesWithATimeout) {
  Run(R"(
    s9 Lock.Create {t}a -> ok
    s9 Lock.Create {t}b -> ok
    s1 Lock.Acquire {t}a -> ok
    s2 Lock.AcquireAll {t}b others=["{t}a"] -> parked #a
    s3 Lock.AcquireAll {t}b others=["{t}a"] timeout_ms=500 -> parked #b
    s4 Lock.Acquire {t}b -> parked #c
    s1 Lock.AcquireAll {t}b others=["{t}a"] timeout_ms=10 -> parked #d
    advance 10 -> #d acquired=False busy="{t}b"
    s1 Lock.Acquire {t}b -> DEADLOCK
    cancel #a -> #a CANCELLED
    s1 Lock.Acquire {t}b -> parked #e
    advance 490 -> #b acquired=False; #c acquired=True
    s4 Lock.Release {t}b -> ok; #e acquired=True
  )");
}

TEST_F(Deadlocks, WithTheRunnerOfABarriersActionAreFound) {
  Run(R"(
    s1 Barrier.Create b parties=2 -> ok
    s1 Lock.Acquire l -> ok
    s1 Barrier.Wait b -> parked #a
    s2 Barrier.Wait b has_action=True -> run_action=True token=2
    s2 Lock.Acquire l -> DEADLOCK "the barrier \"b\""
    s2 Barrier.ActionDone b token=2 -> ok; #a index=0
  )");
}

// Who waits for its own lock of anybody uses it as a signal. When that lock ends it is one in line
// like the others.
constexpr const char kOwnSignal[] = R"(
    s9 Lock.Create {t}b release=ANYONE -> ok
    s1 Lock.Acquire {t}a -> token=1
    s1 Lock.Acquire {t}b lease_ms=50 -> token=2
    s2 Lock.AcquireAll {t}b others=["{t}a"] -> parked #a
    s1 Lock.Acquire {t}b -> parked #b
)";

TEST_F(Deadlocks, ThatTheEndOfALeaseClosesFailTheOpOfWhoLostTheLock) {
  Run(kOwnSignal);
  Run(R"(
    advance 50 -> #b DEADLOCK "session 1 thread 0 waits for the lock \"{t}b\", where session 2 thread 0 is
      before it in line; session 2 thread 0 waits for the lock \"{t}a\", which is held by session 1"
    s1 Lock.Release {t}a -> ok; #a acquired=True
  )");
}

TEST_F(Deadlocks, ThatAReleaseByAnotherClosesFailTheOpOfWhoHeldTheLock) {
  Run(kOwnSignal);
  Run(R"(
    s3 Lock.Release {t}b -> ok; #b DEADLOCK
    s1 Lock.Release {t}a -> ok; #a acquired=True
  )");
}

TEST_F(Deadlocks, ThatTheEndOfALeaseClosesFailTheYoungestIfThePolicySaysSo) {
  engine().SetDeadlockPolicy(DeadlockPolicy::kYoungest);
  Run(kOwnSignal);
  // It only stands in line, and so has had its part for the shortest time.
  Run("advance 50 -> #a DEADLOCK; #b acquired=True");
}

TEST_F(Deadlocks, ThatTheEndOfALeaseClosesAreOnlyToldIfThePolicySaysSo) {
  KeepEngine();  // Reports are no state.
  engine().SetDeadlockPolicy(DeadlockPolicy::kReport);
  Run(kOwnSignal);
  Run("advance 50");
  EXPECT_EQ(engine().TakeRingReports().size(), 1u);
}

TEST_F(Deadlocks, ThroughTheOpItselfThatOthersAreBehindAreFound) {
  Run(R"(
    s9 Lock.Create {t}b release=ANYONE -> ok
    s9 Lock.Create {t}d -> ok
    s9 Lock.Create {t}e -> ok
    s3 Lock.Acquire {t}d -> ok
    s1 Lock.Acquire {t}b lease_ms=50 -> ok
    s2 Lock.AcquireAll {t}b others=["{t}d"] -> parked #a
    s1 Lock.AcquireAll {t}b others=["{t}e"] -> parked #b
    s3 Lock.Acquire {t}e -> parked #c
    advance 50 -> #b DEADLOCK "session 3 thread 0 waits for the lock \"{t}e\", where session 1
      thread 0 is before it in line; release"; #c acquired=True
  )");
}

// Calls of one owner may wait at the same time: the wait of one may be over while another lasts.
TEST_F(Deadlocks, ThatAGrantClosesFailTheOtherOpOfWhoWasGranted) {
  Run(R"(
    s1 Lock.Acquire a -> token=1
    s2 Lock.Acquire b -> token=2
    s3 Lock.Acquire a -> parked #a
    s3 Lock.Acquire b -> parked #b
    s2 Lock.Acquire a -> parked #c
    s1 Lock.Release a -> ok; #a token=3; #b DEADLOCK "held by session 3"
    s3 Lock.Release a -> ok; #c token=4
  )");
}

TEST_F(Deadlocks, OfPermitsAreOnlyTold) {
  KeepEngine();  // Reports are no state.
  Run(R"(
    s1 Semaphore.Acquire s -> ok
    s2 Lock.Acquire l -> ok
    s1 Lock.Acquire l -> parked #a
    s2 Semaphore.Acquire s -> parked #b
    - Semaphore.Release s -> ok; #b acquired=True
  )");
  ASSERT_EQ(engine().TakeRingReports().size(), 1u);
  EXPECT_FALSE(engine().has_ring_reports());
}

TEST_F(Deadlocks, AreOnlyToldIfThePolicySaysSo) {
  KeepEngine();  // Reports are no state.
  engine().SetDeadlockPolicy(DeadlockPolicy::kReport);
  Run(R"(
    s1 Lock.Acquire a -> ok
    s2 Lock.Acquire b -> ok
    s1 Lock.Acquire b -> parked #a
    s2 Lock.Acquire a -> parked #b
    s3 Lock.Acquire a -> parked #c
  )");
  const std::vector<std::string> rings = engine().TakeRingReports();
  ASSERT_EQ(rings.size(), 1u);
  EXPECT_TRUE(rings[0].starts_with("session 2 thread 0 waits for the lock \"a\"")) << rings[0];
}

TEST_F(Deadlocks, FailTheYoungestIfThePolicySaysSo) {
  engine().SetDeadlockPolicy(DeadlockPolicy::kYoungest);
  Run(R"(
    s2 Lock.Acquire b -> token=1
    s1 Lock.Acquire a -> token=2
    s3 Lock.Acquire a -> parked #x
    s1 Lock.Acquire b -> parked #a
    s2 Lock.Acquire a -> parked #b; #a DEADLOCK
    s1 Lock.Release a -> ok; #x acquired=True
    s3 Lock.Release a -> ok; #b acquired=True
  )");
}

TEST_F(Deadlocks, FailTheYoungestOfEachRingThatTheOpCloses) {
  engine().SetDeadlockPolicy(DeadlockPolicy::kYoungest);
  Run(R"(
    s1 ReadWriteLock.AcquireRead w -> token=1
    s2 Lock.Acquire x -> token=2
    s3 ReadWriteLock.AcquireRead w -> token=3
    s4 ReadWriteLock.AcquireRead w -> token=4
    s3 Lock.Acquire x -> parked #a
    s4 Lock.Acquire x -> parked #b
    s2 ReadWriteLock.AcquireWrite w -> parked #c; #a DEADLOCK; #b DEADLOCK
    s3 ReadWriteLock.Release w -> ok
    s4 ReadWriteLock.Release w -> ok
    s1 ReadWriteLock.Release w -> ok; #c acquired=True
  )");
}

TEST_F(Deadlocks, OfThreadsOfOneSessionAreFound) {
  Run(R"(
    s1/t1 Lock.Acquire a -> ok
    s1/t2 Lock.Acquire b -> ok
    s1/t1 Lock.Acquire b -> parked #a
    s1/t3 Lock.Acquire a -> parked #b
    s1/t2 Lock.Acquire a -> DEADLOCK "session 1 thread 2"
    s1/t2 Lock.Release b -> ok; #a acquired=True
  )");
}

TEST_F(Deadlocks, LeaveNobodyInLineWhoFailed) {
  Run(R"(
    s1 Lock.Acquire a -> ok
    s2 Lock.Acquire b -> ok
    s1 Lock.Acquire b -> parked #a
    s2 Lock.Acquire a -> DEADLOCK
    s1 Lock.Inspect a -> locked=True waiters=0
    cancel #a -> #a CANCELLED
    s1 Lock.Release a -> ok
    s2 Lock.Acquire a -> acquired=True
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
