// How long objects live by the clock, as tables: graces of anonymous objects, TTLs of named ones.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Graces : public OpTable {};
class Ttls : public OpTable {};

TEST_F(Graces, KeepAnObjectUntilTheyEnd) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Object.Lend ~1 grace_ms=50 -> grace_ms=50
    end s1
    advance 49
    - Object.Inspect ~1 -> handles=0 references=0 grace_ms=1
    advance 1
    - Object.Inspect ~1 -> OBJECT_NOT_FOUND
  )");
  EXPECT_EQ(engine().NextDeadline(), kNever);
}

TEST_F(Graces, AreAMinuteUnlessToldOtherwise) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    - Object.Lend ~1 -> grace_ms=60000
    - Object.Lend ~1 grace_ms=86400001 -> INVALID_ARGUMENT "a day"
    - Object.Lend ~9 -> OBJECT_NOT_FOUND
    - List.Append l value=1 -> ok
    - Object.Lend l -> grace_ms=0
  )");
}

TEST_F(Graces, TheLongestCounts) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Object.Lend ~1 grace_ms=100 -> grace_ms=100
    s1 Object.Lend ~1 grace_ms=10 -> grace_ms=100
    s1 Object.Lend ~1 grace_ms=200 -> grace_ms=200
    end s1
    advance 199
    - List.Len ~1 -> length=0
    advance 1
    - List.Len ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Graces, EndWithoutHarmWhileSomethingElseKeepsTheObject) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Object.Lend ~1 grace_ms=10 -> ok
    s2 Object.Hold ~1 -> handles=1
    end s1
    advance 10
    s2 Object.Inspect ~1 -> handles=1 grace_ms=0
  )");
}

TEST_F(Graces, OfAMinuteComeWithARefToACallerWithoutASession) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Queue.Put q value=ref("~1", "list") -> ok
    end s1
    - Queue.Get q -> value=ref("~1", "list")
    - Object.Inspect ~1 -> handles=0 references=0 grace_ms=60000
    advance 60000
    - Object.Inspect ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Ttls, AreNotForWhatIsOnlyWaitedOnYet) {
  Run(R"(
    - Queue.Get q timeout_ms=10 -> parked #a
    - Object.SetTtl q ttl_ms=5 -> OBJECT_NOT_FOUND
    - Object.Inspect q -> OBJECT_NOT_FOUND
    advance 10 -> #a QUEUE_EMPTY
  )");
}

TEST_F(Ttls, DeleteANamedObjectWhenTheyPass) {
  Run(R"(
    - Queue.Put q value=1 -> ok
    - Queue.Join q -> parked #a
    - Object.SetTtl q ttl_ms=30 -> ok
    - Object.Inspect q -> type="queue" anonymous=False ttl_ms=30
    advance 29
    - Queue.Len q -> length=1
    advance 1 -> #a OBJECT_DELETED
    - Queue.Len q -> length=0
  )");
  EXPECT_EQ(engine().NextDeadline(), kNever);
}

TEST_F(Ttls, AreSetAnewOrTakenAway) {
  Run(R"(
    - List.Append l value=1 -> ok
    - Object.SetTtl l ttl_ms=30 -> ok
    advance 20
    - Object.SetTtl l ttl_ms=30 -> ok
    advance 20
    - Object.SetTtl l -> ok
    advance 1000
    - List.Len l -> length=1
  )");
}

TEST_F(Ttls, GoWithTheObjectNotWithTheName) {
  Run(R"(
    - List.Append l value=1 -> ok
    - Object.SetTtl l ttl_ms=30 -> ok
    - Admin.Delete l -> ok
    - List.Append l value=2 -> ok
    advance 30
    - List.Get l index=0 -> value=2
  )");
}

TEST_F(Ttls, AreForNamedObjectsThatAreThere) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    - Object.SetTtl ~1 ttl_ms=1 -> INVALID_ARGUMENT "Lend"
    - Object.SetTtl missing ttl_ms=1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Ttls, PassInTheOrderOfTime) {
  Run(R"(
    - Queue.Get a timeout_ms=20 -> parked #a
    - Queue.Put b value=1 -> ok
    - Queue.Join b -> parked #b
    - Object.SetTtl b ttl_ms=10 -> ok
    - Queue.Put c value=1 -> ok
    - Queue.Join c -> parked #c
    - Object.SetTtl c ttl_ms=30 -> ok
    advance 100 -> #b OBJECT_DELETED; #a QUEUE_EMPTY; #c OBJECT_DELETED
  )");
}

TEST_F(Ttls, DoNotPassWhileTheDaemonStandsStill) {
  Run(R"(
    - Queue.Put q value=1 -> ok
    - Object.SetTtl q ttl_ms=30 -> ok
    - Queue.Get empty timeout_ms=40 -> parked #a
    advance 20
    stall 1000 -> #a QUEUE_EMPTY
    - Object.Inspect q -> ttl_ms=10
    advance 9
    - Queue.Len q -> length=1
    advance 1
    - Queue.Len q -> length=0
  )");
}

TEST_F(Ttls, FreeWhatOnlyTheObjectReferredTo) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Append l value=ref("~1", "list") -> ok
    - Object.SetTtl l ttl_ms=10 -> ok
    end s1
    advance 10
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
