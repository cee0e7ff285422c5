// Leases on queues as tables: delivery, ack, return to the place, delays, dead letters, dedup keys.
// (Numbers of deliveries grow from 1 in each test.)
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class QueueLeases : public OpTable {};
class QueueDelays : public OpTable {};
class QueueDeadLetters : public OpTable {};
class QueueDedup : public OpTable {};

TEST_F(QueueLeases, LeasedItemIsGoneFromTheQueueUntilItReturns) {
  Run(R"(
    - Queue.PutMany q values=["a", "b"] -> length=2
    s1 Queue.Lease q -> deliveries=[{delivery=1 value="a" attempt=1}]
    - Queue.Len q -> length=1 leased=1 unfinished=2
    - Queue.Peek q -> value="b"
    s1 Queue.Nack q delivery=1 -> dead=False
    - Queue.Len q -> length=2 leased=0 unfinished=2
    - Queue.Peek q -> value="a"
  )");
}

TEST_F(QueueLeases, AckedItemIsGoneAndFinished) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q limit=2 -> deliveries=[{delivery=1 value=1}, {delivery=2 value=2}]
    - Queue.Join q -> parked #join
    s1 Queue.Ack q delivery=2 -> unfinished=1
    s1 Queue.Ack q delivery=1 -> unfinished=0; #join joined=True
    end s1
    - Queue.Len q -> length=0 leased=0 unfinished=0
  )");
}

TEST_F(QueueLeases, LimitIsOneWhereItIsNotGiven) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    s1 Queue.Lease q -> deliveries=[{value=1}]
    s1 Queue.Lease q limit=9 -> deliveries=[{value=2}, {value=3}]
  )");
}

TEST_F(QueueLeases, LeaveWhatWouldMakeTheirReplyTooLarge) {
  const std::string large = "\"" + std::string(700'000, 'x') + "\"";
  Run("- Queue.PutMany q values=[" + large + ", " + large + "] -> length=2");
  Run("s1 Queue.Lease q limit=2 -> deliveries=[{value=" + large + "}]");
}

TEST_F(QueueLeases, ItemsOfAnEndedSessionAreDeliveredAgainFirst) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3, 4] -> length=4
    s1 Queue.Lease q limit=2 -> deliveries=[{value=1}, {value=2}]
    s2 Queue.Lease q -> deliveries=[{value=3}]
    - Queue.Put q value=5 -> length=2
    end s1
    s2 Queue.Lease q limit=9 -> deliveries=[{delivery=4 value=1 attempt=2},
      {delivery=5 value=2 attempt=2}, {delivery=6 value=4 attempt=1}, {value=5 attempt=1}]
  )");
}

TEST_F(QueueLeases, ItemsThatReturnOneByOneKeepTheOrderOfPuts) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3, 4] -> length=4
    s1 Queue.Lease q limit=4 -> deliveries=[{value=1}, {value=2}, {value=3}, {value=4}]
    - Queue.Put q value=5 -> length=1
    s1 Queue.Nack q delivery=3 -> ok
    s1 Queue.Nack q delivery=1 -> ok
    s1 Queue.Nack q delivery=4 -> ok
    s1 Queue.Nack q delivery=2 -> ok
    - Queue.GetMany q -> values=[1, 2, 3, 4, 5]
  )");
}

TEST_F(QueueLeases, LifoTakesAnItemBackBehindWhatWasPutAfterIt) {
  Run(R"(
    - Queue.Create q kind=LIFO -> created=True
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    s1 Queue.Lease q -> deliveries=[{value=3}]
    s2 Queue.Lease q -> deliveries=[{value=2}]
    - Queue.Put q value=4 -> length=2
    end s2
    - Queue.Peek q -> value=4
    end s1
    - Queue.Get q -> value=4
    - Queue.Put q value=5 -> length=4
    - Queue.GetMany q -> values=[5, 3, 2, 1]
  )");
}

TEST_F(QueueLeases, LifoDeliversAnItemAgainFirstIfNothingCameMeanwhile) {
  Run(R"(
    - Queue.Create q kind=LIFO -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q -> deliveries=[{value=2}]
    end s1
    s2 Queue.Lease q -> deliveries=[{value=2 attempt=2}]
  )");
}

TEST_F(QueueLeases, PriorityTakesAnItemBackBeforeItsLaterEquals) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.PutMany q values=[(1, "a"), (2, "b"), 1.0] -> NOT_ORDERABLE
    - Queue.PutMany q values=[2, 1.0, 3] -> length=3
    s1 Queue.Lease q limit=2 -> deliveries=[{value=1.0}, {value=2}]
    - Queue.PutMany q values=[True, 2.0, 0] -> length=4
    end s1
    - Queue.GetMany q -> values=[0, 1.0, True, 2, 2.0, 3]
  )");
}

TEST_F(QueueLeases, LeasedItemsOfAPriorityQueueMustHaveAnOrderWithWhatIsPut) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.Put q value=5 -> length=1
    s1 Queue.Lease q -> deliveries=[{value=5}]
    - Queue.Put q value="text" -> NOT_ORDERABLE
    - Queue.Put q value=7 -> length=1
    end s1
    - Queue.GetMany q -> values=[5, 7]
    - Queue.Put q value="text" -> length=1
  )");
}

TEST_F(QueueLeases, VisibilityThatEndsDeliversAgain) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q visibility_ms=50 -> deliveries=[{delivery=1 value=1}]
    advance 49
    - Queue.Len q -> length=1 leased=1
    advance 1
    - Queue.Len q -> length=2 leased=0
    s2 Queue.Lease q -> deliveries=[{delivery=2 value=1 attempt=2}]
  )");
}

TEST_F(QueueLeases, VisibilitiesOfManyEndEachAtItsTime) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    s1 Queue.Lease q visibility_ms=30 -> deliveries=[{value=1}]
    s1 Queue.Lease q visibility_ms=10 -> deliveries=[{value=2}]
    s1 Queue.Lease q visibility_ms=20 -> deliveries=[{value=3}]
    advance 10
    - Queue.Peek q -> value=2
    advance 10
    - Queue.Len q -> length=2
    advance 10
    - Queue.GetMany q -> values=[1, 2, 3]
  )");
}

TEST_F(QueueLeases, SessionsEndEndsAlsoALeaseWithAVisibility) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q visibility_ms=1000 -> deliveries=[{value=1}]
    end s1
    - Queue.Get q -> value=1
    advance 1000
    - Queue.Len q -> length=0 leased=0
  )");
}

TEST_F(QueueLeases, NeedNoSessionIfTheirVisibilityEnds) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    - Queue.Lease q -> SESSION_REQUIRED "visibility_ms"
    - Queue.Lease q visibility_ms=10 -> deliveries=[{delivery=1}]
    - Queue.Extend q delivery=1 -> SESSION_REQUIRED "visibility_ms"
    - Queue.Extend q delivery=1 visibility_ms=20 -> ok
    advance 20
    - Queue.Lease q visibility_ms=10 -> deliveries=[{delivery=2 attempt=2}]
    - Queue.Ack q delivery=2 -> unfinished=0
  )");
}

TEST_F(QueueLeases, LateAckNeverAcksALaterDelivery) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q visibility_ms=10 -> deliveries=[{delivery=1}]
    advance 10
    s1 Queue.Ack q delivery=1 -> LEASE_LOST "delivery 1 of the queue \"q\""
    s2 Queue.Lease q -> deliveries=[{delivery=2}]
    s1 Queue.Ack q delivery=1 -> LEASE_LOST
    s1 Queue.Nack q delivery=1 -> LEASE_LOST
    s1 Queue.Extend q delivery=1 visibility_ms=5 -> LEASE_LOST
    s1 Queue.Complete q delivery=1 -> LEASE_LOST
    - Queue.Len q -> leased=1 unfinished=1
    s2 Queue.Ack q delivery=2 -> unfinished=0
    s2 Queue.Ack q delivery=2 -> LEASE_LOST
  )");
}

TEST_F(QueueLeases, SameConsumersEarlierDeliveryIsLostToo) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s1 Queue.Nack q delivery=1 -> ok
    s1 Queue.Lease q -> deliveries=[{delivery=2}]
    s1 Queue.Ack q delivery=1 -> LEASE_LOST
    s1 Queue.Ack q delivery=2 -> ok
  )");
}

TEST_F(QueueLeases, DeliveryOfOneQueueIsNoneOfAnother) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    - Queue.Put p value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s1 Queue.Lease p -> deliveries=[{delivery=2}]
    s1 Queue.Ack p delivery=1 -> LEASE_LOST
    - Admin.Delete q -> deleted=True
    s1 Queue.Ack q delivery=1 -> LEASE_LOST
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=3}]
    s1 Queue.Ack q delivery=1 -> LEASE_LOST
  )");
}

TEST_F(QueueLeases, AckOfAMissingQueueMakesNone) {
  Run(R"(
    - Queue.Ack q delivery=1 -> LEASE_LOST
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(QueueLeases, MayBeAckedByAnotherSession) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s2 Queue.Ack q delivery=1 -> unfinished=0
    end s1
    - Queue.Len q -> length=0
  )");
}

TEST_F(QueueLeases, ExtendSetsTheEndAnew) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    s1 Queue.Lease q visibility_ms=50 limit=3 -> deliveries=[{}, {}, {}]
    advance 40
    s1 Queue.Extend q delivery=1 visibility_ms=50 -> ok
    s1 Queue.Extend q delivery=2 visibility_ms=5 -> ok
    s1 Queue.Extend q delivery=3 -> ok
    advance 5
    - Queue.Get q -> value=2
    advance 45
    - Queue.Get q -> value=1
    advance 100000
    - Queue.Len q -> length=0 leased=1
    end s1
    - Queue.Get q -> value=3
  )");
}

TEST_F(QueueLeases, TimeInWhichTheDaemonStoodStillDoesNotCount) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.Put q value=3 delay_ms=20 -> length=2
    s1 Queue.Lease q visibility_ms=50 -> deliveries=[{delivery=1}]
    s1 Queue.Lease q visibility_ms=60 -> deliveries=[{delivery=2}]
    advance 10
    stall 1000
    - Queue.GetMany q -> values=[3]
    advance 39
    - Queue.Len q -> leased=2
    advance 1
    - Queue.GetMany q -> values=[1]
    advance 10
    - Queue.GetMany q -> values=[2]
  )");
}

TEST_F(QueueLeases, TimesOverAYearAreRefused) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q visibility_ms=31622400001 -> INVALID_ARGUMENT "366 days"
    s1 Queue.Lease q visibility_ms=31622400000 -> deliveries=[{delivery=1}]
    s1 Queue.Extend q delivery=1 visibility_ms=31622400001 -> INVALID_ARGUMENT
    s1 Queue.Nack q delivery=1 delay_ms=31622400001 -> INVALID_ARGUMENT
    s1 Queue.Put q value=1 delay_ms=31622400001 -> INVALID_ARGUMENT "delay_ms"
    - Queue.Len q -> length=0 leased=1
  )");
}

TEST_F(QueueLeases, WaitInOneLineWithGets) {
  Run(R"(
    s1 Queue.Lease q -> parked #a
    s2 Queue.Get q -> parked #b
    s3 Queue.Lease q timeout_ms=10 -> parked #c
    - Queue.Put q value=1 -> length=1; #a deliveries=[{value=1}]
    - Queue.Put q value=2 -> length=1; #b value=2
    advance 10 -> #c QUEUE_EMPTY
    s1 Queue.Lease q timeout_ms=0 -> QUEUE_EMPTY
  )");
}

TEST_F(QueueLeases, ReturningItemGoesToThoseWhoWait) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s2 Queue.Lease q -> parked #a
    end s1 -> #a deliveries=[{delivery=2 attempt=2}]
    s3 Queue.Get q -> parked #b
    s2 Queue.Nack q delivery=2 -> dead=False; #b value=1
    - Queue.Put q value=2 -> length=1
    s2 Queue.Lease q visibility_ms=10 -> deliveries=[{delivery=3}]
    s3 Queue.GetMany q -> parked #c
    advance 10 -> #c values=[2]
  )");
}

TEST_F(QueueLeases, EndedSessionsOwnWaitGetsNothingOfItsItems) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s1 Queue.Lease q -> parked #own
    s2 Queue.Lease q -> parked #other
    end s1 -> #own SESSION_EXPIRED; #other deliveries=[{value=1 attempt=2}]
  )");
}

TEST_F(QueueLeases, LeaseThatIsCancelledTakesNothing) {
  Run(R"(
    s1 Queue.Lease q -> parked #a
    cancel #a -> #a CANCELLED
    - Queue.Put q value=1 -> length=1
    - Queue.Len q -> length=1 leased=0
  )");
}

TEST_F(QueueLeases, MakeRoomAndMayOverfillWhenTheyReturn) {
  Run(R"(
    - Queue.Create q maxsize=2 -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.Put q value=3 -> parked #three
    s1 Queue.Lease q -> deliveries=[{value=1}]; #three length=2
    end s1
    - Queue.Len q -> length=3 maxsize=2
    - Queue.Put q value=4 -> parked #four
    - Queue.Get q -> value=1
    - Queue.Get q -> value=2; #four length=2
    - Queue.GetMany q -> values=[3, 4]
  )");
}

TEST_F(QueueLeases, AckOfAnItemToldFinishedBeforeCountsNothing) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    - Queue.TaskDone q count=2 -> unfinished=0
    s1 Queue.Ack q delivery=1 -> unfinished=0
  )");
}

TEST_F(QueueLeases, PurgedItemsDoNotReturn) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    s1 Queue.Lease q limit=2 -> deliveries=[{delivery=1}, {delivery=2}]
    - Queue.Join q -> parked #join
    - Queue.Purge q -> removed=1
    - Queue.Len q -> length=0 leased=2 unfinished=2
    - Queue.Deliveries q -> deliveries=[{dropped=True}, {dropped=True}]
    s1 Queue.Ack q delivery=1 -> unfinished=1
    s1 Queue.Nack q delivery=2 -> dead=False; #join joined=True
    - Queue.Len q -> length=0 leased=0 unfinished=0
  )");
}

TEST_F(QueueLeases, PurgeOfLeasedItemsOnlyIsAChange) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    - Admin.Describe q -> summary={version=2}
    - Queue.Purge q -> removed=0
    - Admin.Describe q -> summary={version=3}
    - Queue.Purge q -> removed=0
    - Admin.Describe q -> summary={version=3}
  )");
}

TEST_F(QueueLeases, ShutDownQueueHasSomethingLeftWhileALeaseGoesOn) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s2 Queue.Lease q -> parked #two
    s3 Queue.Get q -> parked #three
    - Queue.Shutdown q -> removed=0
    end s1 -> #two deliveries=[{delivery=2 value=1}]
    s2 Queue.Ack q delivery=2 -> unfinished=0; #three QUEUE_SHUT_DOWN
    s2 Queue.Lease q -> QUEUE_SHUT_DOWN "none left"
  )");
}

TEST_F(QueueLeases, ImmediateShutdownDropsWhatWouldReturn) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s2 Queue.Join q -> parked #join
    - Queue.Shutdown q immediate=True -> removed=1
    s2 Queue.Lease q -> QUEUE_SHUT_DOWN
    end s1 -> #join joined=True
    - Queue.Len q -> length=0 unfinished=0
  )");
}

TEST_F(QueueLeases, DeliveriesTellWhoHasWhat) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    s1/t7 Queue.Lease q -> deliveries=[{delivery=1}]
    advance 5
    s2 Queue.Lease q visibility_ms=20 -> deliveries=[{delivery=2}]
    - Queue.Lease q visibility_ms=30 -> deliveries=[{delivery=3}]
    advance 3
    - Queue.Deliveries q limit=2 -> done=False deliveries=[
        {delivery=1 session=1 thread=7 attempt=1 held_ms=8 left_ms=absent},
        {delivery=2 session=2 held_ms=3 left_ms=17}]
    - Queue.Deliveries q after=2 -> done=True deliveries=[{delivery=3 session=0 left_ms=27}]
    - Queue.Deliveries missing -> done=True deliveries=[]
  )");
}

TEST_F(QueueLeases, AreRightsOfTheirSession) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q limit=2 -> deliveries=[{delivery=1}, {delivery=2}]
    - Admin.Describe q -> holders=[{session=1 token=1}, {session=1 token=2}]
    s1 Queue.Ack q delivery=1 -> ok
    - Admin.Describe q -> holders=[{session=1 token=2}]
    s1 Queue.Nack q delivery=2 -> ok
    - Admin.Describe q -> holders=[]
    end s1
    - Admin.Describe q -> summary={size=1 version=4}
  )");
}

TEST_F(QueueLeases, KeepWhatTheirItemsReferTo) {
  Run(R"(
    s1 List.Create -> name="~1"
    - Queue.Put q value=ref("~1", "list") -> length=1
    s1 Object.Release ~1 -> released=1
    s2 Queue.Lease q -> deliveries=[{delivery=1 value=ref("~1", "list")}]
    s2 Object.Release ~1 -> released=1
    - Object.Inspect ~1 -> references=1
    end s2
    s3 Queue.Lease q -> deliveries=[{delivery=2}]
    s3 Queue.Ack q delivery=2 -> ok
    - Object.Inspect ~1 -> handles=1 references=0
    s3 Object.Release ~1 -> released=1
    - Object.Inspect ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(QueueLeases, CycleThroughALeasedItemIsFreed) {
  Run(R"(
    s1 Queue.Create -> name="~1"
    s1 Queue.Put ~1 value=ref("~1", "queue") -> length=1
    - Queue.Lease ~1 visibility_ms=1000000 -> deliveries=[{delivery=1}]
    end s1
    - Admin.Objects anonymous=True -> objects=[{name="~1"}]
    advance 60001
    advance 1001
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

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

TEST_F(QueueDeadLetters, ItemGoesThereWhenItsLastDeliveryEnds) {
  Run(R"(
    - Queue.Create q deliveries_max=2 -> created=True
    - Queue.Len q -> deliveries_max=2 dead_letter="{q}.dead"
    - Queue.PutMany q values=["poison", "good"] -> length=2
    s1 Queue.Lease q -> deliveries=[{value="poison" attempt=1}]
    s1 Queue.Nack q delivery=1 -> dead=False
    s1 Queue.Lease q -> deliveries=[{delivery=2 value="poison" attempt=2}]
    - Queue.Join q -> parked #join
    s1 Queue.Nack q delivery=2 delay_ms=5 -> dead=True
    s1 Queue.Lease q -> deliveries=[{delivery=3 value="good" attempt=1}]
    s1 Queue.Ack q delivery=3 -> unfinished=0; #join joined=True
    - Queue.Len q -> length=0 delayed=0 dead_lettered=1
    - Queue.Len {q}.dead -> length=1 unfinished=1 deliveries_max=4294967295
    - Queue.Get {q}.dead -> value="poison"
  )");
}

TEST_F(QueueDeadLetters, SessionsEndAndVisibilitysEndCountAsDeliveries) {
  Run(R"(
    - Queue.Create q deliveries_max=1 -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.GetMany {q}.dead -> parked #dead
    s1 Queue.Lease q -> deliveries=[{value=1}]
    end s1 -> #dead values=[1]
    s2 Queue.Lease q visibility_ms=10 -> deliveries=[{value=2}]
    - Queue.Get {q}.dead -> parked #second
    advance 10 -> #second value=2
  )");
}

TEST_F(QueueDeadLetters, TwentyDeliveriesAreTheDefault) {
  Run("- Queue.Put q value=1 -> length=1");
  for (int i = 1; i <= 20; ++i) {
    const std::string number = std::to_string(i);
    const std::string dead = i == 20 ? "True" : "False";
    Run("s1 Queue.Lease q timeout_ms=0 -> deliveries=[{attempt=" + number + "}]");
    Run("s1 Queue.Nack q delivery=" + number + " -> dead=" + dead);
  }
  Run(R"(
    s1 Queue.Lease q timeout_ms=0 -> QUEUE_EMPTY
    s1 Queue.Lease {q}.dead -> deliveries=[{value=1 attempt=1}]
  )");
}

TEST_F(QueueDeadLetters, UnlimitedDeliveriesNeverEnd) {
  Run("- Queue.Create q deliveries_max=4294967295 -> created=True");
  Run("- Queue.Put q value=1 -> length=1");
  for (int i = 1; i <= 30; ++i) {
    Run("s1 Queue.Lease q -> ok");
    Run("s1 Queue.Nack q delivery=" + std::to_string(i) + " -> dead=False");
  }
}

TEST_F(QueueDeadLetters, HaveANameOfTheSameShard) {
  Run(R"(
    - Queue.Create "{jobs}/a" -> ok
    - Queue.Len "{jobs}/a" -> dead_letter="{jobs}/a.dead"
    - Queue.Create q dead_letter="other" -> INVALID_NAME "{tag}"
    - Queue.Create q dead_letter="q" -> INVALID_ARGUMENT "itself"
    - Queue.Create q dead_letter="{q}/graves" -> created=True
    - Queue.Len q -> dead_letter="{q}/graves"
    - Queue.Create "a}b" -> ok
    - Queue.Len "a}b" -> dead_letter=""
  )");
}

TEST_F(QueueDeadLetters, MayBeAnExistingQueueThatIsFull) {
  Run(R"(
    - Queue.Create "{q}/graves" maxsize=1 -> ok
    - Queue.Put "{q}/graves" value=0 -> length=1
    - Queue.Create q deliveries_max=1 dead_letter="{q}/graves" -> ok
    - Queue.Put q value=1 -> length=1
    s1 Queue.Lease q -> ok
    s1 Queue.Nack q delivery=1 -> dead=True
    - Queue.GetMany "{q}/graves" -> values=[0, 1]
  )");
}

TEST_F(QueueDeadLetters, CannotBeWhatTakesNotEveryItem) {
  Run(R"(
    - List.Create "{q}/list" -> ok
    - Queue.Create "{q}/priority" kind=PRIORITY -> ok
    - Queue.Create q dead_letter="{q}/list" -> WRONG_TYPE
    - Queue.Create q dead_letter="{q}/priority" -> INVALID_ARGUMENT "priority"
    - Queue.Create q dead_letter="~77" -> OBJECT_NOT_FOUND
    - Admin.Objects prefix="q" -> objects=[]
  )");
}

TEST_F(QueueDeadLetters, OfANameThatIsTakenAreKeptInAnAnonymousQueue) {
  Run(R"(
    - Queue.Create q deliveries_max=1 -> ok
    - Dict.Set {q}.dead key=1 value=1 -> ok
    - Queue.PutMany q values=[1, 2] -> length=2
    s1 Queue.Lease q limit=2 -> ok
    end s1
    - Queue.Len q -> dead_letter="~1" dead_lettered=2
    - Queue.GetMany ~1 -> values=[1, 2]
    - Admin.Delete q -> deleted=True
    - Queue.Len ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(QueueDeadLetters, OfAnAnonymousQueueLiveAsLongAsIt) {
  Run(R"(
    s1 Queue.Create deliveries_max=1 -> name="~1"
    s1 Queue.Len ~1 -> dead_letter=""
    s1 Queue.Put ~1 value=1 -> length=1
    s1 Queue.Lease ~1 -> deliveries=[{delivery=1}]
    s1 Queue.Nack ~1 delivery=1 -> dead=True
    s1 Queue.Len ~1 -> dead_letter="~2"
    s1 Queue.Len ~2 -> length=1
    end s1
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(QueueDeadLetters, ThatWereDeletedAreMadeAgain) {
  Run(R"(
    - Queue.Create q deliveries_max=1 -> ok
    - Queue.PutMany q values=[1, 2] -> ok
    s1 Queue.Lease q -> deliveries=[{delivery=1}]
    s1 Queue.Nack q delivery=1 -> dead=True
    - Admin.Delete {q}.dead -> deleted=True
    s1 Queue.Lease q -> deliveries=[{delivery=2}]
    s1 Queue.Nack q delivery=2 -> dead=True
    - Queue.GetMany {q}.dead -> values=[2]
  )");
}

TEST_F(QueueDedup, PutThatComesAgainPutsNothing) {
  Run(R"(
    - Queue.Put q value=1 dedup_key="a" -> length=1 duplicate=False
    - Queue.Put q value=1 dedup_key="a" -> length=1 duplicate=True
    - Queue.Put q value=1 dedup_key="b" -> length=2 duplicate=False
    - Queue.Put q value=1 -> length=3
    - Queue.Len q -> unfinished=3
    - Queue.GetMany q -> ok
    - Queue.PutMany q values=[1, 2] dedup_key="a" -> length=0 duplicate=True
    - Queue.PutMany q values=[1, 2] dedup_key="c" -> length=2 duplicate=False
    - Queue.Put q value=1 dedup_key="c" -> duplicate=True
    - Queue.Put p value=1 dedup_key="a" -> duplicate=False
  )");
}

TEST_F(QueueDedup, KeyIsForgottenAfterFiveMinutes) {
  Run(R"(
    - Queue.Put q value=1 dedup_key="a" -> duplicate=False
    advance 299999
    - Queue.Put q value=1 dedup_key="a" -> duplicate=True
    advance 1
    - Queue.Put q value=1 dedup_key="a" -> duplicate=False
    - Queue.Put q value=1 dedup_key="a" -> duplicate=True
  )");
}

TEST_F(QueueDedup, KeyIsForgottenAfterAHundredThousandOthers) {
  KeepEngine();
  Run("- Queue.Put q value=0 dedup_key=\"first\" -> duplicate=False");
  for (int i = 1; i < 100'000; ++i) {
    Run("- Queue.Put q value=0 dedup_key=\"" + std::to_string(i) + "\" -> ok");
  }
  Run(R"(
    - Queue.Put q value=0 dedup_key="first" -> duplicate=True
    - Queue.Put q value=0 dedup_key="last" -> duplicate=False
    - Queue.Put q value=0 dedup_key="first" -> duplicate=False
    - Queue.Put q value=0 dedup_key="2" -> duplicate=True
  )");
}

TEST_F(QueueDedup, PutThatFailsLeavesNoKey) {
  Run(R"(
    - Queue.Create q maxsize=1 -> ok
    - Queue.Put q value=1 -> length=1
    - Queue.Put q value=2 dedup_key="a" timeout_ms=0 -> QUEUE_FULL
    - Queue.Put q value=2 dedup_key="a" -> parked #first
    - Queue.Put q value=2 dedup_key="a" -> parked #again
    - Queue.Get q -> value=1; #first length=1 duplicate=False; #again length=1 duplicate=True
    - Queue.Put q value=2 dedup_key="a" timeout_ms=0 -> length=1 duplicate=True
  )");
}

TEST_F(QueueDedup, PutThatComesAgainAfterShutdownIsTold) {
  Run(R"(
    - Queue.Put q value=1 dedup_key="a" -> duplicate=False
    - Queue.Shutdown q immediate=True -> removed=1
    - Queue.Put q value=1 dedup_key="a" -> duplicate=True length=0
    - Queue.Put q value=1 dedup_key="b" -> QUEUE_SHUT_DOWN
  )");
}

TEST_F(QueueDedup, KeysOfOver128BytesAreRefused) {
  const std::string longest(128, 'k');
  Run("- Queue.Put q value=1 dedup_key=\"" + longest + "\" -> duplicate=False");
  Run("- Queue.Put q value=1 dedup_key=\"" + longest + "\" -> duplicate=True");
  Run("- Queue.Put q value=1 dedup_key=\"" + longest + "k\" -> INVALID_ARGUMENT \"129 bytes\"");
}

}  // namespace
}  // namespace coheld::engine::testing
