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

TEST_F(QueueOps, ParkedGettersAreServedFirstComeFirstServed) {
  Run(R"(
    s1 Queue.Get q -> parked #a
    s2 Queue.Get q -> parked #b
    s3 Queue.Put q value=1 -> length=1; #a value=1
    s3 Queue.Put q value=2 -> length=1; #b value=2
    s3 Queue.Len q -> length=0 unfinished=2
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
