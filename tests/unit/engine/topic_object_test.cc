// The topic's ops as tables. A subscription's id is the daemon's next fencing token: the first
// is 1.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class TopicOps : public OpTable {};

TEST_F(TopicOps, EverySubscriptionGetsWhatIsPublished) {
  Run(R"(
    s1 Topic.Subscribe t -> subscription=1
    s2 Topic.Subscribe t -> subscription=2
    - Topic.Publish t values=["a", [1]] -> receivers=2
    - Topic.Publish t values=["b"] -> receivers=2
    s1 Topic.Receive t subscription=1 -> values=["a", [1], "b"] lost=0
    s2 Topic.Receive t subscription=2 limit=1 -> values=["a"]
    s2 Topic.Receive t subscription=2 -> values=[[1], "b"]
    s2 Topic.Receive t subscription=2 timeout_ms=0 -> values=[]
  )");
}

TEST_F(TopicOps, SubscriptionGetsNothingFromBefore) {
  Run(R"(
    - Topic.Publish t values=["old"] -> receivers=0
    s1 Topic.Subscribe t -> subscription=1
    - Topic.Publish t values=["new"] -> receivers=1
    s1 Topic.Receive t subscription=1 -> values=["new"]
  )");
}

TEST_F(TopicOps, ReceiversWaitFirstComeFirstServed) {
  Run(R"(
    s1 Topic.Subscribe t -> subscription=1
    s2 Topic.Subscribe t -> subscription=2
    s1/t1 Topic.Receive t subscription=1 limit=1 -> parked #a
    s1/t2 Topic.Receive t subscription=1 timeout_ms=30 -> parked #b
    s2 Topic.Receive t subscription=2 -> parked #c
    - Topic.Publish t values=[1] -> receivers=2; #a values=[1]; #c values=[1]
    - Topic.Publish t values=[2, 3] -> receivers=2; #b values=[2, 3]
    s2 Topic.Receive t subscription=2 -> values=[2, 3]
    s2 Topic.Receive t subscription=2 timeout_ms=10 -> parked #d
    advance 10 -> #d values=[] lost=0
  )");
}

TEST_F(TopicOps, FullBufferDropsTheOldestAndSaysHowMany) {
  Run(R"(
    s1 Topic.Subscribe t buffer_max=2 -> subscription=1
    - Topic.Publish t values=[1, 2, 3] -> receivers=1
    - Topic.Publish t values=[4] -> receivers=1
    - Topic.Inspect t -> published=4 subscriptions=[{subscription=1 session=1 buffered=2
      buffer_max=2 policy=DROP_OLDEST lost=2 waiters=0}]
    s1 Topic.Receive t subscription=1 -> values=[3, 4] lost=2
    - Topic.Publish t values=[5] -> receivers=1
    s1 Topic.Receive t subscription=1 -> values=[5] lost=0
  )");
}

TEST_F(TopicOps, SubscriptionThatRefusesHoldsThePublisherBack) {
  Run(R"(
    s1 Topic.Subscribe t buffer_max=2 policy=REFUSE -> subscription=1
    s2 Topic.Subscribe t -> subscription=2
    - Topic.Publish t values=[1] -> receivers=2
    - Topic.Publish t values=[2, 3] -> TOPIC_FULL "subscription 1"
    s2 Topic.Receive t subscription=2 -> values=[1]
    - Topic.Publish t values=[2] -> receivers=2
    - Topic.Publish t values=[] -> receivers=2
    s1 Topic.Receive t subscription=1 -> values=[1, 2] lost=0
    - Topic.Publish t values=[3, 4] -> receivers=2
    s1 Topic.Unsubscribe t subscription=1 -> removed=True
    - Topic.Publish t values=[5, 6, 7] -> receivers=1
  )");
}

TEST_F(TopicOps, SubscriptionEndsWithItsSession) {
  Run(R"(
    s1 Topic.Subscribe t -> subscription=1
    s1 Topic.Subscribe t -> subscription=2
    s2 Topic.Subscribe t -> subscription=3
    s1 Topic.Receive t subscription=1 -> parked #a
    end s1 -> #a SESSION_EXPIRED
    - Topic.Publish t values=[1] -> receivers=1
    - Topic.Inspect t -> subscriptions=[{subscription=3}]
  )");
}

TEST_F(TopicOps, UnsubscribeEndsThoseWhoWait) {
  Run(R"(
    s1 Topic.Subscribe t -> subscription=1
    s1/t1 Topic.Receive t subscription=1 -> parked #a
    s1/t2 Topic.Receive t subscription=1 -> parked #b
    s1 Topic.Unsubscribe t subscription=1 -> removed=True; #a SUBSCRIPTION_NOT_FOUND;
      #b SUBSCRIPTION_NOT_FOUND
    s1 Topic.Unsubscribe t subscription=1 -> removed=False
    s1 Topic.Receive t subscription=1 -> SUBSCRIPTION_NOT_FOUND "subscription 1"
    s1 Topic.Subscribe t -> subscription=2
    s1 Topic.Receive t subscription=2 -> parked #c
    - Topic.Publish t values=[1] -> receivers=1; #c values=[1]
  )");
  EXPECT_EQ(engine().sessions().Find(SessionId{1})->held.size(), 1u);
}

TEST_F(TopicOps, SubscriptionBelongsToItsSession) {
  Run(R"(
    - Topic.Subscribe t -> SESSION_REQUIRED
    s1 Topic.Subscribe t -> subscription=1
    s2 Topic.Receive t subscription=1 -> SUBSCRIPTION_NOT_FOUND
    s2 Topic.Unsubscribe t subscription=1 -> removed=False
    s1 Topic.Receive u subscription=1 -> SUBSCRIPTION_NOT_FOUND "\"u\""
    s1 Topic.Subscribe t policy=9 -> INVALID_ARGUMENT
    s1 Topic.Subscribe t buffer_max=1048577 -> INVALID_ARGUMENT
    - Topic.Publish t values=[{[1]: 2}] -> NOT_HASHABLE
  )");
}

TEST_F(TopicOps, BufferIsBoundedInBytesButHasRoomForOne) {
  const std::string large = "\"" + std::string(40'000'000, 'x') + "\"";
  Run("s1 Topic.Subscribe t -> subscription=1");
  Run("s2 Topic.Subscribe t policy=REFUSE -> subscription=2");
  Run("- Topic.Publish t values=[" + large + "] -> receivers=2");
  Run("- Topic.Publish t values=[" + large + "] -> TOPIC_FULL");
  Run("s2 Topic.Unsubscribe t subscription=2 -> removed=True");
  Run("- Topic.Publish t values=[" + large + "] -> receivers=1");
  Run("- Topic.Inspect t -> subscriptions=[{buffered=1 lost=1}]");
}

TEST_F(TopicOps, DeletedTopicEndsThoseWhoWait) {
  Run(R"(
    s1 Topic.Subscribe t -> subscription=1
    s1 Topic.Receive t subscription=1 -> parked #a
    - Admin.Delete t -> deleted=True; #a OBJECT_DELETED
    s1 Topic.Receive t subscription=1 -> SUBSCRIPTION_NOT_FOUND
    - Topic.Create t -> created=True
    - Topic.Create t -> created=False
    - Topic.Create t exclusive=True -> OBJECT_EXISTS
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{1})->held.empty());
}

}  // namespace
}  // namespace coheld::engine::testing
