// The counter's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class CounterOps : public OpTable {};

TEST_F(CounterOps, AddReturnsTheSum) {
  Run(R"(
    - Counter.Get c -> value=0
    - Counter.Add c -> value=1
    - Counter.Add c amount=5 -> value=6
    - Counter.Add c amount=-10 -> value=-4
    - Counter.Add c amount=0 -> value=-4
    - Counter.Get c -> value=-4 version=4
  )");
}

TEST_F(CounterOps, SumBeyondItsBitsIsRefused) {
  Run(R"(
    - Counter.Create c initial=9223372036854775807 -> created=True value=9223372036854775807
    - Counter.Add c -> OVERFLOW "9223372036854775807"
    - Counter.Add c amount=-9223372036854775808 -> value=-1
    - Counter.Add c amount=-9223372036854775808 -> OVERFLOW
    - Counter.Get c -> value=-1 version=2
  )");
}

TEST_F(CounterOps, SetReturnsTheNumberBefore) {
  Run(R"(
    - Counter.Set c value=7 -> previous=0
    - Counter.Set c value=8 -> previous=7
  )");
}

TEST_F(CounterOps, CompareExchangeChangesOnlyWhatIsExpected) {
  Run(R"(
    - Counter.CompareExchange c expected=0 desired=5 -> exchanged=True current=5
    - Counter.CompareExchange c expected=0 desired=6 -> exchanged=False current=5
    - Counter.Get c -> value=5 version=1
  )");
}

TEST_F(CounterOps, CreateLeavesAnExistingCounterAsItIs) {
  Run(R"(
    - Counter.Create c initial=3 -> name="c" created=True value=3
    - Counter.Create c initial=4 -> created=False value=3
    - Counter.Create c exclusive=True -> OBJECT_EXISTS
    - Admin.Objects -> objects=[{name="c" type="counter"}]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
