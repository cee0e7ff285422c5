// coheld::Value compares and prints as Python does, and survives the wire.
#include "coheld/value.h"

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "client/cpp/src/value_codec.h"
#include "coheld/error.h"

namespace coheld {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(ValueTest, NumbersOfAllKindsCompareByTheirSize) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(1), Value(true));
  EXPECT_EQ(Value(0), Value(false));
  EXPECT_LT(Value(1), Value(1.5));
  EXPECT_GT(Value(-1), Value(-1.5));
  EXPECT_NE(Value(2), Value(true));
}

TEST(ValueTest, IntegersThatNoDoubleHoldsCompareExactly) {
  EXPECT_NE(Value(kMax), Value(9223372036854775808.0));
  EXPECT_LT(Value(kMax), Value(9223372036854775808.0));
  EXPECT_EQ(Value(BigInteger{"9223372036854775808"}), Value(9223372036854775808.0));
  EXPECT_LT(Value(BigInteger{"-9223372036854775809"}), Value(-9223372036854775808.0));
}

TEST(ValueTest, BigIntegersCompareAsNumbers) {
  EXPECT_LT(Value(BigInteger{"99999999999999999999"}), Value(BigInteger{"100000000000000000000"}));
  EXPECT_GT(Value(BigInteger{"-99999999999999999999"}),
            Value(BigInteger{"-100000000000000000000"}));
  EXPECT_GT(Value(BigInteger{"99999999999999999999"}), Value(kMax));
  EXPECT_LT(Value(BigInteger{"99999999999999999999"}), Value(INFINITY));
}

TEST(ValueTest, LargeUnsignedNumbersBecomeBigIntegers) {
  EXPECT_EQ(Value(uint64_t{18446744073709551615u}), Value(BigInteger{"18446744073709551615"}));
  EXPECT_EQ(Value(uint64_t{5}).kind(), Value::Kind::kInteger);
}

TEST(ValueTest, NanEqualsNothing) {
  EXPECT_NE(Value(NAN), Value(NAN));
  EXPECT_EQ(Value(NAN) <=> Value(1), std::partial_ordering::unordered);
}

TEST(ValueTest, TextAndBytesAreNeverEqual) {
  EXPECT_NE(Value("a"), Value(Bytes{"a"}));
  EXPECT_EQ(Value("a") <=> Value(Bytes{"a"}), std::partial_ordering::unordered);
}

TEST(ValueTest, SequencesCompareItemByItem) {
  EXPECT_LT(Value(ValueList{{1, 2}}), Value(ValueList{{1, 3}}));
  EXPECT_LT(Value(Tuple{{1}}), Value(Tuple{{1, 0}}));
  EXPECT_NE(Value(Tuple{{1}}), Value(ValueList{{1}}));
  EXPECT_EQ(Value(ValueList{{1}}) <=> Value(ValueList{{"a"}}), std::partial_ordering::unordered);
}

TEST(ValueTest, SetsAndMapsIgnoreTheirOrder) {
  EXPECT_EQ(Value(ValueSet{{1, 2}}), Value(ValueSet{{2, 1}}));
  EXPECT_EQ(Value(Map{{{"a", 1}, {"b", 2}}}), Value(Map{{{"b", 2}, {"a", 1}}}));
  EXPECT_NE(Value(Map{{{"a", 1}}}), Value(Map{{{"a", 2}}}));
}

TEST(ValueTest, GetRefusesAnotherKind) {
  EXPECT_EQ(Value("text").get<std::string>(), "text");
  EXPECT_THROW(Value("text").get<int64_t>(), BadConversion);
}

TEST(ValueTest, PrintsAsPython) {
  const Value value =
      ValueList{{nullptr, true, -5, 2.0, 1e300, "it's", Bytes{"\x01z"}, Tuple{{1}}, ValueSet{},
                 Map{{{"k", 0.1}}}, BigInteger{"123456789012345678901"}}};
  EXPECT_EQ(to_string(value),
            "[None, True, -5, 2.0, 1e+300, \"it's\", b'\\x01z', (1,), set(), {'k': 0.1}, "
            "123456789012345678901]");
  std::ostringstream out;
  out << value;
  EXPECT_EQ(out.str(), to_string(value));
}

TEST(ValueTest, EveryKindSurvivesTheWire) {
  const std::vector<Value> values = {nullptr,
                                     true,
                                     kMax,
                                     BigInteger{"-99999999999999999999"},
                                     0.1,
                                     "text",
                                     Bytes{std::string("\0b", 2)},
                                     ValueList{{1, ValueList{{2}}}},
                                     Tuple{{1, "a"}},
                                     ValueSet{{1}},
                                     Map{{{1, "a"}, {"b", nullptr}}},
                                     Ref{"name", "list"},
                                     Opaque{"pickle", "data"}};
  for (const Value& value : values) {
    v1::Value message;
    core::ToMessage(value, &message);
    const Value back = core::FromMessage(std::move(message));
    EXPECT_EQ(back, value);
    EXPECT_EQ(back.kind(), value.kind());
  }
}

TEST(ValueTest, AValueWithoutAKindIsNull) { EXPECT_TRUE(core::FromMessage(v1::Value()).is_null()); }

}  // namespace
}  // namespace coheld
