// Items of a queue that come in later, as tables: delayed puts, and items given back with a delay.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class QueueDelays : public OpTable {};

TEST_F(QueueDelays, DelayedItemComesInBehindWhatWasPutMeanwhile) {
  Run(R"(
    - Queue.Put q value=1 delay_ms=50 -> length=0
    - Queue.Put q value=2 -> length=1
    - Queue.Len q -> length=1 delayed=1 unfinished=2
    advance 50
    - Queue.Put q value=3 -> length=3
    - Queue.GetMany q -> values=[2, 1, 3]
  )");
}

TEST_F(QueueDelays, DelayedItemsComeInByTheirTime) {
  Run(R"(
    - Queue.Put q value="late" delay_ms=30 -> length=0
    - Queue.Put q value="soon" delay_ms=10 -> length=0
    - Queue.PutMany q values=["a", "b"] delay_ms=30 -> length=0
    s1 Queue.Get q -> parked #a
    advance 9
    advance 1 -> #a value="soon"
    advance 20
    - Queue.GetMany q -> values=["late", "a", "b"]
  )");
}

TEST_F(QueueDelays, DelayedItemsTakeRoom) {
  Run(R"(
    - Queue.Create q maxsize=1 -> created=True
    - Queue.Put q value=1 delay_ms=10 -> length=0
    - Queue.Put q value=2 timeout_ms=0 -> QUEUE_FULL "1 of at most 1 items, 1 of them delayed"
    - Queue.Put q value=2 -> parked #two
    advance 10
    - Queue.Get q -> value=1; #two length=1
  )");
}

TEST_F(QueueDelays, DelayCountsFromWhenThereIsRoom) {
  Run(R"(
    - Queue.Create q maxsize=1 -> created=True
    - Queue.Put q value=1 -> length=1
    - Queue.Put q value=2 delay_ms=10 -> parked #two
    advance 50
    - Queue.Get q -> value=1; #two length=0
    advance 9
    - Queue.Len q -> length=0 delayed=1
    advance 1
    - Queue.Get q -> value=2
  )");
}

TEST_F(QueueDelays, ItemGivenBackWithADelayReturnsToItsPlace) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s1 Queue.Nack q delivery=1 delay_ms=10 -> dead=False
    - Queue.Len q -> length=1 delayed=1 leased=0 unfinished=2
    s1 Queue.Ack q delivery=1 -> LEASE_LOST
    - Queue.Peek q -> value=2
    end s1
    advance 10
    - Queue.Peek q -> value=1
    s2 Queue.Lease q -> deliveries=[{value=1 attempt=2}]
  )");
}

TEST_F(QueueDelays, PurgeRemovesDelayedItems) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] delay_ms=10 -> length=0
    - Queue.Join q -> parked #join
    - Queue.Purge q -> removed=2; #join joined=True
    advance 10
    - Queue.Len q -> length=0 delayed=0
  )");
}

TEST_F(QueueDelays, ShutDownQueueHasSomethingLeftWhileADelayGoesOn) {
  Run(R"(
    - Queue.Put q value=1 delay_ms=10 -> length=0
    - Queue.Shutdown q -> removed=0
    s1 Queue.Get q timeout_ms=5 -> parked #a
    s1 Queue.Get q -> parked #b
    s1 Queue.Get q -> parked #c
    advance 5 -> #a QUEUE_EMPTY
    advance 5 -> #b value=1; #c QUEUE_SHUT_DOWN
  )");
}

TEST_F(QueueDelays, DelayedItemsOfAPriorityQueueAreCheckedAtThePut) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.PutMany q values=[2, "text"] delay_ms=10 -> NOT_ORDERABLE
    - Queue.PutMany q values=[2, 1] delay_ms=10 -> length=0
    - Queue.Put q value="text" -> NOT_ORDERABLE
    - Queue.PutMany q values=[3, 1.0] -> length=2
    advance 10
    - Queue.GetMany q -> values=[1.0, 1, 2, 3]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
