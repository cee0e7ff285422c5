// Leases on queues as tables: delivery, ack, the return of an item to its place.
// (Numbers of deliveries grow from 1 in each test.)
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class QueueLeases : public OpTable {};

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

}  // namespace
}  // namespace coheld::engine::testing
