// Writes values and messages in the notation of notation.h.
#include <charconv>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/strutil.h>

#include "tests/unit/engine/notation.h"

namespace coheld::engine::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string ShowText(const std::string& text) {
  return '"' + google::protobuf::strings::Utf8SafeCEscape(text) + '"';
}

std::string ShowBytes(const std::string& bytes) {
  return "b\"" + google::protobuf::CEscape(bytes) + '"';
}

std::string ShowReal(double real) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, real).ptr;
  std::string text(digits, end);
  return text.find_first_of(".ein") == std::string::npos ? text + ".0" : text;
}

std::string ShowItems(const v1::ValueList& list) {
  std::string text;
  for (const v1::Value& item : list.items()) text += (text.empty() ? "" : ", ") + Show(item);
  return text;
}

std::string ShowMap(const v1::ValueMap& map) {
  std::string text;
  for (const v1::Entry& entry : map.entries()) {
    text += (text.empty() ? "" : ", ") + Show(entry.key()) + ": " + Show(entry.value());
  }
  return "{" + text + "}";
}

std::string ShowOne(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool many = field.is_repeated();
  const auto get = [&](auto one, auto item) {
    return many ? (reflection.*item)(message, &field, index) : (reflection.*one)(message, &field);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return ShowReal(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ShowReal(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "True" : "False";
    case FieldDescriptor::CPPTYPE_ENUM:
      return get(&Reflection::GetEnum, &Reflection::GetRepeatedEnum)->name();
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      return field.type() == FieldDescriptor::TYPE_BYTES ? ShowBytes(text) : ShowText(text);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  const Message& inner = many ? reflection.GetRepeatedMessage(message, &field, index)
                              : reflection.GetMessage(message, &field);
  if (const auto* value = dynamic_cast<const v1::Value*>(&inner)) return Show(*value);
  return "{" + Show(inner) + "}";
}

std::string ShowRef(const v1::Ref& ref) {
  return "ref(" + ShowText(ref.name()) + ", " + ShowText(ref.type()) + ")";
}

std::string ShowOpaque(const v1::Opaque& opaque) {
  std::string shown = "opaque(" + ShowText(opaque.codec()) + ", " + ShowBytes(opaque.data());
  for (const v1::Ref& ref : opaque.refs()) shown += ", " + ShowRef(ref);
  return shown + ")";
}

}  // namespace

std::string Show(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kNull:
    case v1::Value::KIND_NOT_SET:
      return "None";
    case v1::Value::kBoolean:
      return value.boolean() ? "True" : "False";
    case v1::Value::kInteger:
      return std::to_string(value.integer());
    case v1::Value::kBigInteger:
      return value.big_integer();
    case v1::Value::kReal:
      return ShowReal(value.real());
    case v1::Value::kText:
      return ShowText(value.text());
    case v1::Value::kBytes:
      return ShowBytes(value.bytes());
    case v1::Value::kList:
      return "[" + ShowItems(value.list()) + "]";
    case v1::Value::kTuple:
      return "(" + ShowItems(value.tuple()) + (value.tuple().items_size() == 1 ? ",)" : ")");
    case v1::Value::kSet:
      return value.set().items().empty() ? "set()" : "{" + ShowItems(value.set()) + "}";
    case v1::Value::kMap:
      return ShowMap(value.map());
    case v1::Value::kRef:
      return ShowRef(value.ref());
    case v1::Value::kOpaque:
      return ShowOpaque(value.opaque());
  }
  return "";
}

std::string Show(const Message& message) {
  if (const auto* value = dynamic_cast<const v1::Value*>(&message)) return Show(*value);
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::string text;
  for (const FieldDescriptor* field : fields) {
    text += (text.empty() ? "" : " ") + field->name() + "=";
    if (!field->is_repeated()) {
      text += ShowOne(message, *field, 0);
      continue;
    }
    std::string items;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      items += (items.empty() ? "" : ", ") + ShowOne(message, *field, i);
    }
    text += "[" + items + "]";
  }
  return text;
}

}  // namespace coheld::engine::testing
