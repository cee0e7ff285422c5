// Between v1::Value on the wire and Value in memory. All that a value from outside must satisfy is
// checked here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coheld/v1/common.pb.h"
#include "proto/wire/result.h"
#include "server/engine/limits.h"
#include "server/engine/value.h"

namespace coheld::engine {

// INVALID_VALUE (nests over kNestingMax, a big integer that is no number or fits 64 bits or has
// over kIntegerDigitsMax digits), NOT_HASHABLE (a set item or map key), OBJECT_NOT_FOUND (a ref to
// an anonymous object that is not there). Of set items that are the
// same key the first stays; of map entries the later value, at the place of the first.
wire::Result<Value> FromWire(const v1::Value& wire);
// The same for a dict key: NOT_HASHABLE.
wire::Result<Value> KeyFromWire(const v1::Value& wire);
// Reads the digits of a big integer. INVALID_VALUE.
wire::Result<Value> BigIntegerFromText(std::string_view text);
// The same for many values; the failure is that of the first that is wrong.
wire::Result<Value::Items> ItemsFromWire(const google::protobuf::RepeatedPtrField<v1::Value>& wire);

// For replies only: whoever gets the reply gets a handle on each anonymous object that it refers to
// (lifetime.h). So values that go through an op go through Value, never from message to message.
void ToWire(const Value& value, v1::Value* wire);

// Adds up the size of the values that go into a reply, so that building it stops in time.
class ReplyBudget {
 public:
  // Counts a value. Returns false once the reply is over kReplyBytesMax.
  bool Take(const Value& value) {
    bytes_ += kValueBytes + value.owned_bytes();
    return bytes_ <= kReplyBytesMax;
  }
  // Bytes counted so far; about those on the wire.
  size_t bytes() const { return bytes_; }
  // TOO_LARGE, telling to read in pages.
  static wire::Failure Exceeded();

 private:
  static constexpr size_t kValueBytes = 12;
  size_t bytes_ = 0;
};

}  // namespace coheld::engine
