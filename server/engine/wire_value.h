// Values in messages that are read and written without objects (plain_fields.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "coheld/v1/common.pb.h"
#include "proto/wire/fields.h"
#include "proto/wire/result.h"
#include "server/engine/value.h"

namespace coheld::engine {

// Reads a serialised v1::Value that is null, a number, a boolean, a text or bytes, in one part; it
// is lent (Value::Lent). False if protobuf has to read it.
bool ReadPlainValue(std::string_view bytes, Value* value);

// A value of a request, in its bytes or in a message, both of which must outlive it. It is valid
// protobuf; whether it is a valid value is found when it is decoded. Null if it was not sent.
class WireValue {
 public:
  // Takes a serialised value; of several parts, which have to be merged, only the first. False if
  // protobuf has to read it.
  bool Read(std::string_view bytes) {
    return !std::exchange(read_, true) && ReadPlainValue(bytes, &plain_);
  }
  void Refer(const v1::Value& message) { message_ = &message; }

  // Returns it decoded, as FromWire does.
  wire::Result<Value> Get() const;
  // The same, but what can be lent of it (Value::Lent) is: to look at, or for a place that copies.
  wire::Result<Value> Lent() const;
  // As Lent, for a key: NOT_HASHABLE.
  wire::Result<Value> LentKey() const;

 private:
  Value plain_;  // Lent.
  const v1::Value* message_ = nullptr;
  bool read_ = false;
};

// A repeated field of values, likewise.
class WireValues {
 public:
  bool Read(std::string_view bytes) { return ReadPlainValue(bytes, &plain_.emplace_back()); }
  void Refer(const google::protobuf::RepeatedPtrField<v1::Value>& messages) {
    messages_ = &messages;
  }

  // Returns them decoded, as ItemsFromWire does; once.
  wire::Result<Value::Items> Take();

 private:
  Value::Items plain_;  // Lent.
  const google::protobuf::RepeatedPtrField<v1::Value>* messages_ = nullptr;
};

// A repeated field of entries, likewise.
class WireEntries {
 public:
  bool Read(std::string_view bytes);
  void Refer(const google::protobuf::RepeatedPtrField<v1::Entry>& messages) {
    messages_ = &messages;
  }

  // Returns them decoded, lent where they can be; once. NOT_HASHABLE, and as FromWire.
  wire::Result<Value::Entries> TakeLent();

 private:
  Value::Entries plain_;  // Lent.
  const google::protobuf::RepeatedPtrField<v1::Entry>* messages_ = nullptr;
};

// A value of a reply: one that stays where it is until the op is done, or that the reply owns.
class AnswerValue {
 public:
  void Refer(const Value& value) { value_ = &value; }
  void Own(Value value) {
    own_ = std::move(value);
    value_ = &own_;
  }
  // Null if there is none.
  const Value* get() const { return value_; }

  AnswerValue() = default;
  AnswerValue(const AnswerValue&) = delete;
  AnswerValue& operator=(const AnswerValue&) = delete;

 private:
  const Value* value_ = nullptr;
  Value own_;
};

// A repeated field of values, or of entries, of a reply: written as they are added.
class AnswerValues {
 public:
  // The number of the field.
  explicit AnswerValues(uint32_t field) : field_(field) {}

  void Add(const Value& value);
  void AddEntry(const Value& key, const Value& value);
  void AddKey(const Value& key);  // An entry without a value.
  uint64_t size() const { return size_; }
  // The serialised fields.
  std::string& bytes() { return bytes_; }

 private:
  void AddEntry(const Value& key, const Value* value);

  uint32_t field_;
  uint64_t size_ = 0;
  std::string bytes_;
  std::string entry_;  // Keeps its memory.
};

// Appends the value as a field of a message, as ToWire would write it.
void AppendValueField(uint32_t field, const Value& value, wire::FieldWriter* out);

}  // namespace coheld::engine
