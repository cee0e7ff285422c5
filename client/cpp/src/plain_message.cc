// Scalars are written and read here, everything else by way of a message. See plain_message.h.
#include "client/cpp/src/plain_message.h"

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <utility>
#include <variant>

#include "client/cpp/src/value_codec.h"
#include "coheld/error.h"
#include "proto/wire/fields.h"

namespace coheld::core {
namespace {

using wire::FieldTag;
using wire::VarintRow;
using wire::WireType;
using Wire = v1::Value;

constexpr uint32_t kNameField = 1;  // Of all requests.
constexpr size_t kRequestBytes = 160;

// What is written by way of a message. Nothing else may match: a text that did would be written
// right, and slowly.
template <typename T>
concept Compound =
    std::same_as<T, ValueList> || std::same_as<T, Tuple> || std::same_as<T, ValueSet> ||
    std::same_as<T, Map> || std::same_as<T, Ref> || std::same_as<T, Opaque>;

}  // namespace

// Appends one alternative after the tag and length of the field that holds the value; the tags of
// all alternatives have one byte.
struct PlainRequest::ValueWriter {
  uint32_t field;
  std::string* out;

  void Number(uint32_t kind, uint64_t number) const {
    VarintRow()
        .AddTag(field, WireType::kBytes)
        .Add(1 + wire::VarintBytes(number))
        .AddTag(kind, WireType::kVarint)
        .Add(number)
        .AppendTo(out);
  }
  void Text(uint32_t kind, std::string_view text) const {
    VarintRow()
        .AddTag(field, WireType::kBytes)
        .Add(1 + wire::VarintBytes(text.size()) + text.size())
        .AddTag(kind, WireType::kBytes)
        .Add(text.size())
        .AppendTo(out);
    out->append(text);
  }

  void operator()(std::monostate) const { Number(Wire::kNullFieldNumber, v1::NULL_UNSPECIFIED); }
  void operator()(bool boolean) const {
    Number(Wire::kBooleanFieldNumber, static_cast<uint64_t>(boolean));
  }
  void operator()(int64_t integer) const {
    Number(Wire::kIntegerFieldNumber, wire::ZigZag(integer));
  }
  void operator()(double real) const {
    std::array<char, sizeof real> bytes;
    std::memcpy(bytes.data(), &real, sizeof real);
    VarintRow()
        .AddTag(field, WireType::kBytes)
        .Add(1 + sizeof real)
        .AddTag(Wire::kRealFieldNumber, WireType::kFixed64)
        .AppendTo(out);
    out->append(bytes.data(), bytes.size());
  }
  void operator()(const std::string& text) const { Text(Wire::kTextFieldNumber, text); }
  void operator()(const Bytes& bytes) const { Text(Wire::kBytesFieldNumber, bytes.data); }
  void operator()(const BigInteger& integer) const {
    Text(Wire::kBigIntegerFieldNumber, integer.digits);
  }
  template <Compound T>
  void operator()(T&& compound) const {
    Wire message;
    ToMessage(Value(std::move(compound)), &message);
    VarintRow().AddTag(field, WireType::kBytes).Add(message.ByteSizeLong()).AppendTo(out);
    message.AppendToString(out);
  }
};

PlainRequest::PlainRequest(std::string_view name) {
  bytes_.reserve(kRequestBytes);
  if (name.empty()) return;
  VarintRow().AddTag(kNameField, WireType::kBytes).Add(name.size()).AppendTo(&bytes_);
  bytes_.append(name);
}

PlainRequest& PlainRequest::Append(uint32_t field, Value value) {
  std::visit(ValueWriter{field, &bytes_}, std::move(value.variant()));
  return *this;
}

PlainRequest& PlainRequest::Append(uint32_t field, const std::optional<uint64_t>& number) {
  if (number) VarintRow().AddTag(field, WireType::kVarint).Add(*number).AppendTo(&bytes_);
  return *this;
}

Value ReadValue(std::string_view bytes) {
  constexpr uint32_t kInteger = FieldTag(Wire::kIntegerFieldNumber, WireType::kVarint);
  constexpr uint32_t kText = FieldTag(Wire::kTextFieldNumber, WireType::kBytes);
  constexpr uint32_t kBytes = FieldTag(Wire::kBytesFieldNumber, WireType::kBytes);
  wire::FieldReader kind(bytes);
  if (kind.Next()) {
    const uint32_t tag = kind.tag();
    const uint64_t number = kind.number();
    const std::string_view content = kind.bytes();
    const bool alone = !kind.Next() && kind.valid();
    if (alone && tag == kInteger) return wire::UnZigZag(number);
    if (alone && tag == kText) return std::string(content);
    if (alone && tag == kBytes) return Bytes{std::string(content)};
  }
  Wire message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) RefuseReply("Value");
  return FromMessage(std::move(message));
}

void RefuseReply(std::string_view type) {
  throw InternalError(Reason::kInternal, "the daemon's reply is not a " + std::string(type));
}

}  // namespace coheld::core
