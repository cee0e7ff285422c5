// The namespace's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class NamespaceOps : public OpTable {};

TEST_F(NamespaceOps, KeepsAttributesInTheOrderInWhichTheyWereSet) {
  Run(R"(
    - Namespace.Set n attribute="b" value=1 -> length=1 version=1
    - Namespace.Set n attribute="a" value=[2] -> length=2
    - Namespace.Set n attribute="b" value="new" -> length=2
    - Namespace.Items n -> attributes=[{attribute="b" value="new"}, {attribute="a" value=[2]}]
    - Namespace.Get n attribute="a" -> value=[2] version=3
  )");
}

TEST_F(NamespaceOps, MissingAttributeIsAnError) {
  Run(R"(
    - Namespace.Get n attribute="x" -> ATTRIBUTE_NOT_FOUND "\"n\" has no attribute 'x'"
    - Namespace.Delete n attribute="x" -> ATTRIBUTE_NOT_FOUND
    - Admin.Objects -> objects=[]
    - Namespace.Set n attribute="x" value=None -> ok
    - Namespace.Get n attribute="x" -> value=None
    - Namespace.Delete n attribute="x" -> length=0 version=2
    - Namespace.Get n attribute="x" -> ATTRIBUTE_NOT_FOUND
  )");
}

TEST_F(NamespaceOps, UpdateManySetsAndRemovesAsOneOp) {
  Run(R"(
    - Namespace.Create n attributes=[{attribute="a" value=1}, {attribute="b" value=2}] -> version=1
    - Namespace.UpdateMany n attributes=[{attribute="b" value=3}, {attribute="c" value=4},
      {attribute="c" value=5}] remove=["a", "missing"] -> length=2 version=2
    - Namespace.Items n -> attributes=[{attribute="b" value=3}, {attribute="c" value=5}]
    - Namespace.UpdateMany n remove=["b"] attributes=[{attribute="b" value=6}] -> length=2
    - Namespace.Items n -> attributes=[{attribute="c" value=5}, {attribute="b" value=6}]
    - Namespace.UpdateMany n attributes=[{attribute="d" value=1}, {attribute="e" value={[1]: 2}}]
      remove=["b"] -> NOT_HASHABLE
    - Namespace.UpdateMany n remove=["z"] -> length=2 version=3
  )");
}

TEST_F(NamespaceOps, ChangesOnlyTheVersionThatIsExpected) {
  Run(R"(
    - Namespace.Set n attribute="a" value=1 -> version=1
    - Namespace.Set n attribute="a" value=2 if_version=1 -> version=2
    - Namespace.Set n attribute="a" value=3 if_version=1 -> VERSION_MISMATCH "version 2"
    - Namespace.Delete n attribute="a" if_version=1 -> VERSION_MISMATCH
    - Namespace.UpdateMany n remove=["a"] if_version=1 -> VERSION_MISMATCH
    - Namespace.Get n attribute="a" -> value=2
  )");
}

TEST_F(NamespaceOps, CreateLeavesAnExistingNamespaceAsItIs) {
  Run(R"(
    - Namespace.Create n attributes=[{attribute="a" value=1}] -> name="n" created=True
    - Namespace.Create n attributes=[{attribute="a" value=2}] -> created=False version=1
    - Namespace.Create n exclusive=True -> OBJECT_EXISTS
    - Namespace.Get n attribute="a" -> value=1
    - Namespace.Create m attributes=[{attribute="a" value={[1]: 2}}] -> NOT_HASHABLE
    - Admin.Objects -> objects=[{name="n" type="namespace" size=1}]
    s1 Namespace.Create attributes=[{attribute="" value=1}] -> name="~1" created=True
    s1 Namespace.Get ~1 attribute="" -> value=1
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
