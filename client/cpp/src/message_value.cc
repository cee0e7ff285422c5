// By protobuf's reflection. See message_value.h.
#include "client/cpp/src/message_value.h"

#include <google/protobuf/message.h>

#include <memory>
#include <vector>

#include "client/cpp/src/value_codec.h"
#include "coheld/v1/common.pb.h"

namespace coheld::core {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::Reflection;

Value MessageValue(const Message& message);

// `place` is the item's of a repeated field, and -1 for a single one.
Value FieldValue(const Message& message, const FieldDescriptor& field, int place) {
  const Reflection& look = *message.GetReflection();
  const bool single = place < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return single ? look.GetInt32(message, &field)
                    : look.GetRepeatedInt32(message, &field, place);
    case FieldDescriptor::CPPTYPE_INT64:
      return single ? look.GetInt64(message, &field)
                    : look.GetRepeatedInt64(message, &field, place);
    case FieldDescriptor::CPPTYPE_UINT32:
      return single ? look.GetUInt32(message, &field)
                    : look.GetRepeatedUInt32(message, &field, place);
    case FieldDescriptor::CPPTYPE_UINT64:
      return single ? look.GetUInt64(message, &field)
                    : look.GetRepeatedUInt64(message, &field, place);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return single ? look.GetDouble(message, &field)
                    : look.GetRepeatedDouble(message, &field, place);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return single ? look.GetFloat(message, &field)
                    : look.GetRepeatedFloat(message, &field, place);
    case FieldDescriptor::CPPTYPE_BOOL:
      return single ? look.GetBool(message, &field) : look.GetRepeatedBool(message, &field, place);
    case FieldDescriptor::CPPTYPE_ENUM:
      return single ? look.GetEnum(message, &field)->name()
                    : look.GetRepeatedEnum(message, &field, place)->name();
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text =
          single ? look.GetString(message, &field) : look.GetRepeatedString(message, &field, place);
      if (field.type() == FieldDescriptor::TYPE_BYTES) return Bytes{std::move(text)};
      return text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageValue(single ? look.GetMessage(message, &field)
                                 : look.GetRepeatedMessage(message, &field, place));
  }
  return {};
}

Value MessageValue(const Message& message) {
  if (message.GetDescriptor() == v1::Value::descriptor()) {
    v1::Value value;
    value.CopyFrom(message);
    return FromMessage(std::move(value));
  }
  Map map;
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    Entry& entry = map.entries.emplace_back(Entry{field->name(), {}});
    if (!field->is_repeated()) {
      entry.value = FieldValue(message, *field, -1);
      continue;
    }
    ValueList list;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      list.items.push_back(FieldValue(message, *field, i));
    }
    entry.value = std::move(list);
  }
  return map;
}

}  // namespace

Value RequestValue(const google::protobuf::Descriptor& type, const std::string& bytes) {
  const Message* prototype = MessageFactory::generated_factory()->GetPrototype(&type);
  const std::unique_ptr<Message> message(prototype->New());
  if (!message->ParseFromString(bytes)) return Map{};
  return MessageValue(*message);
}

}  // namespace coheld::core
