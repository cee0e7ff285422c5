// The admin ops on the store as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class AdminObjects : public OpTable {
 protected:
  void SetUp() override {
    Run(R"(
      - List.Extend b values=[1, 2] -> ok
      - Queue.Put a/2 value=1 -> ok
      - Dict.Set a/1 key=1 value=1 -> ok
      s1 Lock.Acquire c -> ok
      - SharedValue.Set a value=5 -> ok
      s1 Queue.Create "" -> name="~1"
    )");
  }
};
class AdminDescribe : public OpTable {};

TEST_F(AdminObjects, AreListedByName) {
  Run(R"(
    - Admin.Objects -> done=True objects=[
        {name="a" type="value" size=1}, {name="a/1" type="dict" size=1},
        {name="a/2" type="queue" size=1 version=1}, {name="b" type="list" size=2},
        {name="c" type="lock" size=1}]
  )");
}

TEST_F(AdminObjects, AreListedByPrefix) {
  Run(R"(
    - Admin.Objects prefix="a/" -> done=True objects=[{name="a/1"}, {name="a/2"}]
    - Admin.Objects prefix="x" -> done=True objects=[]
  )");
}

TEST_F(AdminObjects, AreListedByType) {
  Run(R"(
    - Admin.Objects type="queue" -> done=True objects=[{name="a/2"}]
    - Admin.Objects type="queue" anonymous=True -> objects=[{name="a/2"}, {name="~1"}]
    - Admin.Objects type="tree" -> done=True objects=[]
  )");
}

TEST_F(AdminObjects, ArePagedByTheLastName) {
  Run(R"(
    - Admin.Objects limit=2 -> done=False objects=[{name="a"}, {name="a/1"}]
    - Admin.Objects limit=2 after="a/1" -> done=False objects=[{name="a/2"}, {name="b"}]
    - Admin.Objects limit=2 after="b" -> done=True objects=[{name="c"}]
    - Admin.Objects limit=1 after="b" type="lock" -> done=True objects=[{name="c"}]
  )");
}

TEST_F(AdminObjects, PageGoesOnWhenItsLastNameWasDeleted) {
  Run(R"(
    - Admin.Objects prefix="a" limit=2 -> done=False objects=[{name="a"}, {name="a/1"}]
    - Admin.Delete a/1 -> deleted=True
    - Admin.Objects prefix="a" limit=2 after="a/1" -> done=True objects=[{name="a/2"}]
  )");
}

TEST_F(AdminObjects, PageAfterANameBeforeThePrefixBeginsWithThePrefix) {
  Run(R"(
    - Admin.Objects prefix="b" after="a" -> done=True objects=[{name="b"}]
    - Admin.Objects prefix="a/" after="b" -> done=True objects=[]
  )");
}

TEST_F(AdminDescribe, MissingObjectIsNotFound) {
  Run(R"(
    - Admin.Describe q -> OBJECT_NOT_FOUND "\"q\""
  )");
}

TEST_F(AdminDescribe, WaitersOfAllQueuesAreInOrderOfArrival) {
  Run(R"(
    - Queue.Create q maxsize=1 -> ok
    - Queue.Put q value=1 -> ok
    - Queue.Join q -> parked #join
    advance 5
    s2/t3 Queue.Put q value=2 -> parked #put
    advance 10
    s1 Queue.Join q -> parked #join2
    - Admin.Describe q -> summary={type="queue" size=1 waiters=3} holders=[] waiters=[
        {session=0 method="Queue.Join" parked_ms=15 label=absent},
        {session=2 thread=3 method="Queue.Put" parked_ms=10 label={program="s2"}},
        {session=1 method="Queue.Join" parked_ms=0}]
  )");
}

TEST_F(AdminDescribe, TellsTheFirstThousandWaiters) {
  for (int i = 0; i < 1001; ++i) Run("- Queue.Get q -> parked #w" + std::to_string(i));
  Run("- Admin.Describe q -> summary={waiters=1001}");
  Run("- Queue.Put q value=1 -> ok; #w0 value=1");
}

}  // namespace
}  // namespace coheld::engine::testing
