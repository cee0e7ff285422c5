// The list's ops as tables, and against CPython and a naive model.
#include <fstream>
#include <sstream>

#include "server/engine/limits.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class ListOps : public OpTable {};

TEST_F(ListOps, AnswerAsCpythonDoesOnRandomOps) {
  std::ifstream file(COHELD_ENGINE_TABLES "/list_table.txt");
  ASSERT_TRUE(file);
  std::ostringstream table;
  table << file.rdbuf();
  Run(table.str());
}

TEST_F(ListOps, CreateFillsOnlyWhatItMakes) {
  Run(R"(
    - List.Create l items=[1, "two"] -> name="l" created=True
    - List.GetSlice l -> values=[1, "two"]
    - List.Create l items=[3] -> name="l" created=False
    - List.GetSlice l -> values=[1, "two"]
    - List.Create l exclusive=True -> OBJECT_EXISTS "\"l\" is taken"
    - List.Create new exclusive=True -> created=True
    - List.Len new -> length=0
    s1 List.Create items=[5] -> name="~1" created=True
    s1 List.Get ~1 index=0 -> value=5
    - List.Create -> SESSION_REQUIRED
    - List.Create ~2 -> INVALID_NAME
    - List.Create bad items=[1, {[]}] -> NOT_HASHABLE
    - List.Create bad exclusive=True -> created=True
  )");
}

TEST_F(ListOps, MissingListsReadAsEmpty) {
  Run(R"(
    - List.Len l -> length=0
    - List.GetSlice l -> values=[]
    - List.Get l index=0 -> INDEX_OUT_OF_RANGE "the list is empty"
    - List.Index l value=1 -> VALUE_NOT_FOUND
    - List.Count l value=1 -> count=0
    - List.Contains l value=1 -> contains=False
    - List.Scan l -> values=[] next=0 done=True length=0
    - Admin.Describe l -> OBJECT_NOT_FOUND
    - List.Append l value=1 -> length=1
    - Admin.Describe l -> ok
  )");
}

TEST_F(ListOps, FailedWritesToMissingListsLeaveNothing) {
  Run(R"(
    - List.Set l index=0 value=1 -> INDEX_OUT_OF_RANGE
    - List.Pop l -> INDEX_OUT_OF_RANGE "index -1 is out of range: the list is empty"
    - List.Remove l value=1 -> VALUE_NOT_FOUND
    - List.Append l value={[]} -> NOT_HASHABLE
    - List.Extend l values=[1, {[]}] -> NOT_HASHABLE
    - List.Insert l index=0 value={[]} -> NOT_HASHABLE
    - List.SetSlice l values=[{[]}] -> NOT_HASHABLE
    - Admin.Describe l -> OBJECT_NOT_FOUND
  )");
}

TEST_F(ListOps, IndicesCountFromBothEnds) {
  Run(R"(
    - List.Create l items=["a", "b", "c"] -> ok
    - List.Get l index=0 -> value="a"
    - List.Get l index=-1 -> value="c"
    - List.Get l index=-3 -> value="a"
    - List.Get l index=3 -> INDEX_OUT_OF_RANGE "index 3 is out of range: the list has 3 items; use -3 to 2"
    - List.Get l index=-4 -> INDEX_OUT_OF_RANGE
    - List.Get l index=9223372036854775807 -> INDEX_OUT_OF_RANGE
    - List.Get l index=-9223372036854775808 -> INDEX_OUT_OF_RANGE
    - List.Set l index=-1 value="z" -> length=3
    - List.Set l index=3 value="z" -> INDEX_OUT_OF_RANGE
    - List.Delete l index=-2 -> length=2
    - List.Delete l index=2 -> INDEX_OUT_OF_RANGE
    - List.GetSlice l -> values=["a", "z"]
    - List.Insert l index=-100 value=0 -> length=3
    - List.Insert l index=100 value=9 -> length=4
    - List.Insert l index=-1 value=8 -> length=5
    - List.GetSlice l -> values=[0, "a", "z", 8, 9]
    - List.Pop l index=0 -> value=0 length=4
    - List.Pop l index=-4 -> value="a" length=3
    - List.Pop l -> value=9 length=2
    - List.Pop l index=2 -> INDEX_OUT_OF_RANGE
  )");
}

TEST_F(ListOps, SlicesReadAsPythons) {
  Run(R"(
    - List.Create l items=[0, 1, 2, 3, 4] -> ok
    - List.GetSlice l slice={} -> values=[0, 1, 2, 3, 4]
    - List.GetSlice l slice={start=1 stop=3} -> values=[1, 2]
    - List.GetSlice l slice={start=-2} -> values=[3, 4]
    - List.GetSlice l slice={stop=-2} -> values=[0, 1, 2]
    - List.GetSlice l slice={start=3 stop=1} -> values=[]
    - List.GetSlice l slice={step=2} -> values=[0, 2, 4]
    - List.GetSlice l slice={step=-1} -> values=[4, 3, 2, 1, 0]
    - List.GetSlice l slice={start=3 step=-2} -> values=[3, 1]
    - List.GetSlice l slice={start=-1 stop=-6 step=-1} -> values=[4, 3, 2, 1, 0]
    - List.GetSlice l slice={start=-1 stop=-5 step=-2} -> values=[4, 2]
    - List.GetSlice l slice={start=-9223372036854775808 stop=9223372036854775807} -> values=[0, 1, 2, 3, 4]
    - List.GetSlice l slice={step=9223372036854775807} -> values=[0]
    - List.GetSlice l slice={step=-9223372036854775808} -> values=[4]
    - List.GetSlice l slice={start=9223372036854775807 stop=-9223372036854775808 step=-9223372036854775808} -> values=[4]
    - List.GetSlice l slice={step=0} -> SLICE_STEP_ZERO
  )");
}

TEST_F(ListOps, SlicesAreAssignedAsPythons) {
  Run(R"(
    - List.Create l items=[0, 1, 2, 3, 4] -> ok
    - List.SetSlice l slice={start=1 stop=3} values=["a", "b", "c"] -> length=6
    - List.GetSlice l -> values=[0, "a", "b", "c", 3, 4]
    - List.SetSlice l slice={start=4 stop=2} values=["d"] -> length=7
    - List.GetSlice l -> values=[0, "a", "b", "c", "d", 3, 4]
    - List.SetSlice l slice={step=3} values=[7, 8, 9] -> length=7
    - List.GetSlice l -> values=[7, "a", "b", 8, "d", 3, 9]
    - List.SetSlice l slice={step=-3} values=[1, 2] -> SLICE_SIZE_MISMATCH "2 values cannot take the places of an extended slice of 3"
    - List.SetSlice l slice={start=1 stop=-1 step=-1} values=[] -> length=7
    - List.SetSlice l slice={start=1 stop=-1} -> length=2
    - List.GetSlice l -> values=[7, 9]
    - List.SetSlice l values=[1, 2, 3, 4, 5, 6] -> length=6
    - List.SetSlice l slice={step=0} values=[1] -> SLICE_STEP_ZERO
    - List.DeleteSlice l slice={step=0} -> SLICE_STEP_ZERO
    - List.DeleteSlice l slice={start=4 step=-2} -> length=3
    - List.GetSlice l -> values=[2, 4, 6]
    - List.DeleteSlice l slice={start=1 stop=2} -> length=2
    - List.DeleteSlice l -> length=0
  )");
}

TEST_F(ListOps, SearchComparesByEquality) {
  Run(R"(
    - List.Create l items=[0, 1, "a", 1.0, True, nan, [1], (1,)] -> ok
    - List.Index l value=1 -> index=1
    - List.Index l value=1 start=2 -> index=3
    - List.Index l value=1 start=-4 stop=-1 -> index=4
    - List.Index l value=1 start=5 -> VALUE_NOT_FOUND "1 is not in the list"
    - List.Index l value=1 start=3 stop=2 -> VALUE_NOT_FOUND
    - List.Index l value=0 start=-100 stop=100 -> index=0
    - List.Index l value=nan -> VALUE_NOT_FOUND
    - List.Index l value=[True] -> index=6
    - List.Count l value=True -> count=3
    - List.Count l value="b" -> count=0
    - List.Contains l value=(1,) -> contains=True
    - List.Contains l value=(2,) -> contains=False
    - List.Index l value={[]} -> NOT_HASHABLE
    - List.Count l value={[]} -> NOT_HASHABLE
    - List.Contains l value={[]} -> NOT_HASHABLE
    - List.Remove l value={[]} -> NOT_HASHABLE
    - List.Remove l value=1.0 -> length=7
    - List.Index l value=1 -> index=2
    - List.Remove l value="b" -> VALUE_NOT_FOUND
  )");
}

TEST_F(ListOps, OpaqueItemsAreLeftToClientsThatWant) {
  Run(R"(
    - List.Create l items=[1, opaque("pickle", "x"), 2, (3, opaque("pickle", "y"))] -> ok
    - List.Contains l value=2 -> contains=True
    - List.Contains l value=1 refuse_opaque=True -> contains=True
    - List.Contains l value=2 refuse_opaque=True -> NOT_COMPARABLE "the item"
    - List.Contains l value=opaque("pickle", "x") refuse_opaque=True -> NOT_COMPARABLE
    - List.Index l value=2 refuse_opaque=True -> NOT_COMPARABLE
    - List.Index l value=2 start=2 refuse_opaque=True -> index=2
    - List.Count l value=1 -> count=1
    - List.Count l value=1 refuse_opaque=True -> NOT_COMPARABLE
    - List.Remove l value=9 -> VALUE_NOT_FOUND
    - List.Remove l value=9 refuse_opaque=True -> NOT_COMPARABLE
    - List.Remove l value=1 refuse_opaque=True -> length=3
  )");
}

TEST_F(ListOps, SortIsStableBothWays) {
  Run(R"(
    - List.Create l items=[2, 1.0, True, 1, 3, 2.0] -> ok
    - List.Sort l -> length=6
    - List.GetSlice l -> values=[1.0, True, 1, 2, 2.0, 3]
    - List.Sort l reverse=True -> length=6
    - List.GetSlice l -> values=[3, 2, 2.0, 1.0, True, 1]
    - List.Reverse l -> length=6
    - List.GetSlice l -> values=[1, True, 1.0, 2.0, 2, 3]
  )");
}

TEST_F(ListOps, SortThatFailsChangesNothing) {
  Run(R"(
    - List.Create l items=[3, 2, "a", 1] -> version=1
    - List.Sort l -> NOT_ORDERABLE
    - List.GetSlice l -> values=[3, 2, "a", 1] version=1
    - List.Create n items=[None, None] -> ok
    - List.Sort n -> NOT_ORDERABLE "null None and null None have no order"
    - List.Create one items=[None] -> ok
    - List.Sort one -> length=1
  )");
}

TEST_F(ListOps, SortSurvivesComparisonsThatAreNoOrder) {
  std::string items;
  for (int i = 0; i < 500; ++i) items += (i == 0 ? "" : ", ") + std::string(i % 3 ? "nan" : "1");
  Run("- List.Create l items=[" + items + "] -> ok\n- List.Sort l -> length=500");
  Run("- List.Sort l reverse=True -> length=500\n- List.Count l value=1 -> count=167");
}

TEST_F(ListOps, RepeatIsPythonsInPlace) {
  Run(R"(
    - List.Create l items=[1, "a text over 14 bytes"] -> ok
    - List.Repeat l count=1 -> length=2
    - List.Repeat l count=2 -> length=4
    - List.GetSlice l -> values=[1, "a text over 14 bytes", 1, "a text over 14 bytes"]
    - List.Repeat l count=9223372036854775807 -> TOO_LARGE "256 MiB"
    - List.Repeat l count=100000000 -> TOO_LARGE
    - List.Len l -> length=4
    - List.Repeat l count=0 -> length=0
    - List.Repeat l count=9223372036854775807 -> length=0
    - List.Append l value=1 -> length=1
    - List.Repeat l count=-9223372036854775808 -> length=0
  )");
}

TEST_F(ListOps, CopiesAreOfTheirOwn) {
  Run(R"(
    - List.Create l items=[1, [2]] -> ok
    - List.Copy l target="m" -> name="m" created=True
    - List.Append m value=3 -> length=3
    - List.Len l -> length=2
    - List.Copy l target="m" -> OBJECT_EXISTS
    - List.Copy l target="l" -> OBJECT_EXISTS
    - List.Copy l -> SESSION_REQUIRED
    - List.Copy l target="~7" -> INVALID_NAME
    s1 List.Copy l -> name="~1" created=True
    s1 List.GetSlice ~1 -> values=[1, [2]]
    - List.Copy missing target="n" -> name="n" created=True
    - List.Len n -> length=0
  )");
}

TEST_F(ListOps, EachChangeRaisesTheVersionAndNothingElseDoes) {
  Run(R"(
    - List.Create l items=[2, 1] -> version=1
    - List.Len l -> version=1
    - List.Set l index=0 value=3 -> version=2
    - List.Append l value=4 -> version=3
    - List.Extend l values=[5, 6] -> version=4
    - List.Extend l -> version=4
    - List.Insert l index=0 value=0 -> version=5
    - List.Pop l -> version=6
    - List.Remove l value=4 -> version=7
    - List.Delete l index=0 -> version=8
    - List.SetSlice l slice={start=1 stop=1} -> version=8
    - List.SetSlice l slice={start=1 stop=1} values=[9] -> version=9
    - List.DeleteSlice l slice={start=1 stop=1} -> version=9
    - List.DeleteSlice l slice={start=1 stop=2} -> version=10
    - List.Reverse l -> version=11
    - List.Sort l -> version=12
    - List.Repeat l count=1 -> version=12
    - List.Repeat l count=2 -> version=13
    - List.Get l index=100 -> INDEX_OUT_OF_RANGE
    - List.Remove l value=100 -> VALUE_NOT_FOUND
    - List.Clear l -> length=0 version=14
    - List.Clear l -> version=14
    - List.Reverse l -> version=14
    - List.Sort l -> version=14
  )");
}

TEST_F(ListOps, IfVersionIsCheckedBeforeAllElse) {
  Run(R"(
    - List.Create l items=[2, 1] -> version=1
    - List.Set l index=100 value={[]} if_version=7 -> VERSION_MISMATCH "\"l\" is at version 1, not at if_version 7"
    - List.Delete l index=100 if_version=7 -> VERSION_MISMATCH
    - List.SetSlice l slice={step=0} if_version=7 -> VERSION_MISMATCH
    - List.DeleteSlice l slice={step=0} if_version=7 -> VERSION_MISMATCH
    - List.Append l value={[]} if_version=7 -> VERSION_MISMATCH
    - List.Extend l values=[{[]}] if_version=7 -> VERSION_MISMATCH
    - List.Insert l index=0 value={[]} if_version=7 -> VERSION_MISMATCH
    - List.Pop l index=100 if_version=7 -> VERSION_MISMATCH
    - List.Remove l value=100 if_version=7 -> VERSION_MISMATCH
    - List.Reverse l if_version=7 -> VERSION_MISMATCH
    - List.Sort l if_version=7 -> VERSION_MISMATCH
    - List.Repeat l count=9223372036854775807 if_version=7 -> VERSION_MISMATCH
    - List.Clear l if_version=0 -> VERSION_MISMATCH
    - List.GetSlice l -> values=[2, 1] version=1
    - List.Append l value=3 if_version=1 -> version=2
    - List.Append l value=3 if_version=1 -> VERSION_MISMATCH
    - List.Append missing value=1 if_version=7 -> VERSION_MISMATCH
    - Admin.Describe missing -> OBJECT_NOT_FOUND
  )");
}

TEST_F(ListOps, ScanGoesByPages) {
  Run(R"(
    - List.Create l items=[0, 1, 2, 3, 4] -> version=1
    - List.Scan l limit=2 -> values=[0, 1] next=2 done=False version=1 length=5
    - List.Scan l limit=2 start=2 -> values=[2, 3] next=4 done=False
    - List.Scan l limit=2 start=4 -> values=[4] next=5 done=True
    - List.Scan l limit=2 start=5 -> values=[] next=5 done=True
    - List.Scan l start=18446744073709551615 -> values=[] done=True
    - List.Scan l limit=4294967295 -> values=[0, 1, 2, 3, 4] done=True
    - List.Repeat l count=1000 -> length=5000
    - List.Scan l start=4500 -> next=5000 done=True
    - List.Scan l -> next=1000 done=False
  )");
}

TEST_F(ListOps, ScanPagesAreBoundedInBytesButNeverEmpty) {
  const std::string half = "\"" + std::string(kPageBytesMax / 2, 'x') + "\"";
  const std::string large = "\"" + std::string(kPageBytesMax + 1, 'x') + "\"";
  Run("- List.Create l items=[" + large + ", " + half + ", 1, " + half + ", 2] -> ok");
  Run(R"(
    - List.Scan l -> next=1 done=False
    - List.Scan l start=1 -> next=3 done=False
    - List.Scan l start=3 -> next=5 done=True
  )");
}

TEST_F(ListOps, RepliesAreBoundedInBytes) {
  KeepEngine();
  const std::string text = "\"" + std::string(1 << 20, 'x') + "\"";
  Run("- List.Create l items=[" + text + "] -> ok");
  Run(R"(
    - List.Repeat l count=255 -> length=255
    - List.GetSlice l slice={stop=2} -> ok
  )");
  Run("- List.Append l value=" + text + " -> length=256");
  Run("- List.GetSlice l -> TOO_LARGE \"Scan\"");
}

TEST_F(ListOps, ValuesAreCheckedWhereverTheyComeIn) {
  const std::string bad = std::string(kIntegerDigitsMax + 1, '9');
  Run("- List.Create l items=[1] -> version=1");
  for (const std::string op : {"Set", "Append", "Insert", "Remove", "Index", "Count", "Contains"}) {
    Run("- List." + op + " l value=" + bad + " -> INVALID_VALUE \"4097 digits\"");
  }
  for (const std::string op : {"Extend", "SetSlice"}) {
    Run("- List." + op + " l values=[1, " + bad + "] -> INVALID_VALUE");
  }
  Run("- List.Create new items=[" + bad + "] -> INVALID_VALUE");
  Run("- List.GetSlice l -> values=[1] version=1");
}

TEST_F(ListOps, OtherTypesAreRefused) {
  Run(R"(
    - Dict.Create d -> ok
    - List.Len d -> WRONG_TYPE "\"d\" is a dict, not a list"
    - List.Append d value=1 -> WRONG_TYPE
    - List.Create d -> WRONG_TYPE
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
