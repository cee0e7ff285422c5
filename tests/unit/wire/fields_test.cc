// Fields read and written by hand are those that protobuf reads and writes.
#include "proto/wire/fields.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "coheld/v1/session.pb.h"
#include "proto/wire/call_frame.h"

namespace coheld::wire {
namespace {

uint64_t AnyNumber(std::mt19937_64& random) { return random() >> random() % 64; }

std::string AnyBytes(std::mt19937_64& random, size_t size_max) {
  std::string bytes(random() % size_max, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(FieldsTest, ACallRequestIsReadAsProtobufWritesIt) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    v1::CallRequest message;
    message.set_id(AnyNumber(random));
    message.set_method(static_cast<uint32_t>(AnyNumber(random)));
    message.set_payload(AnyBytes(random, 300));
    message.set_thread(AnyNumber(random));
    message.set_deadline_ms(AnyNumber(random));
    message.set_seq(AnyNumber(random));
    message.set_acked(AnyNumber(random));
    message.set_lane(static_cast<uint32_t>(AnyNumber(random)));
    message.set_token(AnyNumber(random));
    message.set_site("worker.py:" + std::to_string(round) + " take");
    const std::string bytes = message.SerializeAsString();
    CallRequestView view;
    ASSERT_TRUE(ParseCallRequest(bytes, &view));
    EXPECT_EQ(view.id, message.id());
    EXPECT_EQ(view.method, message.method());
    EXPECT_EQ(view.payload, message.payload());
    EXPECT_EQ(view.thread, message.thread());
    EXPECT_EQ(view.deadline_ms, message.deadline_ms());
    EXPECT_EQ(view.seq, message.seq());
    EXPECT_EQ(view.acked, message.acked());
    EXPECT_EQ(view.lane, message.lane());
    EXPECT_EQ(view.token, message.token());
    EXPECT_EQ(view.site, message.site());
  }
}

TEST(FieldsTest, WhatIsReadProtobufReadsToo) {
  std::mt19937_64 random(2);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = AnyBytes(random, 12);
    CallRequestView view;
    if (!ParseCallRequest(bytes, &view)) continue;
    ++read;
    v1::CallRequest message;
    ASSERT_TRUE(message.ParseFromString(bytes)) << testing::PrintToString(bytes);
    EXPECT_EQ(view.id, message.id());
    EXPECT_EQ(view.payload, message.payload());
  }
  EXPECT_GT(read, 100);
}

TEST(FieldsTest, TextIsWhatProtobufTakesAsText) {
  std::mt19937_64 random(4);
  const std::string parts[] = {"a",
                               "\xC3\xA9",
                               "\xE6\x97\xA5",
                               "\xF0\x9F\x98\x80",
                               "\xED\xA0\x80",      // A surrogate.
                               "\xC0\x80",          // Too long.
                               "\xE0\x9F\xBF",      // Too long.
                               "\xF0\x8F\xBF\xBF",  // Too long.
                               "\xF4\x90\x80\x80",  // Beyond Unicode.
                               "\x80",
                               "\xE6\x97"};
  int valid = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = AnyBytes(random, 6);
    if (round % 2 == 0) {
      bytes.clear();
      for (size_t i = random() % 4; i > 0; --i) bytes += parts[random() % std::size(parts)];
    }
    std::string wire = "\x52";  // CallRequest.site.
    wire += static_cast<char>(bytes.size());
    v1::CallRequest message;
    EXPECT_EQ(IsUtf8(bytes), message.ParseFromString(wire + bytes))
        << testing::PrintToString(bytes);
    valid += static_cast<int>(IsUtf8(bytes));
  }
  EXPECT_GT(valid, 1000);
}

TEST(FieldsTest, ACutMessageIsNotValid) {
  v1::CallRequest message;
  message.set_id(300);
  message.set_payload("payload");
  const std::string bytes = message.SerializeAsString();
  const std::string head = message.SerializeAsString().substr(0, 3);  // Up to the end of the id.
  for (size_t size = 1; size < bytes.size(); ++size) {
    CallRequestView view;
    EXPECT_EQ(ParseCallRequest(bytes.substr(0, size), &view), size == head.size()) << size;
  }
}

TEST(FieldsTest, GroupsAndFieldZeroAreRefused) {
  for (const std::string& bytes :
       {std::string("\x0B\x0C"), std::string("\x0C"), std::string(2, '\0')}) {
    CallRequestView view;
    EXPECT_FALSE(ParseCallRequest(bytes, &view));
  }
}

TEST(FieldsTest, TagsAndLengthsOfMoreThanFiveBytesAreRefused) {
  for (const std::string& bytes : {std::string("\x88\x80\x80\x80\x80\x00\x01", 7),
                                   std::string("\x52\x81\x80\x80\x80\x80\x00x", 8)}) {
    CallRequestView view;
    EXPECT_FALSE(ParseCallRequest(bytes, &view));
    EXPECT_FALSE(v1::CallRequest().ParseFromString(bytes));
  }
}

TEST(FieldsTest, ACallReplyIsReadByProtobuf) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    const uint64_t id = AnyNumber(random);
    const std::string payload = AnyBytes(random, 300);
    CallReplyHead head;
    v1::CallReply message;
    ASSERT_TRUE(message.ParseFromString(
        std::string(EncodeCallReplyHead(id, payload.size(), &head)).append(payload)));
    EXPECT_EQ(message.id(), id);
    EXPECT_EQ(message.payload(), payload);
  }
}

TEST(FieldsTest, ZigZagComesBack) {
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-300}, std::numeric_limits<int64_t>::min(),
        std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
  EXPECT_EQ(ZigZag(-1), 1U);
  EXPECT_EQ(ZigZag(1), 2U);
}

TEST(FieldsTest, AVarintTakesAsManyBytesAsSaid) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 2000; ++round) {
    const uint64_t number = AnyNumber(random);
    char out[kVarintBytesMax];
    EXPECT_EQ(static_cast<size_t>(WriteVarint(number, out) - out), VarintBytes(number)) << number;
  }
  EXPECT_EQ(VarintBytes(0), 1U);
}

TEST(FieldsTest, OneByteBeyondAsciiIsFoundAnywhere) {
  for (size_t size = 0; size < 20; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(IsAscii(text));
    for (char& byte : text) {
      byte = '\x80';
      EXPECT_FALSE(IsAscii(text));
      byte = '\x7F';
    }
  }
}

}  // namespace
}  // namespace coheld::wire
