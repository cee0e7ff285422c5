// Messages written and read by hand are those that protobuf would write and read.
#include "client/cpp/src/plain_message.h"

#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "client/cpp/src/value_codec.h"
#include "coheld/error.h"
#include "coheld/v1/dict.pb.h"

// Counted, as a way round a message object shows in nothing else. Sanitizers have operators of
// their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COHELD_COUNTS_ALLOCATIONS

namespace {

thread_local int allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* const block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }

#endif

namespace coheld::core {
namespace {

std::vector<Value> OneOfEachKind() {
  return {{},
          true,
          false,
          0,
          -1,
          std::numeric_limits<int64_t>::min(),
          std::numeric_limits<int64_t>::max(),
          BigInteger{"18446744073709551616"},
          0.0,
          -1.5,
          "",
          "text",
          std::string(127, 'x'),
          std::string(70'000, 'y'),
          Bytes{},
          Bytes{std::string("\0\xff", 2)},
          ValueList{},
          ValueList{{1, "two", ValueList{{3.0}}}},
          Tuple{{1, 2}},
          ValueSet{{1}},
          Map{{{"key", 1}}},
          Ref{.name = "object", .type = "list"},
          Opaque{.codec = "pickle", .data = "bytes"}};
}

std::string Serialised(const Value& value) {
  v1::Value message;
  ToMessage(value, &message);
  return message.SerializeAsString();
}

TEST(PlainMessageTest, ARequestHasTheBytesOfItsMessage) {
  for (const Value& value : OneOfEachKind()) {
    v1::DictSetRequest message;
    message.set_name("a name");
    ToMessage(value, message.mutable_key());
    ToMessage(value, message.mutable_value());
    message.set_if_version(300);
    PlainRequest request("a name");
    request.Append(v1::DictSetRequest::kKeyFieldNumber, value)
        .Append(v1::DictSetRequest::kValueFieldNumber, value)
        .Append(v1::DictSetRequest::kIfVersionFieldNumber, std::optional<uint64_t>(300));
    EXPECT_EQ(request.Take(), message.SerializeAsString()) << to_string(value);
  }
}

#if defined(COHELD_COUNTS_ALLOCATIONS)
TEST(PlainMessageTest, AScalarIsWrittenWithoutAnAllocation) {
  const std::vector<Value> scalars{
      {}, true, 1, 1.5, "text", std::string(100, 'x'), Bytes{"bytes"}, BigInteger{"9"}};
  for (const Value& scalar : scalars) {
    Value value = scalar;
    PlainRequest request("a name");
    const int before = allocations;
    request.Append(v1::DictGetRequest::kKeyFieldNumber, std::move(value));
    EXPECT_EQ(allocations, before) << to_string(scalar);
  }
}
#endif

TEST(PlainMessageTest, WhatIsAbsentIsNotWritten) {
  PlainRequest request("");
  request.Append(v1::DictSetRequest::kIfVersionFieldNumber, std::nullopt);
  EXPECT_EQ(request.Take(), "");
}

TEST(PlainMessageTest, AValueIsReadAsItsMessageIs) {
  for (const Value& value : OneOfEachKind()) {
    const Value read = ReadValue(Serialised(value));
    EXPECT_EQ(read.kind(), value.kind()) << to_string(value);
    EXPECT_EQ(Serialised(read), Serialised(value)) << to_string(value);
  }
}

TEST(PlainMessageTest, OfTwoKindsTheLastCounts) {
  EXPECT_EQ(ReadValue(Serialised("text") + Serialised(5)), Value(5));
}

TEST(PlainMessageTest, AKindOfANewerDaemonIsNull) {
  EXPECT_EQ(ReadValue("\xa2\x06\x01x").kind(), Value::Kind::kNull);
}

TEST(PlainMessageTest, WhatIsNoValueIsRefused) {
  EXPECT_THROW(ReadValue("\x32\x05x"), InternalError);
}

}  // namespace
}  // namespace coheld::core
