// How long objects live, as tables: handles, references, cycles.
#include "server/engine/lifetime.h"

#include <string>

#include "server/engine/limits.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Handles : public OpTable {};
class References : public OpTable {};
class Cycles : public OpTable {};

// --- Handles ---

TEST_F(Handles, MakerHasOneAndItsReleaseFreesTheObject) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Object.Inspect ~1 -> type="list" anonymous=True handles=1 own_handles=1 references=0
      grace_ms=0
    s1 Object.Release ~1 -> released=1
    s1 Object.Inspect ~1 -> OBJECT_NOT_FOUND "nothing refers to it"
    s1 List.Len ~1 -> OBJECT_NOT_FOUND
  )");
  EXPECT_EQ(engine().lifetime().anonymous(), 0u);
}

TEST_F(Handles, EachHoldGivesOneMore) {
  Run(R"(
    s1 Queue.Create "" -> name="~1"
    s1 Object.Hold ~1 -> type="queue" handles=2
    s2 Object.Hold ~1 -> type="queue" handles=1
    s2 Object.Inspect ~1 -> handles=3 own_handles=1
    - Object.Inspect ~1 -> handles=3 own_handles=0
    s1 Object.Release ~1 count=2 -> released=2
    s2 Queue.Put ~1 value=1 -> ok
    s2 Object.Release ~1 -> released=1
    s2 Queue.Put ~1 value=1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Handles, EndOfASessionGivesItsOwnBack) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Create "" -> name="~2"
    s1 Object.Hold ~1 -> handles=2
    s2 Object.Hold ~1 -> handles=1
    end s1
    - Admin.Objects anonymous=True -> objects=[{name="~1"}]
    end s2
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(Handles, ComeWithEachRefThatAReplyCarries) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    - Dict.Set d key="a" value=ref("~1", "list") -> ok
    - Dict.Set d key="b" value=[ref("~1", "list"), {"c": (ref("~1", "list"),)}] -> ok
    s2 Dict.Get d key="a" -> value=ref("~1", "list")
    s2 Object.Inspect ~1 -> own_handles=1 references=3
    s2 Dict.Values d -> ok
    s2 Object.Inspect ~1 -> handles=5 own_handles=4
  )");
}

TEST_F(References, OfOpaqueValuesKeepWhatTheyNameAndComeWithHandles) {
  Run(R"(
    s1 List.Create "" items=[7] -> name="~1"
    s1 List.Create l items=[opaque("pickle", "x", ref("~1", "list"), ref("~1", "list"))] -> ok
    s1 Object.Inspect ~1 -> handles=1 references=2
    s1 Object.Release ~1 -> released=1
    s2 List.Get l index=0 -> value=opaque("pickle", b"x", ref("~1", "list"), ref("~1", "list"))
    s2 Object.Inspect ~1 -> own_handles=2 references=2
    s2 List.Index l value=opaque("pickle", "x") -> index=0
    s2 List.Append l value=opaque("pickle", "x", ref("~9", "list")) -> OBJECT_NOT_FOUND
    s2 List.Append l value=opaque("pickle", "y", ref("named", "list")) -> length=2
    s2 List.Get l index=1 -> value=opaque("pickle", b"y")
    s2 List.Clear l -> ok
    s2 Object.Release ~1 count=2 -> released=2
    s2 List.Len ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Cycles, GoThroughOpaqueValuesToo) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Append ~1 value=(1, opaque("pickle", "x", ref("~1", "list"))) -> ok
    s1 Object.Release ~1 -> released=1
    end s1
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(Handles, ComeAtOnceWithAnItemTakenFromAQueue) {
  Run(R"(
    s2 Queue.Get q -> parked #a
    s1 List.Create "" items=[7] -> name="~1"
    s1 Queue.Put q value=ref("~1", "list") -> ok; #a value=ref("~1", "list")
    s1 Object.Release ~1 -> released=1
    s2 List.Get ~1 index=0 -> value=7
    s2 Object.Inspect ~1 -> handles=1 own_handles=1 references=0
    s2 Object.Release ~1 -> released=1
    s2 List.Len ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Handles, DoNotComeWithAFailedOrParkedOp) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Queue.Create q maxsize=1 -> ok
    s1 Queue.Put q value=ref("~1", "list") -> ok
    s1 Queue.Put q value=ref("~1", "list") timeout_ms=10 -> parked #a
    s1 Queue.Put q value=ref("~1", "list") timeout_ms=0 -> QUEUE_FULL
    s1 List.Append ~1 value=ref("~1", "list") if_version=99 -> VERSION_MISMATCH
    s1 Object.Inspect ~1 -> handles=1 references=1
    advance 10 -> #a QUEUE_FULL
    s1 Object.Inspect ~1 -> handles=1 references=1
  )");
}

TEST_F(Handles, ReleaseGivesBackWhatThereIs) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Create "" -> name="~2"
    s2 Object.Release ~1 -> released=0
    s1 Object.Release ~1 count=9 others=[{name="~2"}, {name="~2"}, {name="~8"}, {name="x"}]
      -> released=2
    s1 Object.Release ~1 -> released=0
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(Handles, AreNeitherNeededNorCountedForNamedObjects) {
  Run(R"(
    s1 List.Append l value=1 -> ok
    s1 Object.Hold l -> type="list" handles=0
    s1 Object.Release l -> released=0
    s1 Object.Hold missing -> OBJECT_NOT_FOUND
    - List.Len l -> length=1
  )");
}

TEST_F(Handles, NeedASession) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    - Object.Hold ~1 -> SESSION_REQUIRED
    - Object.Release ~1 -> SESSION_REQUIRED
  )");
}

TEST_F(Handles, OnWhatWasDeletedAreGivenBackLikeOthers) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    - Admin.Delete ~1 -> deleted=True
    s1 Object.Release ~1 -> released=1
    s1 Object.Release ~1 -> released=0
    s1 List.Create "" -> name="~2"
    - Admin.Delete ~2 -> deleted=True
    end s1
  )");
}

TEST_F(Handles, CopyGivesOneOnTheNewObject) {
  Run(R"(
    s1 List.Create "" items=[1] -> name="~1"
    s1 List.Copy ~1 -> name="~2"
    s1 Object.Release ~1 -> released=1
    s1 List.Len ~2 -> length=1
    s1 Object.Inspect ~2 -> handles=1 references=0
  )");
}

TEST_F(Handles, ObjectFreedUnderAWaitingOpFailsIt) {
  Run(R"(
    s1 Queue.Create "" -> name="~1"
    s1/t2 Queue.Get ~1 -> parked #a
    s1 Object.Release ~1 -> released=1; #a OBJECT_DELETED
  )");
}

// --- References ---

TEST_F(References, KeepAnObjectWithoutAnyHandle) {
  Run(R"(
    s1 List.Create "" items=[5] -> name="~1"
    s1 List.Append l value=ref("~1", "list") -> ok
    end s1
    - Object.Inspect ~1 -> handles=0 references=1
    - List.Get ~1 index=0 -> value=5
    - List.Clear l -> ok
    - List.Get ~1 index=0 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(References, AreCountedInEveryContainer) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Append l value=ref("~1", "list") -> ok
    s1 List.SetSlice l slice={} values=[ref("~1", "list"), {1: ref("~1", "list")}] -> ok
    s1 Dict.Set d key=ref("~1", "list") value=(ref("~1", "list"), 1) -> ok
    s1 SharedValue.Set v value=ref("~1", "list") -> ok
    s1 Queue.PutMany q values=[ref("~1", "list"), {ref("~1", "list")}] -> ok
    - Object.Inspect ~1 -> references=7
    - List.Repeat l count=2 -> ok
    - Object.Inspect ~1 -> references=9
    - List.Copy l target="m" -> ok
    - Object.Inspect ~1 -> references=13
    - Admin.Delete m -> ok
    - Admin.Delete l -> ok
    - SharedValue.Set v value=None -> ok
    - Queue.Purge q -> ok
    - Dict.Clear d -> ok
    - Object.Inspect ~1 -> references=0 handles=1
  )");
}

TEST_F(References, ChainOfAnyLengthIsFreedAtOnce) {
  Run("s1 List.Create \"\" -> name=\"~1\"");
  constexpr int kLength = 100'000;
  for (int i = 2; i <= kLength; ++i) {
    const std::string name = "~" + std::to_string(i);
    const std::string before = "~" + std::to_string(i - 1);
    Run("s1 List.Create \"\" items=[ref(\"" + before + "\", \"list\")] -> ok");
    Run("s1 Object.Release " + before + " -> released=1");
  }
  EXPECT_EQ(engine().lifetime().anonymous(), size_t{kLength});
  Run("s1 Object.Release ~" + std::to_string(kLength) + " -> released=1");
  EXPECT_EQ(engine().lifetime().anonymous(), 0u);
}

TEST_F(References, ToWhatIsNotThereCannotBeStored) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Object.Release ~1 -> released=1
    s1 List.Append l value=ref("~1", "list") -> OBJECT_NOT_FOUND "~1"
    s1 Dict.Set d key=ref("~1", "list") value=1 -> OBJECT_NOT_FOUND
    s1 List.Append l value=[1, (2, ref("~77", "list"))] -> OBJECT_NOT_FOUND "~77"
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(References, ToNamedObjectsMayBeStoredAndKeepNothing) {
  Run(R"(
    - List.Append l value=ref("missing", "list") -> ok
    - List.Append l value=ref("l", "list") -> ok
    - List.Get l index=0 -> value=ref("missing", "list")
    - List.Get l index=1 -> value=ref("l", "list")
  )");
}

TEST_F(References, HaveTheTypeThatTheObjectHas) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 SharedValue.Set v value=ref("~1", "") -> ok
    s1 SharedValue.Get v -> value=ref("~1", "list")
    s1 SharedValue.CompareExchange v expected=ref("~1", "queue") desired=1 -> exchanged=True
  )");
}

TEST_F(References, ToADeletedObjectStayReadable) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Append l value=ref("~1", "list") -> ok
    - Admin.Delete ~1 -> deleted=True
    s2 List.Get l index=0 -> value=ref("~1", "list")
    s2 Object.Release ~1 -> released=0
    - List.Copy l target="m" -> ok
    - List.Clear l -> ok
    - List.Clear m -> ok
  )");
}

TEST_F(References, ToADeletedObjectGoWithTheLastValue) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Append l value=ref("~1", "list") -> ok
    - Admin.Delete ~1 -> deleted=True
    s1 Object.Release ~1 -> released=1
    s2 List.Pop l -> value=ref("~1", "list")
    s2 Object.Release ~1 -> released=0
    end s2
    end s1
  )");
}

TEST_F(References, OfAParkedOpDoNotCount) {
  Run(R"(
    s1 Queue.Create q maxsize=1 -> ok
    s1 Queue.Put q value=1 -> ok
    s1 List.Create "" -> name="~1"
    s1/t2 Queue.Put q value=ref("~1", "list") -> parked #a
    s1 Object.Release ~1 -> released=1
    - Queue.Get q -> value=1; #a OBJECT_NOT_FOUND
    - Queue.Len q -> length=0
  )");
}

// --- Cycles ---

TEST_F(Cycles, ObjectThatRefersToItselfGoesALittleAfterItsLastHandle) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Append ~1 value=ref("~1", "list") -> ok
    s1 Object.Release ~1 -> released=1
    - Object.Inspect ~1 -> handles=0 references=1
    advance 1000
    - Object.Inspect ~1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Cycles, GoAtTheEndOfASession) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 Dict.Create "" -> name="~2"
    s1 Queue.Create "" -> name="~3"
    s1 SharedValue.Create "" -> name="~4"
    s1 List.Append ~1 value=ref("~2", "dict") -> ok
    s1 Dict.Set ~2 key=1 value=[ref("~3", "queue")] -> ok
    s1 Queue.Put ~3 value={2: ref("~4", "value")} -> ok
    s1 Namespace.Create "" -> name="~5"
    s1 Set.Create "" -> name="~6"
    s1 SharedValue.Set ~4 value=(ref("~5", "namespace"),) -> ok
    s1 Namespace.Set ~5 attribute="a" value=ref("~6", "set") -> ok
    s1 Set.Add ~6 values=[ref("~1", "list")] -> ok
    s1 List.Create "" items=[ref("~1", "list")] -> name="~7"
    end s1
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(Cycles, ThatSomethingOutsideRefersToStay) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Create "" items=[ref("~1", "list")] -> name="~2"
    s1 List.Append ~1 value=ref("~2", "list") -> ok
    - List.Append named value=ref("~2", "list") -> ok
    end s1
    advance 1000
    - Object.Inspect ~1 -> references=1
    - Object.Inspect ~2 -> references=2
    - List.Clear named -> ok
    advance 1000
    - Admin.Objects anonymous=True -> objects=[{name="named"}]
  )");
}

TEST_F(Cycles, ThatAHandleOrAGraceOnAnyMemberKeepsStay) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    s1 List.Create "" items=[ref("~1", "list")] -> name="~2"
    s1 List.Append ~1 value=ref("~2", "list") -> ok
    s2 Object.Hold ~2 -> handles=1
    s1 Object.Lend ~1 grace_ms=5000 -> ok
    end s1
    advance 2000
    - Object.Inspect ~1 -> references=1
    s2 Object.Release ~2 -> ok
    advance 2000
    - Object.Inspect ~2 -> references=1
    advance 1000
    advance 1000
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(Cycles, AreFoundWithoutWaitingOnceManyObjectsMayBeInOne) {
  for (size_t i = 1; i <= kCyclesSuspectsMin; ++i) {
    const std::string name = "~" + std::to_string(i);
    Run("s1 List.Create \"\" -> ok");
    Run("s1 List.Append " + name + " value=ref(\"" + name + "\", \"list\") -> ok");
    EXPECT_EQ(engine().lifetime().anonymous(), i);
    Run("s1 Object.Release " + name + " -> ok");
  }
  EXPECT_EQ(engine().lifetime().anonymous(), 0u);
}

}  // namespace
}  // namespace coheld::engine::testing
