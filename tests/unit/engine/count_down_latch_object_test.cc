// The count-down latch's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class CountDownLatchOps : public OpTable {};

TEST_F(CountDownLatchOps, OpensForAllAtZero) {
  Run(R"(
    - CountDownLatch.Create c count=3 -> created=True
    s1 CountDownLatch.Wait c -> parked #a
    - CountDownLatch.Wait c -> parked #b
    - CountDownLatch.CountDown c -> remaining=2
    - CountDownLatch.CountDown c count=2 -> remaining=0; #a open=True; #b open=True
    - CountDownLatch.Wait c -> open=True
  )");
}

TEST_F(CountDownLatchOps, StaysOpen) {
  Run(R"(
    - CountDownLatch.Create c count=1 -> created=True
    - CountDownLatch.CountDown c count=18446744073709551615 -> remaining=0
    - CountDownLatch.CountDown c -> remaining=0
    - CountDownLatch.Create c count=5 -> created=False
    - CountDownLatch.Inspect c -> remaining=0 count=1 waiters=0
  )");
}

TEST_F(CountDownLatchOps, OfZeroIsOpenFromTheStart) {
  Run(R"(
    - CountDownLatch.Create c -> created=True
    - CountDownLatch.Wait c -> open=True
  )");
}

TEST_F(CountDownLatchOps, WaitAnswersFalseWhenItsTimeIsUp) {
  Run(R"(
    - CountDownLatch.Create c count=1 -> created=True
    - CountDownLatch.Wait c timeout_ms=0 -> open=False
    s1 CountDownLatch.Wait c timeout_ms=10 -> parked #a
    s2 CountDownLatch.Wait c -> parked #b
    advance 10 -> #a open=False
    - CountDownLatch.Inspect c -> remaining=1 count=1 waiters=1
    end s2 -> #b SESSION_EXPIRED
  )");
}

TEST_F(CountDownLatchOps, OnlyCreateMakesOne) {
  Run(R"(
    - CountDownLatch.Wait c -> OBJECT_NOT_FOUND "create it first"
    - CountDownLatch.CountDown c -> OBJECT_NOT_FOUND
    - CountDownLatch.Inspect c -> OBJECT_NOT_FOUND
    - CountDownLatch.Wait -> INVALID_NAME
    - CountDownLatch.Wait ~5 -> OBJECT_NOT_FOUND
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(CountDownLatchOps, CreateRefusesWhatItCannotHold) {
  Run(R"(
    - CountDownLatch.Create c count=9223372036854775808 -> INVALID_ARGUMENT "at most"
    - CountDownLatch.Create c count=9223372036854775807 -> created=True
    - CountDownLatch.Create c exclusive=True -> OBJECT_EXISTS
    - Admin.Describe c -> summary={type="latch" size=9223372036854775807}
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
