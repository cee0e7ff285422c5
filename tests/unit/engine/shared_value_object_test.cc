// The value's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class SharedValueOps : public OpTable {};

TEST_F(SharedValueOps, SetReplacesWhatGetReads) {
  Run(R"(
    - SharedValue.Get v -> value=None version=0 typecode=""
    - SharedValue.Set v value={"a": [1, 2.5]} -> version=1
    - SharedValue.Get v -> value={"a": [1, 2.5]} version=1
    - SharedValue.Set v value=None -> version=2
    - SharedValue.Get v -> value=None version=2
  )");
}

TEST_F(SharedValueOps, NewCellHoldsTheTypecodesZero) {
  Run(R"(
    - SharedValue.Create i typecode="i" -> created=True name="i"
    - SharedValue.Get i -> value=0 typecode="i"
    - SharedValue.Create d typecode="d" -> ok
    - SharedValue.Get d -> value=0.0
    - SharedValue.Create f typecode="f" -> ok
    - SharedValue.Get f -> value=0.0
    - SharedValue.Create c typecode="c" -> ok
    - SharedValue.Get c -> value=b"\0"
    - SharedValue.Create u typecode="u" -> ok
    - SharedValue.Get u -> value="\0"
    - SharedValue.Create o typecode="?" -> ok
    - SharedValue.Get o -> value=False
    - SharedValue.Create any -> ok
    - SharedValue.Get any -> value=None
  )");
}

TEST_F(SharedValueOps, UnknownTypecodeIsRefusedAndMakesNone) {
  Run(R"(
    - SharedValue.Create v typecode="z" -> INVALID_ARGUMENT "\"z\""
    - SharedValue.Create v typecode="ii" -> INVALID_ARGUMENT
    - SharedValue.Create v typecode="n" -> INVALID_ARGUMENT
    - Admin.Objects -> objects=[]
  )");
}

// One row for each integer type code: its ends fit, the next integers beyond do not.
struct IntegerCode {
  const char* code;
  const char* below;
  const char* min;
  const char* max;
  const char* above;
};

class IntegerTypecodes : public OpTable, public ::testing::WithParamInterface<IntegerCode> {};

TEST_P(IntegerTypecodes, TakeExactlyTheRangeOfC) {
  const IntegerCode& code = GetParam();
  const std::string set = "- SharedValue.Set v value=";
  const std::string get = "- SharedValue.Get v -> value=";
  Run("- SharedValue.Create v typecode=\"" + std::string(code.code) + "\" -> created=True");
  Run(set + code.min + " -> ok\n" + get + code.min);
  Run(set + code.below + " -> OVERFLOW\n" + get + code.min);
  Run(set + code.max + " -> ok\n" + get + code.max);
  Run(set + code.above + " -> OVERFLOW\n" + get + code.max);
  Run(set + "True -> ok\n" + get + "1");
  Run(set + "1.0 -> TYPECODE_MISMATCH \"integer\"");
  Run(set + "\"1\" -> TYPECODE_MISMATCH");
  Run(set + "None -> TYPECODE_MISMATCH");
  Run(set + "123456789012345678901234567890 -> OVERFLOW");
}

INSTANTIATE_TEST_SUITE_P(
    All, IntegerTypecodes,
    ::testing::Values(IntegerCode{"b", "-129", "-128", "127", "128"},
                      IntegerCode{"B", "-1", "0", "255", "256"},
                      IntegerCode{"h", "-32769", "-32768", "32767", "32768"},
                      IntegerCode{"H", "-1", "0", "65535", "65536"},
                      IntegerCode{"i", "-2147483649", "-2147483648", "2147483647", "2147483648"},
                      IntegerCode{"I", "-1", "0", "4294967295", "4294967296"},
                      IntegerCode{"l", "-9223372036854775809", "-9223372036854775808",
                                  "9223372036854775807", "9223372036854775808"},
                      IntegerCode{"L", "-1", "0", "18446744073709551615", "18446744073709551616"},
                      IntegerCode{"q", "-9223372036854775809", "-9223372036854775808",
                                  "9223372036854775807", "9223372036854775808"},
                      IntegerCode{"Q", "-1", "0", "18446744073709551615", "18446744073709551616"}),
    [](const auto& row) { return std::string("Code_") + row.param.code; });

TEST_F(SharedValueOps, SinglePrecisionRounds) {
  Run(R"(
    - SharedValue.Create v typecode="f" initial=0.1 -> created=True
    - SharedValue.Get v -> value=0.10000000149011612
    - SharedValue.Set v value=16777217 -> ok
    - SharedValue.Get v -> value=16777216.0
    - SharedValue.Set v value=1e39 -> OVERFLOW
    - SharedValue.Set v value=-3.5e38 -> OVERFLOW
    - SharedValue.Set v value=inf -> ok
    - SharedValue.Get v -> value=inf
    - SharedValue.Set v value=3.4028234e38 -> ok
    - SharedValue.Set v value="1" -> TYPECODE_MISMATCH "number"
  )");
}

TEST_F(SharedValueOps, DoublePrecisionTakesIntegersAsReals) {
  Run(R"(
    - SharedValue.Create v typecode="d" initial=3 -> created=True
    - SharedValue.Get v -> value=3.0
    - SharedValue.Set v value=True -> ok
    - SharedValue.Get v -> value=1.0
    - SharedValue.Set v value=18446744073709551616 -> ok
    - SharedValue.Get v -> value=18446744073709551616.0
    - SharedValue.Set v value=None -> TYPECODE_MISMATCH
  )");
}

TEST_F(SharedValueOps, BooleanCodeTakesBooleansOnly) {
  Run(R"(
    - SharedValue.Create v typecode="?" initial=True -> created=True
    - SharedValue.Set v value=1 -> TYPECODE_MISMATCH "boolean"
    - SharedValue.Set v value=False -> ok
  )");
}

TEST_F(SharedValueOps, CharacterCodesTakeExactlyOne) {
  Run(R"(
    - SharedValue.Create c typecode="c" initial=b"\xff" -> created=True
    - SharedValue.Set c value=b"ab" -> TYPECODE_MISMATCH "length 1"
    - SharedValue.Set c value=b"" -> TYPECODE_MISMATCH
    - SharedValue.Set c value="a" -> TYPECODE_MISMATCH
    - SharedValue.Create u typecode="u" initial="é" -> created=True
    - SharedValue.Set u value="😀" -> ok
    - SharedValue.Set u value="ab" -> TYPECODE_MISMATCH "one code point"
    - SharedValue.Set u value="" -> TYPECODE_MISMATCH
    - SharedValue.Set u value=b"a" -> TYPECODE_MISMATCH
    - SharedValue.Get u -> value="😀"
  )");
}

TEST_F(SharedValueOps, InitialValueMustFitTheTypecode) {
  Run(R"(
    - SharedValue.Create v typecode="b" initial=128 -> OVERFLOW
    - SharedValue.Create v typecode="b" initial="a" -> TYPECODE_MISMATCH
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(SharedValueOps, CreateLeavesAnExistingValueAsItIs) {
  Run(R"(
    - SharedValue.Create v initial=1 -> created=True version=1
    - SharedValue.Create v typecode="i" initial=2 -> created=False version=1
    - SharedValue.Get v -> value=1 typecode=""
    - SharedValue.Create v exclusive=True -> OBJECT_EXISTS
  )");
}

TEST_F(SharedValueOps, ModifyReturnsOldAndNew) {
  Run(R"(
    - SharedValue.Modify v operator=ADD operand=5 -> previous=None value=5 version=1
    - SharedValue.Modify v operator=MULTIPLY operand=3 -> previous=5 value=15 version=2
    - SharedValue.Modify v operator=FLOOR_DIVIDE operand=-2 -> value=-8
    - SharedValue.Modify v operator=MODULO operand=5 -> value=2
    - SharedValue.Modify v operator=DIVIDE operand=4 -> value=0.5
    - SharedValue.Modify v operator=MAX operand=3 -> value=3
    - SharedValue.Modify v operator=MIN operand=1 -> value=1
    - SharedValue.Modify v operator=SUBTRACT operand=0.5 -> value=0.5
  )");
}

TEST_F(SharedValueOps, NullCountsAsTheOperandsZero) {
  Run(R"(
    - SharedValue.Modify a operator=ADD operand="text" -> value="text"
    - SharedValue.Modify b operator=ADD operand=[1] -> value=[1]
    - SharedValue.Modify c operator=ADD operand=b"x" -> value=b"x"
    - SharedValue.Modify d operator=SUBTRACT operand=2.5 -> value=-2.5
    - SharedValue.Modify e operator=MIN operand=3 -> value=0
    - SharedValue.Modify f operator=ADD operand=None -> UNSUPPORTED_OPERAND
  )");
}

TEST_F(SharedValueOps, FailedModifyChangesNothing) {
  Run(R"(
    - SharedValue.Create v typecode="b" initial=100 -> created=True version=1
    - SharedValue.Modify v operator=ADD operand=28 -> OVERFLOW
    - SharedValue.Modify v operator=DIVIDE operand=2 -> TYPECODE_MISMATCH
    - SharedValue.Modify v operator=DIVIDE operand=0 -> DIVISION_BY_ZERO
    - SharedValue.Modify v operator=ADD operand="x" -> UNSUPPORTED_OPERAND
    - SharedValue.Modify v operand=1 -> INVALID_ARGUMENT
    - SharedValue.Modify v operator=99 operand=1 -> INVALID_ARGUMENT "99"
    - SharedValue.Get v -> value=100 version=1
  )");
}

TEST_F(SharedValueOps, CompareExchangeFollowsPythonsEquality) {
  Run(R"(
    - SharedValue.Set v value=1 -> version=1
    - SharedValue.CompareExchange v expected=2 desired=3 -> exchanged=False current=1 version=1
    - SharedValue.CompareExchange v expected=1.0 desired=3 -> exchanged=True current=3 version=2
    - SharedValue.CompareExchange v expected="3" desired=4 -> exchanged=False current=3
    - SharedValue.CompareExchange w expected=None desired=1 -> exchanged=True current=1
  )");
}

TEST_F(SharedValueOps, CompareExchangeChecksWhatItWouldStore) {
  Run(R"(
    - SharedValue.Create v typecode="b" initial=1 -> created=True
    - SharedValue.CompareExchange v expected=1 desired=128 -> OVERFLOW
    - SharedValue.CompareExchange v expected=2 desired=128 -> OVERFLOW
    - SharedValue.Get v -> value=1
  )");
}

TEST_F(SharedValueOps, SetWithAStaleVersionChangesNothing) {
  Run(R"(
    - SharedValue.Set v value=1 if_version=0 -> version=1
    - SharedValue.Set v value=2 if_version=0 -> VERSION_MISMATCH "version 1, not 0"
    - SharedValue.Set v value=2 if_version=1 -> version=2
    - SharedValue.Get v -> value=2
  )");
}

TEST_F(SharedValueOps, WaitReturnsAtOnceWhenTheVersionIsPast) {
  Run(R"(
    - SharedValue.Set v value=7 -> version=1
    - SharedValue.Wait v since_version=0 -> changed=True value=7 version=1
    - SharedValue.Wait v since_version=1 timeout_ms=0 -> changed=False value=7 version=1
  )");
}

TEST_F(SharedValueOps, EveryWatcherIsWokenByTheNextWrite) {
  Run(R"(
    - SharedValue.Set v value=1 -> version=1
    - SharedValue.Wait v since_version=1 -> parked #a
    - SharedValue.Wait v since_version=3 -> parked #b
    - SharedValue.Wait v since_version=1 -> parked #c
    - SharedValue.Modify v operator=ADD operand=1 -> version=2
      ; #a changed=True value=2 version=2; #c changed=True value=2
    - SharedValue.CompareExchange v expected=9 desired=1 -> exchanged=False
    - SharedValue.Set v value=1 -> version=3
    - SharedValue.CompareExchange v expected=1 desired=5 -> exchanged=True; #b value=5 version=4
  )");
}

TEST_F(SharedValueOps, WatcherThatTimesOutGetsTheValue) {
  Run(R"(
    - SharedValue.Set v value=1 -> version=1
    - SharedValue.Wait v since_version=1 timeout_ms=10 -> parked #a
    advance 10 -> #a changed=False value=1 version=1
  )");
}

TEST_F(SharedValueOps, WatcherOfAMissingValueSeesItMade) {
  Run(R"(
    - SharedValue.Wait v -> parked #a
    - SharedValue.Create v typecode="i" initial=4 -> created=True version=1
      ; #a changed=True value=4 version=1
    - SharedValue.Get v -> typecode="i"
  )");
}

TEST_F(SharedValueOps, WatcherThatGoesAwayLeavesNoObjectBehind) {
  Run(R"(
    - SharedValue.Wait v timeout_ms=0 -> changed=False
    - Admin.Objects -> objects=[]
    - SharedValue.Wait v timeout_ms=10 -> parked #a
    - SharedValue.Wait v -> parked #b
    - Admin.Objects -> objects=[{name="v" waiters=2}]
    advance 10 -> #a changed=False
    - Admin.Objects -> objects=[{name="v" waiters=1}]
    cancel #b -> #b CANCELLED
    - Admin.Objects -> objects=[]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
