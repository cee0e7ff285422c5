// The dict's ops as tables, and against CPython.
#include <fstream>
#include <sstream>

#include "coheld/v1/dict.pb.h"
#include "server/engine/limits.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class DictOps : public OpTable {};

TEST_F(DictOps, AnswerAsCpythonDoesOnRandomOps) {
  std::ifstream file(COHELD_ENGINE_TABLES "/dict_table.txt");
  ASSERT_TRUE(file);
  std::ostringstream table;
  table << file.rdbuf();
  Run(table.str());
}

TEST_F(DictOps, CreateFillsOnlyWhatItMakes) {
  Run(R"(
    - Dict.Create d entries=[{key=1 value="a"}, {key="k" value=2}, {key=True value="b"}]
      -> name="d" created=True
    - Dict.Items d -> entries=[{key=1 value="b"}, {key="k" value=2}]
    - Dict.Create d entries=[{key=3 value=3}] -> name="d" created=False
    - Dict.Len d -> length=2
    - Dict.Create d exclusive=True -> OBJECT_EXISTS "\"d\" is taken"
    s1 Dict.Create entries=[{key=5 value=None}] -> name="~1" created=True
    s1 Dict.Contains ~1 key=5 -> contains=True
    - Dict.Create -> SESSION_REQUIRED
    - Dict.Create bad entries=[{key=1 value=1}, {key=[] value=1}] -> NOT_HASHABLE
    - Dict.Create bad entries=[{key=1 value={[]}}] -> NOT_HASHABLE
    - Dict.Create bad exclusive=True -> created=True
  )");
}

TEST_F(DictOps, OpaqueKeysAreLeftToClientsThatWant) {
  Run(R"(
    - Dict.Set d key=opaque("pickle", "x") value=1 refuse_opaque=True -> length=1
    - Dict.Set d key=1 value=1 refuse_opaque=True -> NOT_COMPARABLE "only the client can compare the key 1"
    - Dict.Set d key=1 value=1 -> length=2
    - Dict.Set d key=1 value=2 refuse_opaque=True -> length=2
    - Dict.Get d key=opaque("pickle", "x") refuse_opaque=True -> value=1
    - Dict.Get d key=2 -> value=absent
    - Dict.Get d key=2 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.GetMany d keys=[1, 2] refuse_opaque=True -> NOT_COMPARABLE
    - Dict.Contains d key=2 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.SetMany d entries=[{key=1 value=3}, {key=2 value=3}] refuse_opaque=True -> NOT_COMPARABLE
    - Dict.SetDefault d key=2 value=3 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.Delete d key=2 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.Pop d key=2 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.Increment d key=2 amount=1 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.IncrementMany d amounts=[{key=2 value=1}] refuse_opaque=True -> NOT_COMPARABLE
    - Dict.CompareAndSet d key=2 refuse_opaque=True -> NOT_COMPARABLE
    - Dict.Pop d key=opaque("pickle", "x") -> value=1
    - Dict.Get d key=2 refuse_opaque=True -> value=absent
    - Dict.Get d key=(2, opaque("pickle", "x")) refuse_opaque=True -> NOT_COMPARABLE
    - Dict.Clear d -> length=0
    - Dict.Get d key=opaque("pickle", "x") refuse_opaque=True -> value=absent
    - Dict.Set d key=opaque("pickle", "x") value=1 -> length=1
    - Dict.Clear d -> length=0
    - Dict.Set d key=1 value=1 -> length=1
    - Dict.Get d key=2 refuse_opaque=True -> value=absent
  )");
}

TEST_F(DictOps, MissingDictsReadAsEmpty) {
  Run(R"(
    - Dict.Len d -> length=0
    - Dict.Get d key=1 -> value=absent
    - Dict.GetMany d keys=[1, 2] -> values=[{}, {}]
    - Dict.Contains d key=1 -> contains=False
    - Dict.Keys d -> keys=[]
    - Dict.Values d -> values=[]
    - Dict.Items d -> entries=[]
    - Dict.Scan d -> entries=[] done=True length=0
    - Admin.Describe d -> OBJECT_NOT_FOUND
    - Dict.Set d key=1 value=2 -> length=1
    - Admin.Describe d -> ok
  )");
}

TEST_F(DictOps, FailedWritesToMissingDictsLeaveNothing) {
  Run(R"(
    - Dict.Delete d key="k" -> KEY_NOT_FOUND "the dict has no key 'k'"
    - Dict.Set d key=[] value=1 -> NOT_HASHABLE
    - Dict.Set d key=1 value={[]} -> NOT_HASHABLE
    - Dict.SetMany d entries=[{key=1 value=1}, {key={} value=1}] -> NOT_HASHABLE
    - Dict.Increment d key=1 amount="a" -> UNSUPPORTED_OPERAND
    - Admin.Describe d -> OBJECT_NOT_FOUND
  )");
}

TEST_F(DictOps, KeysThatAreEqualAreOne) {
  Run(R"(
    - Dict.Set d key=1 value="a" -> length=1
    - Dict.Set d key=True value="b" -> length=1
    - Dict.Set d key=1.0 value="c" -> length=1
    - Dict.Items d -> entries=[{key=1 value="c"}]
    - Dict.Get d key=True -> value="c"
    - Dict.Set d key=0 value=0 -> length=2
    - Dict.Get d key=-0.0 -> value=0
    - Dict.Set d key=(1, "a") value=1 -> length=3
    - Dict.Get d key=(1.0, "a") -> value=1
    - Dict.Set d key=18446744073709551616 value="big" -> length=4
    - Dict.Get d key=18446744073709551616.0 -> value="big"
    - Dict.Get d key=18446744073709551617 -> value=absent
    - Dict.Set d key="1" value=1 -> length=5
    - Dict.Set d key=b"1" value=1 -> length=6
    - Dict.Set d key=None value=1 -> length=7
    - Dict.Set d key=nan value=1 -> length=8
    - Dict.Set d key=nan value=2 -> length=8
    - Dict.Get d key=nan -> value=2
    - Dict.Set d key=ref("a", "list") value=1 -> length=9
    - Dict.Set d key=opaque("pickle", "x") value=1 -> length=10
    - Dict.Get d key=opaque("pickle", "x") -> value=1
    - Dict.Get d key=opaque("json", "x") -> value=absent
  )");
}

TEST_F(DictOps, UnhashableKeysAreRefusedEverywhere) {
  Run(R"(
    - Dict.Create d -> ok
    - Dict.Get d key=[] -> NOT_HASHABLE "list [] cannot be a key"
    - Dict.GetMany d keys=[1, (1, {})] -> NOT_HASHABLE
    - Dict.Contains d key=set() -> NOT_HASHABLE
    - Dict.SetDefault d key=[] value=1 -> NOT_HASHABLE
    - Dict.SetDefault d key=1 value={[]} -> NOT_HASHABLE
    - Dict.Delete d key=[] -> NOT_HASHABLE
    - Dict.Pop d key=[] -> NOT_HASHABLE
    - Dict.Increment d key=[] amount=1 -> NOT_HASHABLE
    - Dict.Increment d key=1 amount={[]} -> NOT_HASHABLE
    - Dict.Increment d key=1 amount=1 initial={[]} -> NOT_HASHABLE
    - Dict.IncrementMany d amounts=[{key=[] value=1}] -> NOT_HASHABLE
    - Dict.CompareAndSet d key=[] -> NOT_HASHABLE
    - Dict.CompareAndSet d key=1 expected={[]} -> NOT_HASHABLE
    - Dict.CompareAndSet d key=1 desired={[]} -> NOT_HASHABLE
    - Dict.Len d -> length=0 version=0
  )");
}

TEST_F(DictOps, EntriesKeepTheirPlace) {
  Run(R"(
    - Dict.SetMany d entries=[{key="a" value=1}, {key="b" value=2}, {key="c" value=3}] -> length=3
    - Dict.Set d key="b" value=20 -> length=3
    - Dict.Delete d key="a" -> length=2
    - Dict.Set d key="a" value=10 -> length=3
    - Dict.Keys d -> keys=["b", "c", "a"]
    - Dict.Values d -> values=[20, 3, 10]
    - Dict.GetMany d keys=["a", "x", "b"] -> values=[{value=10}, {}, {value=20}]
    - Dict.PopItem d -> entry={key="a" value=10}
    - Dict.PopItem d -> entry={key="c" value=3}
    - Dict.PopItem d -> entry={key="b" value=20}
    - Dict.PopItem d -> entry=absent
    - Dict.Len d -> length=0
  )");
}

TEST_F(DictOps, PopAndSetDefaultSayWhetherTheKeyWasThere) {
  Run(R"(
    - Dict.SetDefault d key="k" value=None -> value=None inserted=True version=1
    - Dict.SetDefault d key="k" value=5 -> value=None inserted=False version=1
    - Dict.Get d key="k" -> value=None
    - Dict.Pop d key="x" -> value=absent version=1
    - Dict.Pop d key="k" -> value=None version=2
    - Dict.Pop d key="k" -> value=absent version=2
  )");
}

TEST_F(DictOps, IncrementAddsNumbersOnly) {
  Run(R"(
    - Dict.Increment d key="n" amount=1 -> value=1 version=1
    - Dict.Increment d key="n" amount=-3 -> value=-2
    - Dict.Increment d key="n" amount=0.5 -> value=-1.5
    - Dict.Increment d key="m" amount=1 initial=9223372036854775807 -> value=9223372036854775808
    - Dict.Increment d key="m" amount=-1 initial=0 -> value=9223372036854775807
    - Dict.Set d key="text" value="a" -> ok
    - Dict.Increment d key="text" amount="b" -> UNSUPPORTED_OPERAND "text 'b' is no number to add"
    - Dict.Increment d key="text" amount=1 -> UNSUPPORTED_OPERAND "text 'a' is no number to add"
    - Dict.Increment d key="new" amount=None -> UNSUPPORTED_OPERAND
    - Dict.Increment d key="new" amount=1 initial="a" -> UNSUPPORTED_OPERAND
    - Dict.Contains d key="new" -> contains=False
    - Dict.Len d -> length=3 version=6
  )");
  Run("- Dict.Set d key=1 value=" + std::string(kIntegerDigitsMax, '9') + " -> ok");
  Run("- Dict.Increment d key=1 amount=1 -> OVERFLOW");
}

TEST_F(DictOps, IncrementManyIsAllOrNothing) {
  Run(R"(
    - Dict.SetMany d entries=[{key="a" value=1}, {key="t" value="text"}] -> version=1
    - Dict.IncrementMany d amounts=[{key="a" value=1}, {key="b" value=2.5}, {key="a" value=10}]
      -> length=3 version=2
    - Dict.Items d -> entries=[{key="a" value=12}, {key="t" value="text"}, {key="b" value=2.5}]
    - Dict.IncrementMany d amounts=[{key="a" value=1}, {key="c" value=1}, {key="t" value=1}]
      -> UNSUPPORTED_OPERAND
    - Dict.IncrementMany d amounts=[{key="a" value=1}, {key="c" value=None}] -> UNSUPPORTED_OPERAND
    - Dict.Items d -> entries=[{key="a" value=12}, {key="t" value="text"}, {key="b" value=2.5}] version=2
    - Dict.IncrementMany d -> length=3 version=2
  )");
}

TEST_F(DictOps, CompareAndSetChangesOnlyWhatItExpects) {
  Run(R"(
    - Dict.CompareAndSet d key="k" expected=1 desired=2 -> swapped=False current=absent version=0
    - Dict.CompareAndSet d key="k" desired=1 -> swapped=True current=1 version=1
    - Dict.CompareAndSet d key="k" desired=2 -> swapped=False current=1 version=1
    - Dict.CompareAndSet d key="k" expected=2 desired=3 -> swapped=False current=1 version=1
    - Dict.CompareAndSet d key="k" expected=True desired=3 -> swapped=True current=3 version=2
    - Dict.CompareAndSet d key="k" expected=4 -> swapped=False current=3 version=2
    - Dict.CompareAndSet d key="k" expected=3 -> swapped=True current=absent version=3
    - Dict.CompareAndSet d key="k" -> swapped=True current=absent version=3
    - Dict.Len d -> length=0
  )");
}

TEST_F(DictOps, CopiesAreOfTheirOwn) {
  Run(R"(
    - Dict.SetMany d entries=[{key="b" value=1}, {key="a" value=[2]}] -> ok
    - Dict.Copy d target="e" -> name="e" created=True
    - Dict.Set e key="c" value=3 -> length=3
    - Dict.Items d -> entries=[{key="b" value=1}, {key="a" value=[2]}]
    - Dict.Items e -> entries=[{key="b" value=1}, {key="a" value=[2]}, {key="c" value=3}]
    - Dict.Copy d target="e" -> OBJECT_EXISTS
    - Dict.Copy d -> SESSION_REQUIRED
    - Dict.Copy d target="~9" -> INVALID_NAME
    s1 Dict.Copy d -> name="~1" created=True
    - Dict.Copy missing target="n" -> created=True
    - Dict.Len n -> length=0
  )");
}

TEST_F(DictOps, EachChangeRaisesTheVersionAndNothingElseDoes) {
  Run(R"(
    - Dict.Create d entries=[{key=1 value=1}] -> version=1
    - Dict.Set d key=1 value=1 -> version=2
    - Dict.SetMany d entries=[{key=2 value=2}, {key=3 value=3}] -> version=3
    - Dict.SetMany d -> version=3
    - Dict.Delete d key=1 -> version=4
    - Dict.Delete d key=1 -> KEY_NOT_FOUND
    - Dict.PopItem d -> version=5
    - Dict.Clear d -> length=0 version=6
    - Dict.Clear d -> version=6
    - Dict.PopItem d -> version=6
    - Dict.Get d key=1 -> version=6
  )");
}

TEST_F(DictOps, IfVersionIsCheckedBeforeAllElse) {
  Run(R"(
    - Dict.Create d entries=[{key=1 value=1}] -> version=1
    - Dict.Set d key=[] value=1 if_version=7 -> VERSION_MISMATCH "\"d\" is at version 1, not at if_version 7"
    - Dict.SetMany d entries=[{key=[] value=1}] if_version=7 -> VERSION_MISMATCH
    - Dict.Delete d key=[] if_version=7 -> VERSION_MISMATCH
    - Dict.Pop d key=[] if_version=7 -> VERSION_MISMATCH
    - Dict.Clear d if_version=0 -> VERSION_MISMATCH
    - Dict.Set d key=2 value=2 if_version=1 -> version=2
    - Dict.Set d key=2 value=2 if_version=1 -> VERSION_MISMATCH
    - Dict.Delete d key=2 if_version=2 -> version=3
    - Dict.Pop d key=1 if_version=3 -> value=1 version=4
  )");
}

TEST_F(DictOps, ScanGoesByPagesAndTellsOfAnotherSize) {
  Run(R"(
    - Dict.SetMany d entries=[{key="a" value=1}, {key="b" value=2}, {key="c" value=3}] -> version=1
    - Dict.Scan d limit=2 if_length=3
      -> entries=[{key="a" value=1}, {key="b" value=2}] next=3 done=False length=3 size_changed=False version=1
    - Dict.Delete d key="a" -> length=2
    - Dict.Scan d cursor=3 limit=2 if_length=3
      -> entries=[{key="c" value=3}] done=True length=2 size_changed=True version=2
    - Dict.Scan d limit=1 keys_only=True -> entries=[{key="b"}] done=False size_changed=False
    - Dict.Scan d limit=4294967295 -> entries=[{key="b" value=2}, {key="c" value=3}] done=True
    - Dict.Scan d cursor=18446744073709551615 -> entries=[] done=True
    - Dict.Clear d -> ok
    - Dict.Set d key="new" value=1 -> ok
    - Dict.Scan d cursor=4 -> entries=[{key="new" value=1}] done=True
  )");
}

TEST_F(DictOps, ScanPagesAreBoundedInBytesButNeverEmpty) {
  const std::string half = "\"" + std::string(kPageBytesMax / 2, 'x') + "\"";
  const std::string large = "\"" + std::string(kPageBytesMax + 1, 'x') + "\"";
  Run("- Dict.Set d key=1 value=" + large + " -> ok");
  Run("- Dict.Set d key=2 value=" + half + " -> ok");
  Run("- Dict.Set d key=3 value=" + half + " -> ok");
  Run(R"(
    - Dict.Scan d -> next=2 done=False
    - Dict.Scan d cursor=2 -> next=3 done=False
    - Dict.Scan d cursor=3 -> next=4 done=True
    - Dict.Scan d keys_only=True -> entries=[{key=1}, {key=2}, {key=3}] done=True
  )");
}

TEST_F(DictOps, RepliesAreBoundedInBytes) {
  KeepEngine();
  Run("- Dict.Create d -> ok");
  v1::DictSetRequest request;
  request.set_name("d");
  request.mutable_value()->set_text(std::string(kReplyBytesMax / 4, 'x'));
  std::vector<Reply> replies;
  for (int key = 0; key < 4; ++key) {
    request.mutable_key()->set_integer(key);
    engine().Apply({}, 304, request.SerializeAsString(), &replies);
  }
  Run(R"(
    - Dict.Values d -> TOO_LARGE "Scan"
    - Dict.Items d -> TOO_LARGE
    - Dict.GetMany d keys=[0, 1, 2, 3] -> TOO_LARGE
    - Dict.Keys d -> keys=[0, 1, 2, 3]
  )");
}

TEST_F(DictOps, ValuesAreCheckedWhereverTheyComeIn) {
  const std::string bad = std::string(kIntegerDigitsMax + 1, '9');
  Run("- Dict.Create d -> ok");
  for (const std::string op :
       {"Get", "Set", "SetDefault", "Delete", "Pop", "Contains", "Increment", "CompareAndSet"}) {
    Run("- Dict." + op + " d key=" + bad + " -> INVALID_VALUE \"4097 digits\"");
  }
  for (const std::string op : {"Set", "SetDefault"}) {
    Run("- Dict." + op + " d key=1 value=" + bad + " -> INVALID_VALUE");
  }
  for (const std::string field : {"expected", "desired"}) {
    Run("- Dict.CompareAndSet d key=1 " + field + "=" + bad + " -> INVALID_VALUE");
  }
  Run("- Dict.GetMany d keys=[" + bad + "] -> INVALID_VALUE");
  Run("- Dict.SetMany d entries=[{key=1 value=" + bad + "}] -> INVALID_VALUE");
  Run("- Dict.IncrementMany d amounts=[{key=1 value=" + bad + "}] -> INVALID_VALUE");
  Run("- Dict.Increment d key=1 amount=" + bad + " -> INVALID_VALUE");
  Run("- Dict.Len d -> length=0 version=0");
}

TEST_F(DictOps, OtherTypesAreRefused) {
  Run(R"(
    - List.Create l -> ok
    - Dict.Len l -> WRONG_TYPE "\"l\" is a list, not a dict"
    - Dict.Set l key=1 value=1 -> WRONG_TYPE
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
