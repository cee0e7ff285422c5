// Messages read and written without objects are those of the protos.
#include "server/engine/plain_messages.h"

#include <random>

#include <google/protobuf/reflection.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/plain_readings.h"
#include "tests/unit/seeds.h"

namespace coheld::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// One value of each kind, and what is at the edges.
std::vector<v1::Value> Values() {
  std::vector<v1::Value> values(20);
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
  return values;  // And one of no kind.
}

// Makes payloads that a client may send, and what no client does.
class Payloads {
 public:
  explicit Payloads(uint64_t seed) : random_(seed) {}

  // Returns the payload of a message with any of its fields set to anything.
  template <typename T>
  std::string Ordinary() {
    T message;
    Fill(&message);
    return message.SerializeAsString();
  }
  // The same with something odd about it: doubled, cut, with a field that is unknown or of another
  // type, or with a byte that is wrong.
  template <typename T>
  std::string Odd() {
    std::string payload = Ordinary<T>();
    switch (Below(6)) {
      case 0:
        return payload + Ordinary<T>();
      case 1:
        return payload.substr(0, Below(payload.size() + 1));
      case 2:
        return OddField() + payload + OddField();
      case 3:
        return payload + OddField();
      case 4:
        if (!payload.empty()) payload[Below(payload.size())] = static_cast<char>(Below(256));
        return payload;
      default:
        payload.insert(Below(payload.size() + 1), 1, static_cast<char>(Below(256)));
        return payload;
    }
  }

 private:
  size_t Below(size_t end) { return random_() % end; }

  std::string OddField() {
    std::string field(1, static_cast<char>(Below(256)));
    for (size_t n = Below(12); n > 0; --n) field += static_cast<char>(Below(2) * 0x80 + Below(4));
    return field;
  }

  void Fill(Message* message) {
    const Reflection& reflection = *message->GetReflection();
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message->GetDescriptor()->field(i);
      for (size_t n = Below(field.is_repeated() ? 4 : 2); n > 0; --n) {
        Set(field, reflection, message);
      }
    }
  }

  void Set(const FieldDescriptor& field, const Reflection& reflection, Message* message) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(message, &field, Below(2) == 0 ? "name" : "wörter");
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(message, &field, Number());
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(message, &field, static_cast<int64_t>(Number()));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(message, &field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(message, &field, static_cast<int>(Below(30)));
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        Message* const inner = field.is_repeated() ? reflection.AddMessage(message, &field)
                                                   : reflection.MutableMessage(message, &field);
        if (inner->GetDescriptor() != v1::Value::descriptor()) return Fill(inner);
        // Mostly what is read plainly.
        const size_t plain = Below(4) == 0 ? 0 : 7;
        return inner->CopyFrom(plain == 0 ? values_[Below(values_.size())] : values_[Below(plain)]);
      }
      default:
        FAIL() << "no message here has such a field";
    }
  }

  uint64_t Number() { return random_() >> Below(64); }

  std::mt19937_64 random_;
  const std::vector<v1::Value> values_ = Values();
};

template <typename Request>
class PlainRequest : public ::testing::Test {
 protected:
  // Returns how many of the payloads were read plainly.
  template <typename Make>
  int CompareReadings(Make make) {
    int plainly = 0;
    for (int round = 0; round < kRounds && !this->HasFailure(); ++round) {
      const std::string payload = make();
      bool read = false;
      EXPECT_EQ(engine::testing::Difference<Request>(payload, &read), "")
          << "seed " << seed_ << ", payload " << ::testing::PrintToString(payload);
      plainly += read ? 1 : 0;
    }
    return plainly;
  }

  static constexpr int kRounds = 3000;
  const uint64_t seed_ = coheld::testing::FirstSeed();
  Payloads payloads_{seed_};
};

template <typename... Requests>
::testing::Types<Requests...> TypesOf(plain::RequestList<Requests...>);
using AllRequests = decltype(TypesOf(plain::Requests()));
TYPED_TEST_SUITE(PlainRequest, AllRequests);

TYPED_TEST(PlainRequest, SaysWhatTheMessageDoesAndIsMostlyReadPlainly) {
  using Generated = typename TypeParam::Message;
  const int plainly =
      this->CompareReadings([&] { return this->payloads_.template Ordinary<Generated>(); });
  EXPECT_GT(plainly, this->kRounds / 4);
}

TYPED_TEST(PlainRequest, IsReadAsTheMessageWhereItIsOdd) {
  using Generated = typename TypeParam::Message;
  this->CompareReadings([&] { return this->payloads_.template Odd<Generated>(); });
}

TEST(PlainMessagesTest, EveryValueIsReadAsFromItsMessage) {
  for (const v1::Value& wire : Values()) {
    const std::string bytes = wire.SerializeAsString();
    WireValue read;
    if (!read.Read(bytes)) continue;
    const Value expected = FromWire(wire).value();
    EXPECT_EQ(read.Get().value(), expected) << wire.ShortDebugString();
    EXPECT_EQ(read.Get().value().kind(), expected.kind()) << wire.ShortDebugString();
  }
}

TEST(PlainMessagesTest, ScalarsAndStringsAreReadWithoutTheMessage) {
  int plain = 0;
  for (const v1::Value& wire : Values())
    plain += WireValue().Read(wire.SerializeAsString()) ? 1 : 0;
  EXPECT_EQ(plain, 14);  // Not the big integer, nor what holds other values.
}

TEST(PlainMessagesTest, OfSeveralKindsOrPartsNoneIsTaken) {
  v1::Value text;
  text.set_text("text");
  v1::Value integer;
  integer.set_integer(4);
  EXPECT_FALSE(WireValue().Read(text.SerializeAsString() + integer.SerializeAsString()));
  WireValue twice;
  EXPECT_TRUE(twice.Read(text.SerializeAsString()));
  EXPECT_FALSE(twice.Read(integer.SerializeAsString()));
}

TEST(PlainMessagesTest, ALentValueIsGoodForACopy) {
  auto text = std::make_unique<std::string>("a text that is longer than what stands inline");
  v1::Value wire;
  wire.set_text(*text);
  auto bytes = std::make_unique<std::string>(wire.SerializeAsString());
  WireValue read;
  ASSERT_TRUE(read.Read(*bytes));
  const Value lent = read.Lent().value();
  EXPECT_TRUE(lent.lent());
  const Value own(lent);  // NOLINT: a copy is what is looked at.
  bytes.reset();
  EXPECT_FALSE(own.lent());
  EXPECT_EQ(own.text(), *text);
}

// A reply with one field of each type.
TEST(PlainMessagesTest, EveryReplyIsWrittenAsItsMessage) {
  for (const v1::Value& wire : Values()) {
    for (const uint64_t version : {uint64_t{0}, uint64_t{7}, UINT64_MAX}) {
      v1::SharedValueModifyReply message;
      const Value value = FromWire(wire).value();
      ToWire(value, message.mutable_previous());
      ToWire(value, message.mutable_value());
      message.set_version(version);
      plain::SharedValueModifyReply reply;
      reply.previous.Own(value);
      reply.value.Refer(value);
      reply.version = version;
      std::string out;
      WritePlain(reply, &out);
      EXPECT_EQ(out, message.SerializeAsString()) << wire.ShortDebugString();
    }
  }
}

TEST(PlainMessagesTest, ManyValuesAndEntriesAreWrittenAsTheirMessages) {
  v1::ListScanReply list_message;
  v1::DictScanReply dict_message;
  plain::ListScanReply list;
  plain::DictScanReply dict;
  const Value key = Value::Text("a key that is longer than what stands inline");
  for (const v1::Value& wire : Values()) {
    const Value value = FromWire(wire).value();
    ToWire(value, list_message.add_values());
    list.values.Add(value);
    v1::Entry* const entry = dict_message.add_entries();
    ToWire(key, entry->mutable_key());
    ToWire(value, entry->mutable_value());
    dict.entries.AddEntry(key, value);
  }
  ToWire(key, dict_message.add_entries()->mutable_key());
  dict.entries.AddKey(key);
  list_message.set_done(list.done = true);
  list_message.set_length(list.length = 5);
  dict_message.set_next(dict.next = 1u << 20);
  std::string out;
  WritePlain(list, &out);
  EXPECT_EQ(out, list_message.SerializeAsString());
  out.clear();
  WritePlain(dict, &out);
  EXPECT_EQ(out, dict_message.SerializeAsString());
}

TEST(PlainMessagesTest, WhatIsAbsentIsNotWritten) {
  plain::LockAcquireReply free;
  std::string out;
  WritePlain(free, &out);
  EXPECT_EQ(out, "");
  free.holder = std::make_unique<v1::Holder>();
  free.holder->set_thread(3);
  WritePlain(free, &out);
  v1::LockAcquireReply message;
  ASSERT_TRUE(message.ParseFromString(out));
  EXPECT_EQ(message.holder().thread(), 3U);
  plain::CounterAddReply sum;
  sum.value = -7;
  out.clear();
  WritePlain(sum, &out);
  v1::CounterAddReply sum_message;
  ASSERT_TRUE(sum_message.ParseFromString(out));
  EXPECT_EQ(sum_message.value(), -7);
}

}  // namespace
}  // namespace coheld::engine
