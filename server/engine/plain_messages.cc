// See plain_messages.h.
#include "server/engine/plain_messages.h"

#include "coheld/v1/dict.pb.h"
#include "proto/wire/fields.h"
#include "proto/wire/parse.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

using wire::FieldTag;
using wire::WireType;

using Request = v1::DictGetRequest;
using Reply = v1::DictGetReply;

constexpr uint32_t kName = FieldTag(Request::kNameFieldNumber, WireType::kBytes);
constexpr uint32_t kKey = FieldTag(Request::kKeyFieldNumber, WireType::kBytes);
constexpr uint32_t kRefuseOpaque = FieldTag(Request::kRefuseOpaqueFieldNumber, WireType::kVarint);
constexpr uint32_t kVersion = FieldTag(Reply::kVersionFieldNumber, WireType::kVarint);

}  // namespace

bool KeyRequest::Read(std::string_view payload) {
  wire::FieldReader fields(payload);
  std::string_view name;
  bool has_key = false;
  while (fields.Next()) {
    if (fields.tag() == kName && wire::IsAscii(fields.bytes())) {
      name = fields.bytes();
    } else if (fields.tag() == kKey && !has_key) {
      key_ = fields.bytes();
      has_key = true;
    } else if (fields.tag() == kRefuseOpaque) {
      refuse_opaque_ = fields.number() != 0;
    } else {
      return ReadAnyway(payload);
    }
  }
  name_ = name;
  return fields.valid();
}

// What no client sends, and protobuf allows, is protobuf's to read: other text than ASCII, unknown
// fields, a key in several parts, which have to be merged.
bool KeyRequest::ReadAnyway(std::string_view payload) {
  Request message;
  if (!wire::ParseMessage(payload, &message)) return false;
  name_ = message.name();
  merged_ = message.key().SerializeAsString();
  key_ = merged_;
  refuse_opaque_ = message.refuse_opaque();
  return true;
}

wire::Result<Value> KeyRequest::key() const { return KeyFromSerialised(key_); }

void ValueAndVersion::Write(std::string* out) const {
  if (value_ != nullptr) AppendValueField(Reply::kValueFieldNumber, *value_, out);
  if (version_ == 0) return;
  char field[2 * wire::kVarintBytesMax];
  char* const end = wire::WriteVarint(version_, wire::WriteVarint(kVersion, field));
  out->append(field, static_cast<size_t>(end - field));
}

}  // namespace coheld::engine
