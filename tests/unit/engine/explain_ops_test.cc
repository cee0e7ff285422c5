// Admin.Locks, Waits and Explain.
#include "server/engine/explain.h"

#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class ExplainOps : public OpTable {};

TEST_F(ExplainOps, LocksListsWhatIsHeldByNameInPages) {
  Run(R"(
    s1%a.py:1 Lock.Acquire lb lease_ms=100 -> token=1
    s2 Semaphore.Create sa permits=3 -> ok
    s2 Semaphore.Acquire sa count=2 -> token=2
    s1/t4 Semaphore.Acquire sa -> token=3
    s2 ReadWriteLock.AcquireRead wc -> token=4
    s1 Lock.Create free -> ok
    s3 Lock.Acquire lb -> parked #a
    advance 5
    - Admin.Locks -> done=True objects=[
        {summary={name="lb" type="lock" size=1 waiters=1} holder_count=1
         holders=[{session=1 token=1 held_ms=5 lease_ms=95 site="a.py:1" label={program="s1"}}]},
        {summary={name="sa" type="semaphore"} holder_count=2
         holders=[{session=1 thread=4 count=1 lease_ms=absent}, {session=2 count=2}]},
        {summary={name="wc" type="rwlock"} holders=[{shared=True}]}]
    - Admin.Locks limit=1 -> done=False objects=[{summary={name="lb"}}]
    - Admin.Locks limit=2 after="lb" -> done=True
        objects=[{summary={name="sa"}}, {summary={name="wc"}}]
    - Admin.Locks prefix="s" -> done=True objects=[{summary={name="sa"}}]
    - Admin.Locks prefix="s" after="sa" -> done=True objects=[]
    - Admin.Locks session=2 -> done=True objects=[{summary={name="sa"}}, {summary={name="wc"}}]
    - Admin.Locks session=99 -> done=True objects=[]
  )");
}

TEST_F(ExplainOps, LocksTellsTenHoldersOfAnObjectAndHowManyThereAre) {
  Run(R"(
    s1 Semaphore.Create s permits=100 -> ok
  )");
  for (int thread = 0; thread < 12; ++thread) {
    Run("s1/t" + std::to_string(thread) + " Semaphore.Acquire s -> ok");
  }
  Run(R"(
    - Admin.Locks -> objects=[{holder_count=12 holders=[
      {thread=0}, {thread=1}, {thread=2}, {thread=3}, {thread=4}, {thread=5}, {thread=6}, {thread=7},
      {thread=8}, {thread=9}]}]
  )");
}

TEST_F(ExplainOps, WaitsListsWhatWaitsAndForWhomInOrder) {
  Run(R"(
    s1%a.py:1 Lock.Create {t}a -> ok
    s1%a.py:2 Lock.Acquire {t}b -> token=1
    - Queue.Get q timeout_ms=50 -> parked #a
    s2%b.py:9 Lock.AcquireAll {t}a others=["{t}b"] -> parked #b
    s3/t2 Lock.Acquire {t}a -> parked #c
    advance 3
    - Admin.Waits -> done=True waits=[
        {waiter={session=0 method="Queue.Get" parked_ms=3 timeout_ms=47 names=["q"] call=3}
         object="q" type="queue" holder=absent deadlocked=False},
        {waiter={session=2 site="b.py:9" method="Lock.AcquireAll" names=["{t}a", "{t}b"]
                 timeout_ms=absent label={program="s2"} call=4}
         object="{t}b" type="lock" holder={session=1 site="a.py:2" held_ms=3}},
        {waiter={session=3 thread=2 call=5} object="{t}a" type="lock" holder=absent}]
    - Admin.Waits limit=1 -> done=False waits=[{waiter={call=3}}]
    - Admin.Waits limit=1 after=3 -> done=False waits=[{waiter={call=4}}]
    - Admin.Waits after=4 -> done=True waits=[{waiter={call=5}}]
    - Admin.Waits session=2 -> done=True waits=[{waiter={call=4}}]
  )");
}

TEST_F(ExplainOps, ExplainTellsTheChainOfHoldersThatWait) {
  Run(R"(
    s1%a.py:1 Lock.Acquire a -> token=1
    s2%b.py:1 Lock.Acquire b -> token=2
    s3%c.py:1 Lock.Acquire c -> token=3
    s2%b.py:2 Lock.Acquire a -> parked #a
    s3%c.py:2 Lock.Acquire b -> parked #b
    s4%d.py:2 Lock.Acquire c timeout_ms=9 -> parked #c
    - Admin.Explain c -> summary={name="c" type="lock" waiters=1} deadlocked=False
      holders=[{session=3 site="c.py:1"}]
      waiters=[{session=4 site="d.py:2" timeout_ms=9 names=["c"]}]
      chain=[{waiter={session=3 site="c.py:2"} object="b" type="lock" holder={session=2}},
             {waiter={session=2 site="b.py:2"} object="a" type="lock" holder={session=1}}]
      guard="" guard_holder=absent
    - Admin.Explain a -> holders=[{session=1}] chain=[]
    - Admin.Explain nothing -> OBJECT_NOT_FOUND
  )");
}

TEST_F(ExplainOps, ExplainTellsARingAndSoDoesWaits) {
  Run(R"(
    s1 Lock.Acquire a -> token=1
    s2 Lock.Acquire b -> token=2
    s1 Lock.Acquire b -> parked #a
    s2 Lock.Acquire a timeout_ms=100 -> parked #b
    s3 Lock.Acquire a -> parked #c
    - Admin.Explain a -> deadlocked=True
      chain=[{waiter={session=1} object="b" holder={session=2}},
             {waiter={session=2} object="a" holder={session=1}}]
    - Admin.Waits -> waits=[{deadlocked=True}, {deadlocked=True}, {deadlocked=False}]
  )");
}

TEST_F(ExplainOps, ExplainTellsARingThatTheHolderIsNotPartOf) {
  Run(R"(
    s1 Lock.Acquire a -> token=1
    s2 Lock.Acquire b -> token=2
    s3 Lock.Acquire c -> token=3
    s1 Lock.Acquire b -> parked #a
    s2 Lock.Acquire a -> parked #b
    s3 Lock.Acquire a -> parked #c
    - Admin.Explain c -> deadlocked=True chain=[{waiter={session=3} object="a"},
        {waiter={session=1} object="b"}, {waiter={session=2} object="a"}]
  )");
}

TEST_F(ExplainOps, ExplainTellsTheGuardAndItsHolder) {
  Run(R"(
    s1 Dict.Create d -> ok
    s1 Lock.Create l{d} -> ok
    s1 Object.Guard d lock="l{d}" -> ok
    - Admin.Explain d -> guard="l{d}" guard_holder=absent
    s2 Lock.Acquire l{d} -> token=1
    - Admin.Explain d -> guard="l{d}" guard_holder={session=2 token=1} holders=[]
  )");
}

TEST_F(ExplainOps, AWaitIsToldInWords) {
  Run(R"(
    s1%a.py:1 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    s2 Queue.Get q -> parked #b
  )");
  const auto words = [&](size_t place) {
    return WaitInWords(
        engine(), std::next(engine().parked().begin(), static_cast<int>(place))->second, now());
  };
  EXPECT_EQ(words(0),
            "it waited for the lock \"l\", which is held by session 1 thread 0 for 0 ms, "
            "token 1, since a.py:1");
  EXPECT_EQ(words(1), "it waited in Queue.Get on \"q\"");
}

}  // namespace
}  // namespace coheld::engine::testing
