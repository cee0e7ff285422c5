// coheld::Task: items on lease, through the C++ SDK.
#include "coheld/task.h"

#include <signal.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

class CppTaskTest : public testing::CppTest {
 protected:
  Queue<std::string> jobs_{client_, "{jobs}" + Name("jobs")};
};
COHELD_ON_BOTH_SOCKETS(CppTaskTest);

TEST_P(CppTaskTest, AnAckedItemIsGone) {
  jobs_.put("a");
  Task<std::string> task = jobs_.lease();
  EXPECT_EQ(*task, "a");
  EXPECT_EQ(task->size(), 1u);
  EXPECT_EQ(task.attempt(), 1u);
  EXPECT_EQ(jobs_.sizes().leased, 1u);
  EXPECT_EQ(task.ack(), 0u);
  EXPECT_TRUE(jobs_.join(0s));
}

TEST_P(CppTaskTest, AnItemReturnsFirstInLineWhenTheWorkThrows) {
  jobs_.put_many({"a", "b"});
  EXPECT_THROW(
      {
        const auto task = jobs_.lease();
        throw std::runtime_error(*task);
      },
      std::runtime_error);
  const auto again = jobs_.lease();
  EXPECT_EQ(*again, "a");
  EXPECT_EQ(again.attempt(), 2u);
}

TEST_P(CppTaskTest, AnItemOfAKilledConsumerIsDeliveredAgain) {
  jobs_.put_many({"a", "b"});
  const std::string name = jobs_.name();
  testing::InKilledChild([&] {
    const auto client = Client::connect(Address(), {.session_ttl = 1s});
    Queue<std::string>(client, name).lease().detach();
  });
  while (jobs_.sizes().leased > 0) std::this_thread::yield();
  EXPECT_EQ(*jobs_.lease(), "a");
}

TEST_P(CppTaskTest, ALateAckIsRefused) {
  jobs_.put("a");
  Task<std::string> late = jobs_.lease({}, 1ms);
  Task<std::string> next = jobs_.lease();
  EXPECT_GT(next.number(), late.number());
  EXPECT_THROW(late.ack(), LeaseLost);
  EXPECT_THROW(late.extend(1s), LeaseLost);
  EXPECT_EQ(next.ack(), 0u);
}

TEST_P(CppTaskTest, AnExtendedLeaseGoesOn) {
  jobs_.put("a");
  Task<std::string> task = jobs_.lease({}, 1h);
  task.extend(0ms);
  EXPECT_FALSE(jobs_.deliveries().at(0).left);
  task.extend(2h);
  EXPECT_GT(jobs_.deliveries().at(0).left, 1h);
  task.ack();
}

TEST_P(CppTaskTest, ANackWithADelayKeepsTheItemFromOthersForATime) {
  jobs_.put("a");
  EXPECT_FALSE(jobs_.lease().nack(1h));
  EXPECT_EQ(jobs_.sizes().delayed, 1u);
  EXPECT_FALSE(jobs_.try_lease_for(0s));
}

TEST_P(CppTaskTest, TheLastDeliveryEndsInTheDeadLetterQueue) {
  jobs_.create({.deliveries_max = 2});
  jobs_.put("a");
  EXPECT_FALSE(jobs_.lease().nack());
  EXPECT_TRUE(jobs_.lease().nack());
  const QueueSizes sizes = jobs_.sizes();
  EXPECT_EQ(sizes.dead_lettered, 1u);
  EXPECT_EQ(Queue<std::string>(client_, sizes.dead_letter).get(), "a");
}

TEST_P(CppTaskTest, AnAckAndWritesAreOneOp) {
  const Dict<std::string, int> results(client_, "{jobs}" + Name("results"));
  const Queue<std::string> next(client_, "{jobs}" + Name("next"));
  jobs_.put("a");
  Task<std::string> task = jobs_.lease();
  Batch writes = client_.batch();
  const auto stored = writes.on(results).set(*task, 7);
  const auto length = writes.on(next).put("b");
  task.complete(writes);
  EXPECT_EQ(stored.get().length, 1u);
  EXPECT_EQ(length.get(), 1u);
  EXPECT_EQ(results.at("a"), 7);
  EXPECT_TRUE(jobs_.join(0s));
}

TEST_P(CppTaskTest, WhereOneWriteFailsNothingIsDone) {
  const Dict<std::string, int> results(client_, "{jobs}" + Name("results"));
  const Queue<std::string> full(client_, "{jobs}" + Name("full"));
  full.create({.maxsize = 1});
  full.put("x");
  jobs_.put("a");
  Task<std::string> task = jobs_.lease();
  Batch writes = client_.batch();
  writes.on(results).set(*task, 7);
  writes.on(full).put("b");
  EXPECT_THROW(task.complete(writes), QueueFull);
  EXPECT_EQ(results.size(), 0u);
  task.ack();  // Still leased.
}

TEST_P(CppTaskTest, ALateCompleteWritesNothing) {
  const Dict<std::string, int> results(client_, "{jobs}" + Name("results"));
  jobs_.put("a");
  Task<std::string> late = jobs_.lease({}, 1ms);
  const Task<std::string> next = jobs_.lease();
  Batch writes = client_.batch();
  writes.on(results).set(*late, 7);
  EXPECT_THROW(late.complete(writes), LeaseLost);
  EXPECT_EQ(results.size(), 0u);
}

TEST_P(CppTaskTest, ATaskCanBePassedOn) {
  jobs_.put("a");
  uint64_t number = 0;
  {
    Task<std::string> task = jobs_.lease({}, 1h);
    number = task.number();
    task.detach();
  }
  const auto other = Client::connect(Address());
  Leased taken_over(other, jobs_.ref(), {.number = number, .value = {}});
  EXPECT_EQ(taken_over.ack(), 0u);
}

TEST_P(CppTaskTest, ManyItemsAreLeasedAtOnce) {
  jobs_.put_many({"a", "b", "c"});
  std::vector<Task<std::string>> tasks = jobs_.lease_many(2);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(*tasks[1], "b");
  EXPECT_EQ(jobs_.deliveries().size(), 2u);
  for (auto& task : tasks) task.ack();
  EXPECT_EQ(jobs_.size(), 1u);
}

TEST_P(CppTaskTest, AnEmptyQueueEndsTheWaitForATask) {
  jobs_.create();
  EXPECT_THROW(jobs_.lease(1ms), QueueEmpty);
  EXPECT_FALSE(jobs_.try_lease_for(1ms));
  EXPECT_TRUE(jobs_.lease_many(3, 0s).empty());
}

TEST_P(CppTaskTest, AKeyPutsAnItemOnce) {
  EXPECT_FALSE(jobs_.put_with("a", {.dedup_key = "k"}).duplicate);
  const PutReply again = jobs_.put_with("a", {.dedup_key = "k"});
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.length, 1u);
}

TEST_P(CppTaskTest, ADelayedItemComesWhenItsTimeHasCome) {
  jobs_.put_with("later", {.delay = 20ms});
  EXPECT_FALSE(jobs_.try_get());
  EXPECT_EQ(jobs_.get(), "later");
}

}  // namespace
}  // namespace coheld
