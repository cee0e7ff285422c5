// Moves strings where it can: values may be large. See value_codec.h.
#include "client/cpp/src/value_codec.h"

#include <utility>

#include "client/cpp/src/hold.h"

namespace coheld::core {
namespace {

// Fills a message from one alternative after another.
struct Writer {
  v1::Value* message;

  void operator()(std::monostate) const { message->set_null(v1::NULL_UNSPECIFIED); }
  void operator()(bool boolean) const { message->set_boolean(boolean); }
  void operator()(int64_t integer) const { message->set_integer(integer); }
  void operator()(BigInteger&& integer) const {
    message->set_big_integer(std::move(integer.digits));
  }
  void operator()(double real) const { message->set_real(real); }
  void operator()(std::string&& text) const { message->set_text(std::move(text)); }
  void operator()(Bytes&& bytes) const { message->set_bytes(std::move(bytes.data)); }
  void operator()(ValueList&& list) const {
    ToMessages(std::move(list.items), message->mutable_list()->mutable_items());
  }
  void operator()(Tuple&& tuple) const {
    ToMessages(std::move(tuple.items), message->mutable_tuple()->mutable_items());
  }
  void operator()(ValueSet&& set) const {
    ToMessages(std::move(set.items), message->mutable_set()->mutable_items());
  }
  void operator()(Map&& map) const {
    ToMessages(std::move(map.entries), message->mutable_map()->mutable_entries());
  }
  void operator()(Ref&& ref) const {
    message->mutable_ref()->set_name(std::move(ref.name));
    message->mutable_ref()->set_type(std::move(ref.type));
    if (ref.hold) Keep(std::move(ref.hold));
  }
  void operator()(Opaque&& opaque) const {
    message->mutable_opaque()->set_codec(std::move(opaque.codec));
    message->mutable_opaque()->set_data(std::move(opaque.data));
  }
};

}  // namespace

void ToMessage(Value value, v1::Value* message) {
  std::visit(Writer{message}, std::move(value.variant()));
}

Value FromMessage(v1::Value&& message) {
  switch (message.kind_case()) {
    case v1::Value::kNull:
    case v1::Value::KIND_NOT_SET:
      return {};
    case v1::Value::kBoolean:
      return message.boolean();
    case v1::Value::kInteger:
      return static_cast<int64_t>(message.integer());
    case v1::Value::kBigInteger:
      return BigInteger{std::move(*message.mutable_big_integer())};
    case v1::Value::kReal:
      return message.real();
    case v1::Value::kText:
      return std::move(*message.mutable_text());
    case v1::Value::kBytes:
      return Bytes{std::move(*message.mutable_bytes())};
    case v1::Value::kList:
      return ValueList{FromMessages(message.mutable_list()->mutable_items())};
    case v1::Value::kTuple:
      return Tuple{FromMessages(message.mutable_tuple()->mutable_items())};
    case v1::Value::kSet:
      return ValueSet{FromMessages(message.mutable_set()->mutable_items())};
    case v1::Value::kMap:
      return Map{FromMessages(message.mutable_map()->mutable_entries())};
    case v1::Value::kRef:
      return ReceiveRef(std::move(*message.mutable_ref()->mutable_name()),
                        std::move(*message.mutable_ref()->mutable_type()));
    case v1::Value::kOpaque:
      return Opaque{std::move(*message.mutable_opaque()->mutable_codec()),
                    std::move(*message.mutable_opaque()->mutable_data())};
  }
  return {};
}

void ToMessages(std::vector<Value> values,
                google::protobuf::RepeatedPtrField<v1::Value>* messages) {
  messages->Reserve(static_cast<int>(values.size()));
  for (Value& value : values) ToMessage(std::move(value), messages->Add());
}

std::vector<Value> FromMessages(google::protobuf::RepeatedPtrField<v1::Value>* messages) {
  std::vector<Value> values;
  values.reserve(static_cast<size_t>(messages->size()));
  for (v1::Value& message : *messages) values.push_back(FromMessage(std::move(message)));
  return values;
}

void ToMessages(std::vector<Entry> entries,
                google::protobuf::RepeatedPtrField<v1::Entry>* messages) {
  messages->Reserve(static_cast<int>(entries.size()));
  for (Entry& entry : entries) {
    v1::Entry* message = messages->Add();
    ToMessage(std::move(entry.key), message->mutable_key());
    ToMessage(std::move(entry.value), message->mutable_value());
  }
}

std::vector<Entry> FromMessages(google::protobuf::RepeatedPtrField<v1::Entry>* messages) {
  std::vector<Entry> entries;
  entries.reserve(static_cast<size_t>(messages->size()));
  for (v1::Entry& message : *messages) {
    entries.push_back({FromMessage(std::move(*message.mutable_key())),
                       FromMessage(std::move(*message.mutable_value()))});
  }
  return entries;
}

}  // namespace coheld::core
