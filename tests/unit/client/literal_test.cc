// coheldctl's values: from words of the command line, and to JSON.
#include "client/cli/literal.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client/cli/base64.h"

namespace coheld::cli {
namespace {

TEST(LiteralTest, JsonIsReadAsJson) {
  EXPECT_EQ(ParseLiteral("5"), Value(5));
  EXPECT_EQ(ParseLiteral("-1.5"), Value(-1.5));
  EXPECT_EQ(ParseLiteral("true"), Value(true));
  EXPECT_TRUE(ParseLiteral("null").is_null());
  EXPECT_EQ(ParseLiteral("\"5\""), Value("5"));
  EXPECT_EQ(ParseLiteral("[1, [2]]"), Value(ValueList{{1, ValueList{{2}}}}));
}

TEST(LiteralTest, AllElseIsTextAsItStands) {
  for (const std::string word : {"hello", "10.0.0.1", "two words", "", "[x", "01", "NaN", "True"}) {
    EXPECT_EQ(ParseLiteral(word), Value(word)) << word;
  }
}

TEST(LiteralTest, MapsKeepTheirOrder) {
  const Value map = ParseLiteral(R"({"b": 1, "a": {"c": []}})");
  EXPECT_EQ(map.get<Map>().entries.at(0).key, Value("b"));
  EXPECT_EQ(ToJson(map).dump(), R"({"b":1,"a":{"c":[]}})");
}

TEST(LiteralTest, BigIntegersLoseNothing) {
  const std::string digits = "123456789012345678901234567890";
  EXPECT_EQ(ParseLiteral(digits), Value(BigInteger{digits}));
  EXPECT_EQ(ParseLiteral("18446744073709551615"), Value(BigInteger{"18446744073709551615"}));
}

TEST(LiteralTest, WhatJsonLacksSurvivesARoundTrip) {
  for (const Value& value :
       {Value(Bytes{std::string("\0\xff", 2)}), Value(BigInteger{"99999999999999999999"}),
        Value(Map{{{1, "a"}, {Tuple{{2}}, "b"}}}), Value(INFINITY)}) {
    const Value back = ParseLiteral(ToJson(value).dump());
    if (value.kind() == Value::Kind::kMap) {
      EXPECT_EQ(back.get<Map>().entries.size(), 2u);
    } else {
      EXPECT_EQ(back, value);
    }
  }
}

TEST(LiteralTest, ArraysAreHiddenAndRevealed) {
  for (const std::string word : {"[1,2]", " [1]", "  [", "a", " a", ""}) {
    EXPECT_EQ(RevealArray(HideArray(word)), word);
  }
  EXPECT_NE(HideArray("[1]").front(), '[');
}

TEST(Base64Test, FollowsTheRfcsExamples) {
  const std::string text = "foobar";
  const std::string encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t length = 0; length <= text.size(); ++length) {
    EXPECT_EQ(EncodeBase64(text.substr(0, length)), encoded[length]);
    EXPECT_EQ(DecodeBase64(encoded[length]), text.substr(0, length));
  }
}

}  // namespace
}  // namespace coheld::cli
