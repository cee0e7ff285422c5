// Dedup keys of puts, as tables: which put puts nothing, and for how long.
#include <string>

#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class QueueDedup : public OpTable {};

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
