// The set's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class SetOps : public OpTable {};

TEST_F(SetOps, HoldsEachItemOnce) {
  Run(R"(
    - Set.Add s values=[1, "a", 1.0, True, (1, 2)] -> added=3 removed=0 length=3 version=1
    - Set.Add s values=["a", "b"] -> added=1 length=4 version=2
    - Set.Add s values=[1] -> added=0 length=4 version=2
    - Set.Contains s values=[True, "c", (1, 2), None] -> contains=[True, False, True, False]
    - Set.Len s -> length=4 version=2
    - Set.Combine s -> values=[1, "a", (1, 2), "b"]
  )");
}

TEST_F(SetOps, NaNIsOneItem) {
  Run(R"(
    - Set.Add s values=[nan, nan] -> added=1
    - Set.Contains s values=[nan] -> contains=[True]
    - Set.Remove s value=nan -> length=0
  )");
}

TEST_F(SetOps, ItemsMustBeHashable) {
  Run(R"(
    - Set.Add s values=[1, [2]] -> NOT_HASHABLE
    - Set.Contains s values=[[1]] -> NOT_HASHABLE
    - Set.Remove s value={} -> NOT_HASHABLE
    - Set.Create s values=[{1, 2}] -> NOT_HASHABLE
    - Set.Update s operator=UNION operands=[{values=[1]}, {values=[[2]]}] -> NOT_HASHABLE
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(SetOps, RemoveNeedsTheItemAndDiscardDoesNot) {
  Run(R"(
    - Set.Create s values=[1, 2, 3] -> created=True version=1
    - Set.Remove s value=2.0 -> removed=1 length=2 version=2
    - Set.Remove s value="gone" -> KEY_NOT_FOUND "'gone'"
    - Set.Discard s values=[1, 7, 7] -> removed=1 length=1 version=3
    - Set.Discard s values=[1] -> removed=0 length=1 version=3
  )");
}

TEST_F(SetOps, PopTakesTheItemAddedLast) {
  Run(R"(
    - Set.Create s values=[1, 2, 3] -> ok
    - Set.Discard s values=[3] -> ok
    - Set.Pop s -> value=2 length=1
    - Set.Pop s -> value=1 length=0
    - Set.Pop s -> value=absent length=0
    - Set.Add s values=[4] -> added=1
    - Set.Clear s -> removed=1 length=0
    - Set.Clear s -> removed=0
  )");
}

TEST_F(SetOps, UpdateChangesTheSetByEachOperandInTurn) {
  Run(R"(
    - Set.Create s values=[1, 2, 3, 4] -> version=1
    - Set.Update s operator=UNION operands=[{values=[4, 5]}, {values=[6, 6]}]
      -> added=2 removed=0 length=6 version=2
    - Set.Update s operator=INTERSECTION operands=[{values=[1, 2, 5, 6, 9]}, {values=[1, 2, 6]}]
      -> added=0 removed=3 length=3
    - Set.Combine s -> values=[1, 2, 6]
    - Set.Update s operator=DIFFERENCE operands=[{values=[2]}, {values=[9]}] -> removed=1 length=2
    - Set.Update s operator=SYMMETRIC_DIFFERENCE operands=[{values=[6, 7]}]
      -> added=1 removed=1 length=2
    - Set.Combine s -> values=[1, 7]
    - Set.Update s operator=UNION -> added=0 version=5
    - Set.Update s operands=[{values=[1]}] -> INVALID_ARGUMENT
    - Set.Update s operator=9 -> INVALID_ARGUMENT "number 9"
  )");
}

TEST_F(SetOps, OperandMayBeAnotherHeldSet) {
  Run(R"(
    - Set.Create a values=[1, 2, 3] -> ok
    - Set.Create b values=[3, 4] -> ok
    - List.Append l value=1 -> ok
    - Set.Combine a operator=UNION operands=[{set="b"}] -> values=[1, 2, 3, 4]
    - Set.Combine a operator=UNION operands=[{set="missing"}] -> values=[1, 2, 3]
    - Set.Combine a operator=UNION operands=[{set="l"}] -> WRONG_TYPE
    - Set.Combine a operator=UNION operands=[{set="b" values=[1]}] -> INVALID_ARGUMENT
    - Set.Compare a operand={set="b"} -> disjoint=False subset=False
    - Set.Update a operator=DIFFERENCE operands=[{set="b"}] -> removed=1
    - Set.Combine a -> values=[1, 2]
    - Admin.Objects -> objects=[{name="a"}, {name="b"}, {name="l"}]
  )");
}

TEST_F(SetOps, TheSetItselfMayBeAnOperand) {
  Run(R"(
    - Set.Create s values=[1, 2] -> ok
    - Set.Update s operator=UNION operands=[{set="s"}] -> added=0 removed=0 length=2
    - Set.Update s operator=INTERSECTION operands=[{set="s"}] -> removed=0
    - Set.Compare s operand={set="s"} -> equal=True disjoint=False
    - Set.Combine s operator=SYMMETRIC_DIFFERENCE operands=[{set="s"}] -> values=[]
    - Set.Update s operator=SYMMETRIC_DIFFERENCE operands=[{set="s"}, {values=[9]}]
      -> removed=2 added=1 length=1
    - Set.Update s operator=DIFFERENCE operands=[{set="s"}] -> removed=1 length=0
  )");
}

TEST_F(SetOps, CombineChangesNothing) {
  Run(R"(
    - Set.Create s values=[1, 2, 3] -> version=1
    - Set.Combine s operator=DIFFERENCE operands=[{values=[1]}] -> values=[2, 3] version=1
    - Set.Combine s operator=DIFFERENCE operands=[{values=[1, 9]}] reflected=True -> values=[9]
    - Set.Combine s operator=INTERSECTION operands=[{values=[3, 1]}] -> values=[1, 3]
    - Set.Combine s operator=SYMMETRIC_DIFFERENCE operands=[{values=[3, 4]}] -> values=[1, 2, 4]
    - Set.Combine s operator=DIFFERENCE reflected=True -> INVALID_ARGUMENT
    - Set.Combine missing operator=UNION operands=[{values=[1]}] -> values=[1]
    - Set.Len s -> length=3 version=1
    - Admin.Objects -> objects=[{name="s"}]
  )");
}

TEST_F(SetOps, CompareTellsAllRelations) {
  Run(R"(
    - Set.Create s values=[1, 2] -> ok
    - Set.Compare s operand={values=[2, 1.0]}
      -> subset=True superset=True equal=True disjoint=False
    - Set.Compare s operand={values=[1, 2, 3]} -> subset=True superset=False equal=False
    - Set.Compare s operand={values=[1]} -> subset=False superset=True disjoint=False
    - Set.Compare s operand={values=[3]} -> subset=False superset=False disjoint=True
    - Set.Compare s operand={values=[]} -> superset=True subset=False disjoint=True
    - Set.Compare none operand={values=[]} -> equal=True disjoint=True
  )");
}

TEST_F(SetOps, ScanSeesEachItemThatStaysOnce) {
  Run(R"(
    - Set.Create s values=[1, 2, 3, 4, 5] -> ok
    - Set.Scan s limit=2 -> values=[1, 2] done=False next=3 length=5
    - Set.Discard s values=[1, 3] -> ok
    - Set.Add s values=[6] -> ok
    - Set.Scan s cursor=3 limit=2 if_length=5 -> values=[4, 5] done=False size_changed=True
    - Set.Scan s cursor=6 limit=2 -> values=[6] done=True
    - Set.Scan missing -> values=[] done=True
  )");
}

TEST_F(SetOps, CopyMakesAnotherSet) {
  Run(R"(
    - Set.Create s values=[1, 2] -> ok
    - Set.Copy s target="t" -> name="t" created=True
    - Set.Add s values=[3] -> ok
    - Set.Combine t -> values=[1, 2]
    - Set.Copy s target="t" -> OBJECT_EXISTS
    - Set.Copy s -> SESSION_REQUIRED
    s1 Set.Copy s -> name="~1"
  )");
}

TEST_F(SetOps, ChangesOnlyTheVersionThatIsExpected) {
  Run(R"(
    - Set.Create s values=[1] -> version=1
    - Set.Add s values=[2] if_version=1 -> version=2
    - Set.Add s values=[3] if_version=1 -> VERSION_MISMATCH
    - Set.Discard s values=[1] if_version=1 -> VERSION_MISMATCH
    - Set.Remove s value=1 if_version=1 -> VERSION_MISMATCH
    - Set.Clear s if_version=1 -> VERSION_MISMATCH
    - Set.Update s operator=UNION if_version=1 -> VERSION_MISMATCH
    - Set.Len s -> length=2 version=2
  )");
}

TEST_F(SetOps, CreateLeavesAnExistingSetAsItIs) {
  Run(R"(
    - Set.Create s values=[1] -> name="s" created=True
    - Set.Create s values=[2] -> created=False version=1
    - Set.Create s exclusive=True -> OBJECT_EXISTS
    - Admin.Objects -> objects=[{name="s" type="set" size=1}]
  )");
}

TEST_F(SetOps, OpaqueItemsAreLeftToTheClientThatAsks) {
  Run(R"(
    - Set.Create s values=[1, opaque("pickle", b"x")] -> ok
    - Set.Contains s values=[1] refuse_opaque=True -> contains=[True]
    - Set.Contains s values=[2] refuse_opaque=True -> NOT_COMPARABLE
    - Set.Contains s values=[opaque("pickle", b"x")] refuse_opaque=True -> contains=[True]
    - Set.Contains s values=[2] -> contains=[False]
    - Set.Add s values=[1] refuse_opaque=True -> added=0
    - Set.Add s values=[2] refuse_opaque=True -> NOT_COMPARABLE
    - Set.Discard s values=[2] refuse_opaque=True -> NOT_COMPARABLE
    - Set.Remove s value=2 refuse_opaque=True -> NOT_COMPARABLE
    - Set.Update s operator=UNION operands=[{values=[1]}] refuse_opaque=True -> NOT_COMPARABLE
    - Set.Combine s operator=UNION operands=[{values=[1]}] refuse_opaque=True -> NOT_COMPARABLE
    - Set.Combine s refuse_opaque=True -> ok
    - Set.Compare s operand={values=[1]} refuse_opaque=True -> NOT_COMPARABLE
    - Set.Create t values=[1] -> ok
    - Set.Add t values=[opaque("pickle", b"y")] refuse_opaque=True -> NOT_COMPARABLE
    - Set.Add u values=[opaque("pickle", b"y")] refuse_opaque=True -> added=1
    - Set.Add t values=[2] refuse_opaque=True -> added=1
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
