// Messages read and written without objects are those of the protos.
#include "server/engine/plain_messages.h"

#include <gtest/gtest.h>

#include "coheld/v1/dict.pb.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

// One value of each kind, and what is at the edges.
std::vector<v1::Value> Values() {
  std::vector<v1::Value> values(19);
  auto next = values.begin();
  (next++)->set_null(v1::NULL_UNSPECIFIED);
  (next++)->set_boolean(false);
  (next++)->set_boolean(true);
  (next++)->set_integer(0);
  (next++)->set_integer(-1);
  (next++)->set_integer(INT64_MIN);
  (next++)->set_integer(INT64_MAX);
  (next++)->set_big_integer("123456789012345678901234567890");
  (next++)->set_real(-0.5);
  (next++)->set_text("");
  (next++)->set_text("key-1");
  (next++)->set_text("a text that is longer than what stands inline, by far");
  (next++)->set_text("naïve");
  (next++)->set_bytes(std::string("\x00\xFF", 2));
  (next++)->mutable_list()->add_items()->set_integer(1);
  (next++)->mutable_tuple()->add_items()->set_text("in a tuple");
  v1::Entry* const entry = (next++)->mutable_map()->add_entries();
  entry->mutable_key()->set_integer(1);
  entry->mutable_value()->set_text("in a map");
  (next++)->mutable_ref()->set_name("other");
  (next++)->mutable_opaque()->set_data("pickle");
  return values;
}

TEST(PlainMessagesTest, EveryValueIsReadAsFromItsMessage) {
  for (const v1::Value& wire : Values()) {
    const Value expected = FromWire(wire).value();
    const Value read = FromSerialised(wire.SerializeAsString()).value();
    EXPECT_EQ(read, expected) << wire.ShortDebugString();
    EXPECT_EQ(read.kind(), expected.kind()) << wire.ShortDebugString();
  }
}

TEST(PlainMessagesTest, EveryReplyIsWrittenAsItsMessage) {
  for (const v1::Value& wire : Values()) {
    for (const uint64_t version : {uint64_t{0}, uint64_t{7}, UINT64_MAX}) {
      v1::DictGetReply message;
      *message.mutable_value() = wire;
      message.set_version(version);
      const Value value = FromWire(wire).value();
      ValueAndVersion reply;
      reply.set_value(&value);
      reply.set_version(version);
      std::string out;
      reply.Write(&out);
      EXPECT_EQ(out, message.SerializeAsString()) << wire.ShortDebugString();
    }
  }
}

TEST(PlainMessagesTest, AReplyWithoutAValueHasNone) {
  ValueAndVersion reply;
  reply.set_version(3);
  std::string out;
  reply.Write(&out);
  v1::DictGetReply message;
  ASSERT_TRUE(message.ParseFromString(out));
  EXPECT_FALSE(message.has_value());
  EXPECT_EQ(message.version(), 3U);
}

// What a request says: its name and key, or why there are none.
std::string Read(std::string_view payload) {
  KeyRequest request;
  if (!request.Read(payload)) return "malformed";
  const wire::Result<Value> key = request.key();
  const std::string opaque = request.refuse_opaque() ? " refuses opaque" : "";
  if (key.ok()) return request.name() + " " + ShortText(key.value()) + opaque;
  if (key.failure().reason == v1::ERROR_REASON_MALFORMED) return "malformed";
  return request.name() + " " + key.failure().message;
}

// The same by way of the message.
std::string ReadMessage(std::string_view payload) {
  v1::DictGetRequest message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return "malformed";
  const wire::Result<Value> key = KeyFromWire(message.key());
  const std::string opaque = message.refuse_opaque() ? " refuses opaque" : "";
  return message.name() + " " +
         (key.ok() ? ShortText(key.value()) + opaque : key.failure().message);
}

TEST(PlainMessagesTest, EveryRequestIsReadAsItsMessage) {
  for (const v1::Value& wire : Values()) {
    for (const std::string name : {"", "d", "a-name-that-is-longer-than-inline", "wörter"}) {
      v1::DictGetRequest message;
      message.set_name(name);
      message.set_refuse_opaque(name.empty());
      *message.mutable_key() = wire;
      const std::string payload = message.SerializeAsString();
      EXPECT_EQ(Read(payload), ReadMessage(payload)) << message.ShortDebugString();
    }
  }
}

TEST(PlainMessagesTest, WhatOnlyProtobufAllowsIsReadAsItDoes) {
  v1::DictGetRequest first;
  first.set_name("first");
  first.mutable_key()->set_text("one");
  v1::DictGetRequest second;
  second.set_name("second");
  second.mutable_key()->set_integer(2);
  v1::DictGetRequest tuple;
  tuple.mutable_key()->mutable_tuple()->add_items()->set_integer(3);
  const std::string unknown("\x78\x01", 2);  // Field 15.
  const std::string payloads[] = {
      "",
      first.SerializeAsString() + second.SerializeAsString(),
      tuple.SerializeAsString() + tuple.SerializeAsString(),
      unknown + first.SerializeAsString() + unknown,
      std::string("\x12\x00", 2),
      std::string("\x0A\x01\xFF", 3),
      first.SerializeAsString() + "\x0A",
      std::string("\x12\x03\x32\x01\xFF", 5),
  };
  for (const std::string& payload : payloads) {
    EXPECT_EQ(Read(payload), ReadMessage(payload)) << testing::PrintToString(payload);
  }
}

TEST(PlainMessagesTest, AKeyThatIsNoValueIsMalformed) {
  EXPECT_EQ(FromSerialised("\x32\x05 cut").failure().reason, v1::ERROR_REASON_MALFORMED);
}

TEST(PlainMessagesTest, OfSeveralKindsTheLastOneCounts) {
  v1::Value text;
  text.set_text("text");
  v1::Value integer;
  integer.set_integer(4);
  EXPECT_EQ(FromSerialised(text.SerializeAsString() + integer.SerializeAsString()).value(),
            Value::Integer(4));
}

}  // namespace
}  // namespace coheld::engine
