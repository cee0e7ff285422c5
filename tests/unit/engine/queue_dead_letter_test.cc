// Items that were delivered too often, as tables: when they go, and where to.
// (Numbers of deliveries grow from 1 in each test.)
#include <string>

#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class QueueDeadLetters : public OpTable {};

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

}  // namespace
}  // namespace coheld::engine::testing
