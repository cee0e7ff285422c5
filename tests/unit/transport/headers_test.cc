// The texts in gRPC's headers.
#include "server/transport/headers.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/unit/seeds.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

TEST(HeadersTest, TimeoutsAreRoundedUpToMilliseconds) {
  EXPECT_EQ(ParseTimeout("2H"), 7'200'000U);
  EXPECT_EQ(ParseTimeout("3M"), 180'000U);
  EXPECT_EQ(ParseTimeout("4S"), 4'000U);
  EXPECT_EQ(ParseTimeout("5m"), 5U);
  EXPECT_EQ(ParseTimeout("1u"), 1U);
  EXPECT_EQ(ParseTimeout("1001u"), 2U);
  EXPECT_EQ(ParseTimeout("1000000n"), 1U);
  EXPECT_EQ(ParseTimeout("0n"), 0U);
  EXPECT_EQ(ParseTimeout("99999999H"), 359'999'996'400'000U);
}

TEST(HeadersTest, MalformedTimeoutsAreFound) {
  for (const char* text : {"", "S", "5", "5s", "-1S", "1.5S", "123456789S", " 1S", "1 S", "1SS"}) {
    EXPECT_EQ(ParseTimeout(text), std::nullopt) << text;
  }
}

TEST(HeadersTest, MessagesArePercentEncoded) {
  EXPECT_EQ(PercentEncode("no \"key\" here"), "no \"key\" here");
  EXPECT_EQ(PercentEncode("50%\n"), "50%25%0A");
  EXPECT_EQ(PercentEncode("Schlüssel"), "Schl%C3%BCssel");
  EXPECT_EQ(PercentEncode(std::string_view("\0", 1)), "%00");
}

TEST(HeadersTest, Base64IsReadWithAndWithoutPadding) {
  EXPECT_EQ(DecodeBase64("YQ=="), "a");
  EXPECT_EQ(DecodeBase64("YQ"), "a");
  EXPECT_EQ(DecodeBase64("YWI="), "ab");
  EXPECT_EQ(DecodeBase64("YWJj"), "abc");
  EXPECT_EQ(DecodeBase64(""), "");
}

TEST(HeadersTest, MalformedBase64IsFound) {
  for (const char* text : {"Y", "Y Q", "YQ-_", "YWJjY", "===="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

TEST(HeadersTest, Base64ComesBackAsItWas) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  for (size_t size = 0; size < 100; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
  }
}

TEST(HeadersTest, OnlyGrpcContentTypesAreGrpc) {
  EXPECT_TRUE(IsGrpcContentType("application/grpc"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc+proto"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc;charset=utf-8"));
  EXPECT_FALSE(IsGrpcContentType("application/grpc-web"));
  EXPECT_FALSE(IsGrpcContentType("application/json"));
  EXPECT_FALSE(IsGrpcContentType(""));
}

TEST(HeadersTest, ListsAreSearchedByWholeTokens) {
  EXPECT_TRUE(ListHolds("identity, deflate, gzip", "gzip"));
  EXPECT_TRUE(ListHolds("gzip", "gzip"));
  EXPECT_FALSE(ListHolds("identity,gzipped", "gzip"));
  EXPECT_FALSE(ListHolds("", "gzip"));
}

TEST(HeadersTest, TextIsCutBetweenCharacters) {
  EXPECT_EQ(TruncateUtf8("aé", 2), "a");
  EXPECT_EQ(TruncateUtf8("aé", 3), "aé");
  EXPECT_EQ(TruncateUtf8("日本", 5), "日");
}

}  // namespace
}  // namespace coheld::transport
