// Framing and gzip of messages.
#include "server/transport/message_reader.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "server/transport/gzip.h"
#include "tests/unit/seeds.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

constexpr size_t kMax = 1 << 20;

std::vector<std::string> ReadAll(MessageReader& reader, std::string_view bytes, Read* last) {
  std::vector<std::string> messages;
  reader.Give(bytes);
  while ((*last = reader.Next()) == Read::kMessage) messages.emplace_back(reader.message());
  return messages;
}

std::string Gzip(std::string_view bytes) { return DeflateGzip(bytes).value(); }

TEST(MessageReaderTest, ManyMessagesComeOutOfOneChunk) {
  MessageReader reader;
  reader.Reset(kMax);
  Read last{};
  const auto messages = ReadAll(reader, Framed("a") + Framed("") + Framed("ccc"), &last);
  EXPECT_EQ(messages, (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_EQ(last, Read::kPartial);
  EXPECT_FALSE(reader.HasRest());
}

TEST(MessageReaderTest, ChunksOfAnySizeGiveTheSameMessages) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::string> expected;
  std::string stream;
  for (int i = 0; i < 500; ++i) {
    expected.emplace_back(random() % 200, static_cast<char>('a' + i % 26));
    stream += Framed(expected.back());
  }
  MessageReader reader;
  reader.Reset(kMax);
  std::vector<std::string> messages;
  for (size_t at = 0; at < stream.size();) {
    const size_t size = std::min<size_t>(1 + random() % 300, stream.size() - at);
    Read last{};
    for (auto& message : ReadAll(reader, stream.substr(at, size), &last)) {
      messages.push_back(std::move(message));
    }
    ASSERT_EQ(last, Read::kPartial);
    at += size;
  }
  EXPECT_EQ(messages, expected);
}

TEST(MessageReaderTest, KeptBytesAreReadLater) {
  MessageReader reader;
  reader.Reset(kMax);
  const std::string first = Framed("one") + Framed("two") + Framed("three").substr(0, 7);
  reader.Give(first);
  ASSERT_EQ(reader.Next(), Read::kMessage);
  reader.Keep();
  reader.Give(std::string_view("ree"));
  reader.Keep();
  ASSERT_EQ(reader.Next(), Read::kMessage);
  EXPECT_EQ(reader.message(), "two");
  ASSERT_EQ(reader.Next(), Read::kMessage);
  EXPECT_EQ(reader.message(), "three");
  EXPECT_EQ(reader.Next(), Read::kPartial);
}

TEST(MessageReaderTest, LengthsOverTheLimitAreRefusedByThePrefixAlone) {
  MessageReader reader;
  reader.Reset(10);
  Read last{};
  ReadAll(reader, std::string_view("\0\0\0\0\x0B", 5), &last);
  EXPECT_EQ(last, Read::kRefused);
  EXPECT_EQ(reader.failure().reason, v1::ERROR_REASON_TOO_LARGE);
}

TEST(MessageReaderTest, AMessageAtTheLimitIsRead) {
  MessageReader reader;
  reader.Reset(10);
  Read last{};
  EXPECT_EQ(ReadAll(reader, Framed("0123456789"), &last).size(), 1U);
}

TEST(MessageReaderTest, UnknownFlagsAreRefused) {
  MessageReader reader;
  reader.Reset(kMax);
  Read last{};
  ReadAll(reader, std::string_view("\x02\0\0\0\0", 5), &last);
  EXPECT_EQ(last, Read::kRefused);
  EXPECT_EQ(reader.failure().reason, v1::ERROR_REASON_MALFORMED);
}

TEST(MessageReaderTest, CompressedMessagesNeedAnEncoding) {
  MessageReader reader;
  reader.Reset(kMax);
  Read last{};
  ReadAll(reader, Framed(Gzip(std::string(5000, 'x')), true), &last);
  EXPECT_EQ(last, Read::kRefused);
  EXPECT_EQ(reader.failure().reason, v1::ERROR_REASON_MALFORMED);
}

TEST(MessageReaderTest, GzipIsInflated) {
  MessageReader reader;
  reader.Reset(kMax);
  reader.set_encoding(Encoding::kGzip);
  const std::string text(500'000, 'x');
  Read last{};
  const auto messages = ReadAll(reader, Framed(Gzip(text), true) + Framed("plain"), &last);
  EXPECT_EQ(messages, (std::vector<std::string>{text, "plain"}));
}

TEST(MessageReaderTest, ABombIsRefusedAtTheLimit) {
  MessageReader reader;
  reader.Reset(kMax);
  reader.set_encoding(Encoding::kGzip);
  Read last{};
  ReadAll(reader, Framed(Gzip(std::string(kMax + 1, '\0')), true), &last);
  EXPECT_EQ(last, Read::kRefused);
  EXPECT_EQ(reader.failure().reason, v1::ERROR_REASON_TOO_LARGE);
}

TEST(GzipTest, ExactlyTheBoundIsNotTooLarge) {
  const std::string text(kMax, 'x');
  std::string out;
  EXPECT_EQ(InflateGzip(Gzip(text), kMax, &out), Inflated::kOk);
  EXPECT_EQ(out, text);
  EXPECT_EQ(InflateGzip(Gzip(text), kMax - 1, &out), Inflated::kTooLarge);
}

TEST(GzipTest, DamageIsFound) {
  const std::string whole = Gzip(std::string(5000, 'x'));
  std::string out;
  EXPECT_EQ(InflateGzip(whole.substr(0, whole.size() - 1), kMax, &out), Inflated::kMalformed);
  EXPECT_EQ(InflateGzip(whole + "x", kMax, &out), Inflated::kMalformed);
  EXPECT_EQ(InflateGzip("", kMax, &out), Inflated::kMalformed);
  EXPECT_EQ(InflateGzip("no gzip at all", kMax, &out), Inflated::kMalformed);
  std::string flipped = whole;
  flipped[flipped.size() - 6] ^= 1;  // In the checksum.
  EXPECT_EQ(InflateGzip(flipped, kMax, &out), Inflated::kMalformed);
}

TEST(GzipTest, WhatDoesNotShrinkIsNotCompressed) {
  std::mt19937 random(1);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_EQ(DeflateGzip(noise), std::nullopt);
}

}  // namespace
}  // namespace coheld::transport
