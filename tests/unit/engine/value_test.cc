// Values: equality, order, hash, arithmetic and the codec, against CPython's answers.
#include "server/engine/value.h"

#include <array>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "proto/wire/status.h"
#include "server/engine/limits.h"
#include "server/engine/sip_hash.h"
#include "server/engine/value_codec.h"
#include "tests/unit/engine/notation.h"

namespace coheld::engine {
namespace {

using testing::Reader;

// Reads a value in the notation.
Value Read(Reader* reader) {
  const wire::Result<Value> value = FromWire(ToValue(reader->ReadTerm()));
  EXPECT_TRUE(value.ok()) << value.failure().message;
  return value.value();
}

Value Make(std::string_view text) {
  Reader reader(text);
  return Read(&reader);
}

v1::Value Wire(std::string_view text) {
  Reader reader(text);
  return ToValue(reader.ReadTerm());
}

// Writes a value in the notation.
std::string Show(const Value& value) {
  v1::Value wire;
  ToWire(value, &wire);
  return testing::Show(wire);
}

std::string ShowResult(const wire::Result<Value>& result) {
  return result.ok() ? Show(result.value()) : wire::ReasonWord(result.failure().reason);
}

v1::Operator OperatorOf(std::string_view sign) {
  constexpr std::array<std::string_view, 12> kSigns = {"",  "+",   "-",   "*", "/", "//",
                                                       "%", "min", "max", "&", "|", "^"};
  for (size_t number = 1; number < kSigns.size(); ++number) {
    if (kSigns[number] == sign) return static_cast<v1::Operator>(number);
  }
  return v1::OPERATOR_UNSPECIFIED;
}

std::string Evaluate(const Value& left, const std::string& sign, const Value& right) {
  if (sign == "==") return left == right ? "True" : "False";
  if (sign != "<") return ShowResult(Apply(OperatorOf(sign), left, right));
  const wire::Result<std::partial_ordering> order = Compare(left, right);
  if (!order.ok()) return wire::ReasonWord(order.failure().reason);
  return order.value() < 0 ? "True" : "False";
}

// Checks one line, `left OPERATOR right -> answer`.
void CheckLine(const std::string& line) {
  SCOPED_TRACE(line);
  Reader reader(line);
  const Value left = Read(&reader);
  const std::string sign = reader.Word();
  const Value right = Read(&reader);
  ASSERT_TRUE(reader.Take("->"));
  reader.AtEnd();
  // Written once more, so that Python's way of writing does not matter.
  Reader ahead = reader;
  const std::string word = ahead.Identifier();
  const bool reason = wire::ReasonOf(word) != v1::ERROR_REASON_UNSPECIFIED;
  EXPECT_EQ(Evaluate(left, sign, right), reason ? word : Show(Read(&reader)));
  EXPECT_EQ(left == right, right == left);
  if (left == right && left.hashable() && right.hashable()) {
    EXPECT_EQ(left.Hash(), right.Hash());
  }
}

void CheckTable(std::string_view table) {
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    const size_t start = line.find_first_not_of(' ');
    if (start != line.npos && line[start] != '/') CheckLine(line.substr(start));
  }
}

TEST(Value, AnswersAsCpythonDoesOnRandomOperands) {
  std::ifstream file(COHELD_ENGINE_TABLES "/value_table.txt");
  ASSERT_TRUE(file);
  std::ostringstream table;
  table << file.rdbuf();
  CheckTable(table.str());
}

TEST(Value, IntegersAndRealsCompareExactly) {
  CheckTable(R"(
    9007199254740993 == 9007199254740992.0 -> False
    9007199254740992.0 < 9007199254740993 -> True
    9007199254740993 < 9007199254740992.0 -> False
    9223372036854775807 == 9223372036854775808.0 -> False
    9223372036854775808 == 9223372036854775808.0 -> True
    -9223372036854775808 == -9223372036854775808.0 -> True
    18446744073709551616 == 18446744073709551616.0 -> True
    18446744073709551617 == 18446744073709551616.0 -> False
    18446744073709551616.0 < 18446744073709551617 -> True
    1e300 < 18446744073709551616 -> False
    18446744073709551616 < inf -> True
    -inf < -18446744073709551616 -> True
    18446744073709551616 < nan -> False
    0.5 < 1 -> True
    -1 < -0.5 -> True
    0 == -0.0 -> True
  )");
}

TEST(Value, EqualityIsPythons) {
  CheckTable(R"(
    True == 1 -> True
    True == 1.0 -> True
    False == 0.0 -> True
    None == 0 -> False
    None == None -> True
    nan == nan -> False
    "1" == 1 -> False
    "a" == b"a" -> False
    [1, 2] == [1.0, 2] -> True
    [1, 2] == (1, 2) -> False
    {1, 2} == {2, 1.0} -> True
    {1, 2} == {1, 3} -> False
    set() == {} -> False
    {1: "a", 2: "b"} == {2: "b", 1: "a"} -> True
    {1: "a"} == {1: "b"} -> False
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10} == {10, 9, 8, 7, 6, 5, 4, 3, 2, 1.0} -> True
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10} == {10, 9, 8, 7, 6, 5, 4, 3, 2, 11} -> False
    ref("a", "list") == ref("a", "list") -> True
    ref("a", "list") == ref("a", "dict") -> False
    opaque("pickle", "x") == opaque("pickle", "x") -> True
    opaque("pickle", "x") == opaque("pickl", "ex") -> False
  )");
}

TEST(Value, OrderIsPythons) {
  CheckTable(R"(
    None < None -> NOT_ORDERABLE
    1 < "a" -> NOT_ORDERABLE
    "a" < b"a" -> NOT_ORDERABLE
    [1] < (1,) -> NOT_ORDERABLE
    {} < {} -> NOT_ORDERABLE
    ref("a", "list") < ref("b", "list") -> NOT_ORDERABLE
    "" < "a" -> True
    "a" < "aa" -> True
    "z" < "\303\251" -> True
    b"\000" < b"\377" -> True
    [] < [1] -> True
    [None, 1] < [None, 2] -> True
    [1, "a"] < [2, 3] -> True
    [1, "a"] < [1, 3] -> NOT_ORDERABLE
    {1} < {1, 2} -> True
    {1, 3} < {1, 2} -> False
    {1, 2} < {1, 2} -> False
  )");
}

TEST(Value, ArithmeticRefusesWhatPythonRefuses) {
  CheckTable(R"(
    1 + "a" -> UNSUPPORTED_OPERAND
    "a" - "a" -> UNSUPPORTED_OPERAND
    [1] + (1,) -> UNSUPPORTED_OPERAND
    None + 1 -> UNSUPPORTED_OPERAND
    {1: 2} + {1: 2} -> UNSUPPORTED_OPERAND
    1.5 & 1 -> UNSUPPORTED_OPERAND
    "a" * 1.0 -> UNSUPPORTED_OPERAND
    1 min "a" -> NOT_ORDERABLE
    True & False -> False
    True | 2 -> 3
    1 min 1.0 -> 1
    1 max 1.0 -> 1
    2 * "ab" -> "abab"
    "ab" * -99999999999999999999 -> ""
  )");
}

TEST(Value, ResultsHaveALimit) {
  CheckTable(R"(
    "ab" * 9223372036854775807 -> TOO_LARGE
    [None] * 99999999999999999999 -> TOO_LARGE
    "" * 99999999999999999999 -> ""
  )");
  const Value largest = Value::BigInteger(std::string(kIntegerDigitsMax, '9'));
  EXPECT_EQ(ShowResult(Add(largest, Value::Integer(1))), "OVERFLOW");
  EXPECT_EQ(ShowResult(Add(largest, Value::Real(1))), "OVERFLOW");
  EXPECT_EQ(ShowResult(Add(largest, Value::Integer(0))), std::string(kIntegerDigitsMax, '9'));
  const Value half = Value::Text(std::string(kGrowthBytesMax / 2 + 1, 'x'));
  EXPECT_EQ(ShowResult(Add(half, half)), "TOO_LARGE");
}

TEST(Value, KeysAreTheSameWhereEqualAndNanIsItself) {
  EXPECT_TRUE(SameKey(Make("nan"), Make("-nan")));
  EXPECT_TRUE(SameKey(Make("(1, nan)"), Make("(1.0, nan)")));
  EXPECT_EQ(Make("(1, nan)").Hash(), Make("(1.0, -nan)").Hash());
  EXPECT_FALSE(SameKey(Make("nan"), Make("1.0")));
}

TEST(Value, OnlyWhatCannotChangeIsHashable) {
  for (const char* text :
       {"None", "1", "nan", "\"a\"", "(1, (2, \"a\"))", "ref(\"a\", \"list\")"}) {
    EXPECT_TRUE(Make(text).hashable()) << text;
  }
  for (const char* text : {"[]", "{}", "set()", "(1, [2])", "((), ({},))"}) {
    EXPECT_FALSE(Make(text).hashable()) << text;
  }
}

TEST(Value, HashIsSipHash13) {
  // From the reference implementation: key 00..0f, input 00..0e.
  std::string input;
  for (char byte = 0; byte < 15; ++byte) input += byte;
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  EXPECT_EQ(SipHash13(key, input), 0xd320d86d2a519956u);
  EXPECT_EQ(SipHash13(key, ""), 0xabac0158050fc4dcu);
  EXPECT_EQ(SipHash13(key, input.substr(0, 8)), SipHash13(key, uint64_t{0x0706050403020100}));
}

TEST(Value, StringsOfEachLengthSurviveCopyAndMove) {
  for (size_t length = 0; length < 40; ++length) {
    const std::string text(length, 'x');
    Value value = Value::Text(text);
    Value copy = value;
    Value moved = std::move(value);
    EXPECT_EQ(copy.text(), text);
    EXPECT_EQ(moved.text(), text);
    EXPECT_EQ(value.kind(), ValueKind::kNull);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved.owned_bytes(), length <= 14 ? 0 : length);
    moved = Value::Integer(1);
    EXPECT_EQ(copy, Value::Text(text));
  }
}

TEST(ValueCodec, EveryKindComesBackAsItWas) {
  for (const char* text : {"None",
                           "True",
                           "-5",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "9223372036854775808",
                           "-9223372036854775809",
                           "1.5",
                           "-0.0",
                           "inf",
                           "nan",
                           "\"text\"",
                           "b\"\\377\"",
                           "[1, [2]]",
                           "(1,)",
                           "()",
                           "{1, 2}",
                           "set()",
                           "{1: 2, \"a\": [None]}",
                           "{}",
                           "ref(\"name of a list\", \"list\")",
                           "opaque(\"pickle\", b\"data\")"}) {
    EXPECT_EQ(Show(Make(text)), text);
    EXPECT_EQ(ShortText(Make(text)).empty(), false);
  }
  EXPECT_EQ(Show(FromWire(v1::Value()).value()), "None");
}

TEST(ValueCodec, RepeatedKeysCollapse) {
  EXPECT_EQ(Show(Make("{1, 2, True, 2.0}")), "{1, 2}");
  EXPECT_EQ(Show(Make("{1: \"a\", 2: \"b\", True: \"c\"}")), "{1: \"c\", 2: \"b\"}");
  EXPECT_EQ(Show(Make("{1, 2, 3, 4, 5, 6, 7, 8, 9, 1.0, nan, nan}")),
            "{1, 2, 3, 4, 5, 6, 7, 8, 9, nan}");
  EXPECT_EQ(Show(Make("{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 0.0: 9, False: 10}")),
            "{0: 10, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8}");
}

TEST(ValueCodec, BadBigIntegersAreRefused) {
  for (const std::string& digits :
       {std::string(), std::string("-"), std::string("12a"), std::string("007"),
        std::string("-00000000000000000000000"), std::string("5"),
        std::string("+99999999999999999999"), std::string("9223372036854775807"),
        std::string("-9223372036854775808"), std::string(kIntegerDigitsMax + 1, '1')}) {
    v1::Value wire;
    wire.set_big_integer(digits);
    EXPECT_EQ(ShowResult(FromWire(wire)), "INVALID_VALUE") << digits;
  }
}

TEST(ValueCodec, UnhashableKeysAreRefused) {
  for (const char* text : {"{[1]}", "{(1, [2])}", "{[1]: 2}", "[{{1}: 1}]"}) {
    EXPECT_EQ(ShowResult(FromWire(Wire(text))), "NOT_HASHABLE") << text;
  }
  EXPECT_EQ(ShowResult(KeyFromWire(Wire("[1]"))), "NOT_HASHABLE");
  EXPECT_EQ(ShowResult(KeyFromWire(Wire("({},)"))), "NOT_HASHABLE");
}

TEST(ValueCodec, NestingHasALimit) {
  v1::Value wire;
  for (int depth = 0; depth < kNestingMax; ++depth) {
    v1::Value outer;
    *outer.mutable_list()->add_items() = wire;
    wire = outer;
  }
  EXPECT_TRUE(FromWire(wire).ok());
  v1::Value outer;
  *outer.mutable_map()->add_entries()->mutable_value() = wire;
  EXPECT_EQ(ShowResult(FromWire(outer)), "INVALID_VALUE");
}

TEST(ValueText, IsShortAndPrintable) {
  EXPECT_EQ(ShortText(Make("{\"a\": (1,), 2: [None, True, 1.0]}")),
            "{'a': (1,), 2: [None, True, 1.0]}");
  EXPECT_EQ(ShortText(Make("b\"\\000'\"")), "b'\\x00\\''");
  EXPECT_LT(ShortText(Value::Text(std::string(1 << 20, 'x'))).size(), 80u);
  EXPECT_LT(ShortText(Value::List(Value::Items(100000))).size(), 80u);
}

}  // namespace
}  // namespace coheld::engine
