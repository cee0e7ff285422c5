// The queue's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class QueueOps : public OpTable {};

TEST_F(QueueOps, FifoKeepsTheOrderOfPuts) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    - Queue.PutMany q values=["two", [3]] -> length=3
    - Queue.Peek q -> value=1
    - Queue.Get q -> value=1
    - Queue.Get q -> value="two"
    - Queue.Get q -> value=[3]
    - Queue.Get q timeout_ms=0 -> QUEUE_EMPTY "\"q\" is empty"
    - Queue.Peek q -> value=absent
  )");
}

TEST_F(QueueOps, LifoReturnsTheLastPutFirst) {
  Run(R"(
    - Queue.Create q kind=LIFO -> name="q" created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.Put q value=3 -> length=3
    - Queue.Peek q -> value=3
    - Queue.GetMany q limit=2 -> values=[3, 2]
    - Queue.Get q -> value=1
    - Queue.Len q -> length=0 kind=LIFO
  )");
}

TEST_F(QueueOps, PriorityReturnsTheSmallestFirst) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.PutMany q values=[3, 1.5, 2, True] -> length=4
    - Queue.Peek q -> value=True
    - Queue.GetMany q -> values=[True, 1.5, 2, 3]
    - Queue.PutMany q values=[(2, "b"), (1, "z"), (2, "a")] -> length=3
    - Queue.GetMany q -> values=[(1, "z"), (2, "a"), (2, "b")]
  )");
}

TEST_F(QueueOps, EqualPrioritiesLeaveInOrderOfArrival) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.PutMany q values=[1.0, 1, 0, True] -> length=4
    - Queue.Put q value=1.0 -> length=5
    - Queue.GetMany q -> values=[0, 1.0, 1, True, 1.0]
  )");
}

TEST_F(QueueOps, AnItemWithoutAnOrderIsRefusedAndNothingChanges) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.PutMany q values=[5, 7] -> length=2
    - Queue.Put q value="text" -> NOT_ORDERABLE "text"
    - Queue.PutMany q values=[1, 6, b"bytes", 8] -> NOT_ORDERABLE "bytes"
    - Queue.Len q -> length=2 unfinished=2
    - Queue.GetMany q -> values=[5, 7]
  )");
}

TEST_F(QueueOps, AnItemWithoutAnOrderIsRefusedByAnEmptyPriorityQueue) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.Put q value=None -> NOT_ORDERABLE "null"
    - Queue.Put q value={"a": 1} -> NOT_ORDERABLE
    - Queue.Put q value=nan -> NOT_ORDERABLE
    - Queue.Len q -> length=0
  )");
}

TEST_F(QueueOps, TuplesThatTieOnTheirPriorityMustOrderByTheRest) {
  Run(R"(
    - Queue.Create q kind=PRIORITY -> created=True
    - Queue.PutMany q values=[(1, {"a": 1}), (3, {"b": 2}), (5, None)] -> length=3
    - Queue.Put q value=(3, {"c": 3}) -> NOT_ORDERABLE
    - Queue.Put q value=(2, "text") -> length=4
    - Queue.GetMany q limit=2 -> values=[(1, {"a": 1}), (2, "text")]
  )");
}

TEST_F(QueueOps, ParkedGettersAreServedFirstComeFirstServed) {
  Run(R"(
    s1 Queue.Get q -> parked #a
    s2 Queue.Get q -> parked #b
    s3 Queue.Put q value=1 -> length=1; #a value=1
    s3 Queue.Put q value=2 -> length=1; #b value=2
    s3 Queue.Len q -> length=0 unfinished=2
  )");
}

TEST_F(QueueOps, PutManyServesAsManyGettersAsItHasItems) {
  Run(R"(
    - Queue.Get q -> parked #a
    - Queue.GetMany q limit=2 -> parked #b
    - Queue.Get q -> parked #c
    - Queue.PutMany q values=[1, 2, 3] -> length=3; #a value=1; #b values=[2, 3]
    - Queue.Put q value=4 -> length=1; #c value=4
  )");
}

TEST_F(QueueOps, GetterThatTimesOutTakesNothing) {
  Run(R"(
    - Queue.Get q timeout_ms=50 -> parked #a
    - Queue.GetMany q timeout_ms=60 -> parked #b
    advance 49
    advance 1 -> #a QUEUE_EMPTY
    advance 10 -> #b QUEUE_EMPTY
    - Queue.Put q value=1 -> length=1
    - Queue.Get q -> value=1
  )");
}

TEST_F(QueueOps, CancelledGetterTakesNothing) {
  Run(R"(
    - Queue.Get q -> parked #a
    - Queue.Get q -> parked #b
    cancel #a -> #a CANCELLED
    - Queue.Put q value=1 -> length=1; #b value=1
    - Queue.Put q value=2 -> length=1
    cancel #b
  )");
}

TEST_F(QueueOps, GetterOfAnEndedSessionTakesNothing) {
  Run(R"(
    s1 Queue.Get q -> parked #a
    s2 Queue.Get q -> parked #b
    end s1 -> #a SESSION_EXPIRED
    - Queue.PutMany q values=[1, 2] -> length=2; #b value=1
    - Queue.Get q -> value=2
  )");
}

TEST_F(QueueOps, FullQueueParksPuttersFirstComeFirstServed) {
  Run(R"(
    - Queue.Create q maxsize=1 -> created=True
    - Queue.Put q value=1 -> length=1
    - Queue.Put q value=2 timeout_ms=0 -> QUEUE_FULL "1 of at most 1"
    - Queue.Put q value=3 -> parked #a
    - Queue.Put q value=4 -> parked #b
    - Queue.Get q -> value=1; #a length=1
    - Queue.Get q -> value=3; #b length=1
    - Queue.Get q -> value=4
  )");
}

TEST_F(QueueOps, PutterThatTimesOutAddsNothing) {
  Run(R"(
    - Queue.Create q maxsize=1 -> created=True
    - Queue.Put q value=1 -> length=1
    - Queue.Put q value=2 timeout_ms=10 -> parked #a
    advance 10 -> #a QUEUE_FULL
    - Queue.GetMany q -> values=[1]
    - Queue.Len q -> length=0 unfinished=1
  )");
}

TEST_F(QueueOps, PutManyIsAllOrNothing) {
  Run(R"(
    - Queue.Create q maxsize=3 -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.PutMany q values=[3, 4] timeout_ms=0 -> QUEUE_FULL
    - Queue.PutMany q values=[3, 4] -> parked #a
    - Queue.Len q -> length=2
    - Queue.Get q -> value=1; #a length=3
    - Queue.GetMany q -> values=[2, 3, 4]
  )");
}

TEST_F(QueueOps, PutManyThatNeverFitsFailsAtOnce) {
  Run(R"(
    - Queue.Create q maxsize=2 -> created=True
    - Queue.PutMany q values=[1, 2, 3] -> TOO_LARGE "3 items"
    - Queue.Len q -> length=0
  )");
}

TEST_F(QueueOps, PutManyOfNothingNeverWaits) {
  Run(R"(
    - Queue.Create q maxsize=1 -> created=True
    - Queue.Put q value=1 -> length=1
    - Queue.PutMany q values=[] -> length=1
  )");
}

TEST_F(QueueOps, SmallPutWaitsBehindTheLargeOneThatCameFirst) {
  Run(R"(
    - Queue.Create q maxsize=3 -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.PutMany q values=[3, 4, 5] -> parked #large
    - Queue.Put q value=6 -> parked #small
    - Queue.Put q value=7 timeout_ms=0 -> QUEUE_FULL
    - Queue.Get q -> value=1
    - Queue.Get q -> value=2; #large length=3
    - Queue.Get q -> value=3; #small length=3
  )");
}

TEST_F(QueueOps, LargePutThatGoesAwayLetsTheSmallOneIn) {
  Run(R"(
    - Queue.Create q maxsize=2 -> created=True
    - Queue.Put q value=1 -> length=1
    - Queue.PutMany q values=[2, 3] timeout_ms=10 -> parked #large
    - Queue.Put q value=4 -> parked #small
    advance 10 -> #large QUEUE_FULL; #small length=2
    - Queue.GetMany q limit=1 -> values=[1]
    - Queue.PutMany q values=[5, 6] -> parked #second
    - Queue.Put q value=7 -> parked #third
    cancel #second -> #second CANCELLED; #third length=2
    - Queue.GetMany q limit=1 -> values=[4]
    s1 Queue.PutMany q values=[8, 9] -> parked #fourth
    s2 Queue.Put q value=10 -> parked #fifth
    end s1 -> #fourth SESSION_EXPIRED; #fifth length=2
    - Queue.GetMany q -> values=[7, 10]
  )");
}

TEST_F(QueueOps, SmallPutThatTimesOutBehindALargeOneDoesNotOvertakeIt) {
  Run(R"(
    - Queue.Create q maxsize=2 -> created=True
    - Queue.Put q value=1 -> length=1
    - Queue.PutMany q values=[2, 3] -> parked #large
    - Queue.Put q value=4 timeout_ms=10 -> parked #small
    advance 10 -> #small QUEUE_FULL
    - Queue.Get q -> value=1; #large length=2
  )");
}

TEST_F(QueueOps, ParkedPutThatFailsAtItsTurnLetsTheNextIn) {
  Run(R"(
    - Queue.Create q kind=PRIORITY maxsize=2 -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.Put q value="text" -> parked #text
    - Queue.Put q value=3 -> parked #three
    - Queue.Get q -> value=1; #text NOT_ORDERABLE; #three length=2
    - Queue.GetMany q -> values=[2, 3]
  )");
}

TEST_F(QueueOps, GetManyTakesUpToItsLimit) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    - Queue.GetMany q limit=2 -> values=[1, 2]
    - Queue.GetMany q limit=2 -> values=[3]
    - Queue.GetMany q limit=2 timeout_ms=0 -> QUEUE_EMPTY
  )");
}

TEST_F(QueueOps, GetManyLeavesWhatWouldMakeItsReplyTooLarge) {
  const std::string large = "\"" + std::string(400'000, 'x') + "\"";
  Run("- Queue.PutMany q values=[" + large + ", " + large + ", " + large + ", 4] -> length=4");
  Run("- Queue.GetMany q -> values=[" + large + ", " + large + "]");
  Run("- Queue.GetMany q -> values=[" + large + ", 4]");
  const std::string huge = "\"" + std::string(2'000'000, 'x') + "\"";
  Run("- Queue.PutMany q values=[" + huge + ", 2] -> length=2");
  Run("- Queue.GetMany q -> values=[" + huge + "]");
  Run("- Queue.Len q -> length=1");
}

TEST_F(QueueOps, JoinWaitsForEveryItemToBeFinished) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    - Queue.Join q -> parked #a
    - Queue.Join q -> parked #b
    - Queue.GetMany q -> values=[1, 2, 3]
    - Queue.TaskDone q -> unfinished=2
    - Queue.Join q timeout_ms=0 -> joined=False
    - Queue.TaskDone q count=2 -> unfinished=0; #a joined=True; #b joined=True
    - Queue.Join q -> joined=True
  )");
}

TEST_F(QueueOps, JoinThatTimesOutSaysSo) {
  Run(R"(
    - Queue.Put q value=1 -> length=1
    - Queue.Join q timeout_ms=5 -> parked #a
    advance 5 -> #a joined=False
  )");
}

TEST_F(QueueOps, JoinOfAMissingQueueReturnsAndMakesNone) {
  Run(R"(
    - Queue.Join q -> joined=True
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(QueueOps, TaskDoneMoreOftenThanPutsChangesNothing) {
  Run(R"(
    - Queue.TaskDone q -> TASK_DONE_TOO_OFTEN
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.TaskDone q count=3 -> TASK_DONE_TOO_OFTEN "only 2"
    - Queue.TaskDone q count=2 -> unfinished=0
  )");
}

TEST_F(QueueOps, ShutdownRefusesPutsAndLetsGetsDrain) {
  Run(R"(
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.Shutdown q -> removed=0
    - Queue.Put q value=3 -> QUEUE_SHUT_DOWN "takes no more"
    - Queue.PutMany q values=[] -> QUEUE_SHUT_DOWN
    - Queue.Len q -> length=2 shut_down=True
    - Queue.Get q -> value=1
    - Queue.GetMany q -> values=[2]
    - Queue.Get q -> QUEUE_SHUT_DOWN "none left"
    - Queue.GetMany q timeout_ms=0 -> QUEUE_SHUT_DOWN
    - Queue.Join q -> parked #join
    - Queue.TaskDone q count=2 -> unfinished=0; #join joined=True
    - Queue.Shutdown q -> removed=0
    - Queue.Peek q -> value=absent
  )");
}

TEST_F(QueueOps, ShutdownEndsThoseWhoWait) {
  Run(R"(
    - Queue.Get q -> parked #a
    - Queue.GetMany q -> parked #b
    - Queue.Shutdown q -> removed=0; #a QUEUE_SHUT_DOWN; #b QUEUE_SHUT_DOWN
    - Queue.Create p maxsize=1 -> created=True
    - Queue.Put p value=1 -> length=1
    - Queue.Put p value=2 -> parked #c
    - Queue.Put p value=3 -> parked #d
    - Queue.Shutdown p -> removed=0; #c QUEUE_SHUT_DOWN; #d QUEUE_SHUT_DOWN
    - Queue.Get p -> value=1
  )");
}

TEST_F(QueueOps, ImmediateShutdownFinishesTheItemsLeft) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    - Queue.Get q -> value=1
    - Queue.Join q -> parked #join
    - Queue.Shutdown q -> removed=0
    - Queue.Shutdown q immediate=True -> removed=2
    - Queue.Get q -> QUEUE_SHUT_DOWN
    - Queue.Len q -> length=0 unfinished=1
    - Queue.TaskDone q -> unfinished=0; #join joined=True
    - Queue.PutMany p values=[1, 2] -> length=2
    - Queue.Join p -> parked #other
    - Queue.Shutdown p immediate=True -> removed=2; #other joined=True
  )");
}

TEST_F(QueueOps, PurgeFinishesItemsAndLetsPuttersIn) {
  Run(R"(
    - Queue.Create q maxsize=2 -> created=True
    - Queue.PutMany q values=[1, 2] -> length=2
    - Queue.Put q value=3 -> parked #put
    - Queue.Join q -> parked #join
    - Queue.Purge q -> removed=2; #join joined=True; #put length=1
    - Queue.Len q -> length=1 unfinished=1 maxsize=2
  )");
}

TEST_F(QueueOps, PurgeLeavesTakenItemsUnfinished) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    - Queue.Get q -> value=1
    - Queue.Join q -> parked #join
    - Queue.Purge q -> removed=2
    - Queue.TaskDone q -> unfinished=0; #join joined=True
    - Queue.Purge q -> removed=0
  )");
}

TEST_F(QueueOps, PurgeFinishesNoItemTwice) {
  Run(R"(
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    - Queue.TaskDone q count=2 -> unfinished=1
    - Queue.Join q -> parked #join
    - Queue.Purge q -> removed=3; #join joined=True
    - Queue.Len q -> unfinished=0
    - Queue.Put q value=4 -> length=1
    - Queue.Len q -> unfinished=1
  )");
}

TEST_F(QueueOps, CreateLeavesAnExistingQueueAsItIs) {
  Run(R"(
    - Queue.Create q maxsize=2 kind=LIFO -> created=True
    - Queue.Create q maxsize=9 kind=FIFO -> created=False name="q"
    - Queue.Len q -> maxsize=2 kind=LIFO
    - Queue.Create q exclusive=True -> OBJECT_EXISTS
  )");
}

TEST_F(QueueOps, CreateOfAnUnknownKindFailsAndMakesNone) {
  Run(R"(
    - Queue.Create q kind=7 -> INVALID_ARGUMENT "7"
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(QueueOps, NegativeMaxsizeIsUnbounded) {
  Run(R"(
    - Queue.Create q maxsize=-1 -> created=True
    - Queue.PutMany q values=[1, 2, 3] -> length=3
    - Queue.Len q -> maxsize=0 kind=FIFO
  )");
}

TEST_F(QueueOps, InvalidItemIsRefusedBeforeAnythingChanges) {
  Run(R"(
    - Queue.PutMany q values=[1, {[1]: 2}] -> NOT_HASHABLE
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(QueueOps, QueueMadeOnlyByAWaitTakesTheKindOfTheCreateThatFollows) {
  Run(R"(
    - Queue.Get q -> parked #a
    - Queue.Create q kind=PRIORITY maxsize=5 -> created=True
    - Queue.PutMany q values=[2, 1] -> length=2; #a value=1
    - Queue.Len q -> kind=PRIORITY maxsize=5
    - Queue.Create q exclusive=True -> OBJECT_EXISTS
  )");
}

TEST_F(QueueOps, LifoHandsParkedGettersTheLastItem) {
  Run(R"(
    - Queue.Create q kind=LIFO -> created=True
    - Queue.Get q -> parked #a
    - Queue.PutMany q values=[1, 2] -> length=2; #a value=2
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
