// See wire_value.h.
#include "server/engine/wire_value.h"

#include <bit>
#include <utility>

#include "proto/wire/fields.h"
#include "server/engine/plain_fields.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

// The fields of v1::Value that are read here.
using wire::FieldTag;
using wire::WireType;
constexpr uint32_t kNullField = v1::Value::kNullFieldNumber;
constexpr uint32_t kBooleanField = v1::Value::kBooleanFieldNumber;
constexpr uint32_t kIntegerField = v1::Value::kIntegerFieldNumber;
constexpr uint32_t kRealTag = FieldTag(v1::Value::kRealFieldNumber, WireType::kFixed64);
constexpr uint32_t kTextField = v1::Value::kTextFieldNumber;
constexpr uint32_t kBytesField = v1::Value::kBytesFieldNumber;

// Appends a field that is a Value with a varint in it.
void AppendVarintValue(uint32_t field, uint32_t kind, uint64_t number, wire::FieldWriter* out) {
  out->AddVarint(FieldTag(field, WireType::kBytes));
  out->AddVarint(1 + wire::VarintBytes(number));
  out->AddVarint(FieldTag(kind, WireType::kVarint));
  out->AddVarint(number);
}

void AppendReal(uint32_t field, double real, wire::FieldWriter* out) {
  const auto bits = std::bit_cast<uint64_t>(real);
  out->AddVarint(FieldTag(field, WireType::kBytes));
  out->AddVarint(1 + sizeof(bits));
  out->AddVarint(kRealTag);
  out->Add({reinterpret_cast<const char*>(&bits), sizeof(bits)});
}

// Appends a field that is a Value with a string in it.
void AppendStringValue(uint32_t field, uint32_t kind, std::string_view string,
                       wire::FieldWriter* out) {
  out->AddVarint(FieldTag(field, WireType::kBytes));
  out->AddVarint(1 + wire::VarintBytes(string.size()) + string.size());
  out->AddVarint(FieldTag(kind, WireType::kBytes));
  out->AddVarint(string.size());
  out->Add(string);
}

// Appends a field that is some serialised message.
void AppendBytes(uint32_t field, std::string_view bytes, wire::FieldWriter* out) {
  out->AddVarint(FieldTag(field, WireType::kBytes));
  out->AddVarint(bytes.size());
  out->Add(bytes);
}

}  // namespace

bool ReadPlainValue(std::string_view bytes, Value* value) {
  if (bytes.empty()) return true;
  wire::FieldReader fields(bytes);
  if (!fields.Next()) return false;
  switch (fields.tag()) {
    case FieldTag(kNullField, WireType::kVarint):
      break;
    case FieldTag(kBooleanField, WireType::kVarint):
      *value = Value::Boolean(fields.number() != 0);
      break;
    case FieldTag(kIntegerField, WireType::kVarint):
      *value = Value::Integer(wire::UnZigZag(fields.number()));
      break;
    case kRealTag:
      *value = Value::Real(std::bit_cast<double>(fields.number()));
      break;
    case FieldTag(kTextField, WireType::kBytes):
      if (!wire::IsUtf8(fields.bytes())) return false;
      *value = Value::Lent(ValueKind::kText, fields.bytes());
      break;
    case FieldTag(kBytesField, WireType::kBytes):
      *value = Value::Lent(ValueKind::kBytes, fields.bytes());
      break;
    default:
      return false;
  }
  // Of several kinds the last one counts; that is protobuf's to find out.
  return !fields.Next() && fields.valid();
}

wire::Result<Value> WireValue::Get() const {
  if (message_ != nullptr) return FromWire(*message_);
  return Value(plain_);
}

wire::Result<Value> WireValue::Lent() const {
  if (message_ != nullptr) return FromWire(*message_);
  return plain_.Lend();
}

wire::Result<Value> WireValue::LentKey() const {
  if (message_ != nullptr) return KeyFromWire(*message_);
  return plain_.Lend();
}

void AppendValueField(uint32_t field, const Value& value, wire::FieldWriter* out) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return AppendVarintValue(field, kNullField, v1::NULL_UNSPECIFIED, out);
    case ValueKind::kBoolean:
      return AppendVarintValue(field, kBooleanField, value.boolean(), out);
    case ValueKind::kInteger:
      return AppendVarintValue(field, kIntegerField, wire::ZigZag(value.integer()), out);
    case ValueKind::kReal:
      return AppendReal(field, value.real(), out);
    case ValueKind::kText:
      return AppendStringValue(field, kTextField, value.text(), out);
    case ValueKind::kBytes:
      return AppendStringValue(field, kBytesField, value.text(), out);
    case ValueKind::kBigInteger:
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
    case ValueKind::kMap:
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      break;
  }
  v1::Value message;
  ToWire(value, &message);
  AppendBytes(field, message.SerializeAsString(), out);
}

wire::Result<Value::Items> WireValues::Take() {
  if (messages_ != nullptr) return ItemsFromWire(*messages_);
  for (Value& value : plain_) value = std::move(value).Owned();
  return std::move(plain_);
}

bool WireEntries::Read(std::string_view bytes) {
  auto& [key, value] = plain_.emplace_back();
  wire::FieldReader fields(bytes);
  bool has_key = false;
  bool has_value = false;
  while (fields.Next()) {
    const bool is_key = fields.tag() == FieldTag(v1::Entry::kKeyFieldNumber, WireType::kBytes);
    if (!is_key && fields.tag() != FieldTag(v1::Entry::kValueFieldNumber, WireType::kBytes)) {
      return false;
    }
    if (std::exchange(is_key ? has_key : has_value, true)) return false;
    if (!ReadPlainValue(fields.bytes(), is_key ? &key : &value)) return false;
  }
  return fields.valid();
}

wire::Result<Value::Entries> WireEntries::TakeLent() {
  if (messages_ == nullptr) return std::move(plain_);
  Value::Entries entries;
  entries.reserve(static_cast<size_t>(messages_->size()));
  for (const v1::Entry& entry : *messages_) {
    wire::Result<Value> key = KeyFromWire(entry.key());
    if (!key.ok()) return key.failure();
    wire::Result<Value> value = FromWire(entry.value());
    if (!value.ok()) return value.failure();
    entries.emplace_back(std::move(key).value(), std::move(value).value());
  }
  return entries;
}

void AnswerValues::Add(const Value& value) {
  ++size_;
  wire::FieldWriter out(&bytes_);
  AppendValueField(field_, value, &out);
}

void AnswerValues::AddEntry(const Value& key, const Value& value) { AddEntry(key, &value); }
void AnswerValues::AddKey(const Value& key) { AddEntry(key, nullptr); }

void AnswerValues::AddEntry(const Value& key, const Value* value) {
  ++size_;
  entry_.clear();
  {
    wire::FieldWriter entry(&entry_);
    AppendValueField(v1::Entry::kKeyFieldNumber, key, &entry);
    if (value != nullptr) AppendValueField(v1::Entry::kValueFieldNumber, *value, &entry);
  }
  wire::FieldWriter out(&bytes_);
  AppendBytes(field_, entry_, &out);
}

void internal::PutMessage(uint32_t tag, const google::protobuf::Message& message,
                          wire::FieldWriter* out) {
  out->AddVarint(tag);
  out->AddVarint(message.ByteSizeLong());
  out->Add(message.SerializeAsString());
}

}  // namespace coheld::engine
