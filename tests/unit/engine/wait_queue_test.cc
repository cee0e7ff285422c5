// The wait queue: ops in one or several of them. (That ops wait and wake: engine_test.cc.)
#include "server/engine/wait_queue.h"

#include <vector>

#include <gtest/gtest.h>

namespace coheld::engine::testing {
namespace {

std::vector<const ParkedOp*> OpsOf(const WaitQueue& queue) {
  return {queue.ops().begin(), queue.ops().end()};
}

ParkedOp OpOf(uint64_t call) { return {.stamp = {.call = CallId{call}}}; }

std::vector<const WaitQueue*> PlacesOf(const ParkedOp& op) {
  std::vector<const WaitQueue*> queues;
  ForEachPlace(op, [&](const ParkedOp::Place& place) { queues.push_back(place.queue); });
  return queues;
}

TEST(WaitQueue, KeepsOpsInTheOrderInWhichTheyCame) {
  WaitQueue queue;
  ParkedOp first = OpOf(1);
  ParkedOp second = OpOf(2);
  ParkedOp third = OpOf(3);
  for (ParkedOp* op : {&first, &second, &third}) queue.Add(op, nullptr);
  EXPECT_EQ(OpsOf(queue), (std::vector<const ParkedOp*>{&first, &second, &third}));
  WaitQueue::Leave(&second);
  EXPECT_EQ(OpsOf(queue), (std::vector<const ParkedOp*>{&first, &third}));
}

TEST(WaitQueue, OpKnowsEveryQueueInWhichItStands) {
  WaitQueue a;
  WaitQueue b;
  WaitQueue c;
  ParkedOp op = OpOf(1);
  EXPECT_TRUE(PlacesOf(op).empty());
  for (WaitQueue* queue : {&b, &a, &c}) queue->Add(&op, nullptr);
  EXPECT_EQ(PlacesOf(op), (std::vector<const WaitQueue*>{&b, &a, &c}));
}

TEST(WaitQueue, OpLeavesAllQueuesAtOnce) {
  WaitQueue a;
  WaitQueue b;
  ParkedOp before = OpOf(1);
  ParkedOp both = OpOf(2);
  ParkedOp after = OpOf(3);
  a.Add(&before, nullptr);
  a.Add(&both, nullptr);
  b.Add(&both, nullptr);
  b.Add(&after, nullptr);
  WaitQueue::Leave(&both);
  EXPECT_EQ(OpsOf(a), (std::vector<const ParkedOp*>{&before}));
  EXPECT_EQ(OpsOf(b), (std::vector<const ParkedOp*>{&after}));
  EXPECT_TRUE(PlacesOf(both).empty());
}

TEST(WaitQueue, OpThatLeftMayComeAgain) {
  WaitQueue a;
  WaitQueue b;
  ParkedOp op = OpOf(1);
  a.Add(&op, nullptr);
  b.Add(&op, nullptr);
  WaitQueue::Leave(&op);
  WaitQueue::Leave(&op);
  b.Add(&op, nullptr);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(PlacesOf(op), (std::vector<const WaitQueue*>{&b}));
}

}  // namespace
}  // namespace coheld::engine::testing
