// How a message's fields are known, from its compiled descriptor. See message.h.
#include <memory>
#include <string>
#include <utility>

#include "client/python/src/message.h"
#include "coheld/v1/common.pb.h"

namespace coheld::python {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

FieldKind MessageKind(const FieldDescriptor& field) {
  const Descriptor* const type = field.message_type();
  if (type == v1::Value::descriptor()) {
    const std::string& name = field.name();
    const std::string& file = field.file()->name();
    // What another client's call carries: decoding it may fail, which must not cost other calls.
    if (name == "arguments" || name == "keywords") return FieldKind::kDeferredValue;
    const bool is_key = name == "key" || name == "keys" || file == "coheld/v1/set.proto" ||
                        file == "coheld/v1/sorted_set.proto";
    return is_key ? FieldKind::kKey : FieldKind::kValue;
  }
  if (type == v1::Entry::descriptor()) return FieldKind::kEntry;
  if (type == v1::OptionalValue::descriptor()) return FieldKind::kOptionalValue;
  if (type == v1::Slice::descriptor()) return FieldKind::kSlice;
  if (type == v1::Ref::descriptor()) return FieldKind::kRef;
  return FieldKind::kMessage;
}

FieldKind KindOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
      return FieldKind::kText;
    case FieldDescriptor::TYPE_BYTES:
      return FieldKind::kBytes;
    case FieldDescriptor::TYPE_BOOL:
      return FieldKind::kBoolean;
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SINT64:
      return FieldKind::kZigZag;
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_INT64:
      return FieldKind::kSigned;
    case FieldDescriptor::TYPE_DOUBLE:
      return FieldKind::kReal;
    case FieldDescriptor::TYPE_MESSAGE:
      return MessageKind(field);
    default:  // Unsigned numbers and enums; the protos use no other type.
      return FieldKind::kUnsigned;
  }
}

}  // namespace

MessageTable ReadTable(const Descriptor& descriptor) {
  MessageTable table;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& from = *descriptor.field(i);
    Field field{.number = static_cast<uint32_t>(from.number()),
                .name = from.name(),
                .kind = KindOf(from),
                .repeated = from.is_repeated(),
                .optional = from.has_optional_keyword(),
                .message = nullptr};
    if (field.kind == FieldKind::kMessage) {
      field.message = std::make_shared<const MessageTable>(ReadTable(*from.message_type()));
    }
    table.fields.push_back(std::move(field));
  }
  return table;
}

}  // namespace coheld::python
