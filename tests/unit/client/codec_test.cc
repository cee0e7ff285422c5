// Codec<T> carries C++ types through Value, and refuses what does not fit.
#include "coheld/codec.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

namespace coheld {
namespace {

template <typename T>
void ExpectRoundTrip(const T& value) {
  EXPECT_EQ(Codec<T>::decode(Codec<T>::encode(value)), value);
}

TEST(CodecTest, StandardTypesRoundTrip) {
  ExpectRoundTrip(true);
  ExpectRoundTrip<int8_t>(-128);
  ExpectRoundTrip<uint64_t>(18446744073709551615u);
  ExpectRoundTrip<uint64_t>(5);
  ExpectRoundTrip(1.5f);
  ExpectRoundTrip(std::string("text"));
  ExpectRoundTrip(Bytes{"bytes"});
  ExpectRoundTrip(std::optional<int>());
  ExpectRoundTrip(std::optional<int>(3));
  ExpectRoundTrip(std::vector<std::vector<int>>{{1}, {}, {2, 3}});
  ExpectRoundTrip(std::vector<bool>{true, false});
  ExpectRoundTrip(std::set<std::string>{"a", "b"});
  ExpectRoundTrip(std::map<int, std::string>{{1, "a"}});
  ExpectRoundTrip(std::unordered_map<std::string, double>{{"a", 1.5}});
  ExpectRoundTrip(std::tuple<int, std::string, bool>(1, "a", true));
  ExpectRoundTrip(std::pair<int, int>(1, 2));
}

TEST(CodecTest, IntegersThatDoNotFitAreRefused) {
  EXPECT_THROW(Codec<int8_t>::decode(128), BadConversion);
  EXPECT_THROW(Codec<unsigned>::decode(-1), BadConversion);
  EXPECT_THROW(Codec<uint64_t>::decode(BigInteger{"18446744073709551616"}), BadConversion);
  EXPECT_THROW(Codec<int64_t>::decode(BigInteger{"9223372036854775808"}), BadConversion);
}

TEST(CodecTest, OnlyHarmlessConversionsAreMade) {
  EXPECT_EQ(Codec<double>::decode(3), 3.0);
  EXPECT_EQ(Codec<int>::decode(true), 1);
  EXPECT_THROW(Codec<int>::decode(3.0), BadConversion);
  EXPECT_THROW(Codec<bool>::decode(1), BadConversion);
  EXPECT_THROW(Codec<std::string>::decode(Bytes{"b"}), BadConversion);
  EXPECT_THROW(Codec<int>::decode(nullptr), BadConversion);
}

TEST(CodecTest, TuplesOfAnotherSizeAreRefused) {
  EXPECT_THROW((Codec<std::pair<int, int>>::decode(Tuple{{1, 2, 3}})), BadConversion);
  EXPECT_THROW((Codec<std::pair<int, int>>::decode(5)), BadConversion);
}

TEST(CodecTest, ARefusalNamesTheValue) {
  try {
    Codec<int>::decode("seven");
    FAIL();
  } catch (const BadConversion& error) {
    EXPECT_NE(std::string(error.what()).find("'seven'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace coheld
