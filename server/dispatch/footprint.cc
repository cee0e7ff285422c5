// See footprint.h.
#include "server/dispatch/footprint.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>
#include <string>

#include "coheld/v1/array.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/set.pb.h"
#include "proto/wire/parse.h"

namespace coheld::dispatch {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr uint64_t kBytesPerOp = 1024;      // An object or an entry of some table, a kept reply.
constexpr uint64_t kBytesPerMessage = 160;  // Of a parsed message, and the item that it becomes.
constexpr uint64_t kBytesPerItem = 128;     // Of what is there, copied: a dict's entry.
constexpr uint64_t kBytesPerSlot = 16;      // Of a list's item that shares its value.
constexpr uint64_t kBytesPerArrayItem = 8;
// The bytes themselves: in the parsed message, and in what is kept.
constexpr uint64_t kCopies = 2;
// Requests nest no deeper than values do, with a few messages around them.
constexpr int kDepthMax = 3 * wire::kNestingMax;

// Adds up what the messages within bytes that are one take.
class Walk {
 public:
  uint64_t bytes() const { return bytes_; }

  // False if the bytes are no such message: the op fails anyway.
  bool Enter(const Descriptor& message, std::string_view payload, int depth) {
    if (depth > kDepthMax) return false;
    bytes_ += kBytesPerMessage;
    CodedInputStream in(reinterpret_cast<const uint8_t*>(payload.data()),
                        static_cast<int>(payload.size()));
    while (const uint32_t tag = in.ReadTag()) {
      if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
        if (!WireFormatLite::SkipField(&in, tag)) return false;
        continue;
      }
      uint32_t size = 0;
      if (!in.ReadVarint32(&size)) return false;
      const auto start = static_cast<size_t>(in.CurrentPosition());
      if (size > payload.size() - start) return false;
      const auto* const field = message.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      if (!EnterField(field, payload.substr(start, size), depth)) return false;
      in.Skip(static_cast<int>(size));
    }
    return true;
  }

 private:
  bool EnterField(const FieldDescriptor* field, std::string_view content, int depth) {
    if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      // Packed numbers are at most eight times as large as their bytes.
      const bool packed = field != nullptr && field->is_packable() && field->is_repeated();
      bytes_ += (packed ? 8 : kCopies) * content.size();
      return true;
    }
    if (field->message_type() == v1::QueueWrite::descriptor()) EnterWrite(content, depth);
    return Enter(*field->message_type(), content, depth + 1);
  }

  // A request within a request.
  void EnterWrite(std::string_view content, int depth) {
    v1::QueueWrite write;
    if (!write.ParseFromArray(content.data(), static_cast<int>(content.size()))) return;
    const wire::MethodRow* const method = wire::FindMethod(write.method());
    if (method != nullptr) Enter(*method->descriptor->input_type(), write.payload(), depth + 1);
  }

  uint64_t bytes_ = 0;
};

uint64_t SizeOf(const engine::Store& store, const std::string& name) {
  const engine::Store::Held* const held = store.Find(name);
  return held == nullptr ? 0 : held->object->size();
}

// Saturates: what overflows is too much whatever it is.
uint64_t Times(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX / 2 : product;
}

uint64_t ArrayBytes(std::string_view payload, const engine::Store& /*store*/) {
  v1::ArrayCreateRequest request;
  wire::ParseMessage(payload, &request);
  return Times(request.length(), kBytesPerArrayItem);
}

uint64_t RepeatBytes(std::string_view payload, const engine::Store& store) {
  v1::ListRepeatRequest request;
  wire::ParseMessage(payload, &request);
  const auto count = static_cast<uint64_t>(std::max<int64_t>(request.count(), 0));
  return Times(Times(SizeOf(store, request.name()), count), kBytesPerSlot);
}

// Of an op that copies the whole object that it names in field 1.
uint64_t CopyBytes(std::string_view payload, const engine::Store& store) {
  v1::ListCopyRequest request;
  wire::ParseMessage(payload, &request);
  return Times(SizeOf(store, request.name()), kBytesPerItem);
}

// Of an op that may take over whole sets that it names.
uint64_t UpdateBytes(std::string_view payload, const engine::Store& store) {
  v1::SetUpdateRequest request;
  wire::ParseMessage(payload, &request);
  uint64_t bytes = 0;
  for (const v1::SetOperand& operand : request.operands()) {
    bytes += Times(SizeOf(store, operand.set()), kBytesPerItem);
  }
  return bytes;
}

using Amplified = uint64_t (*)(std::string_view payload, const engine::Store& store);

const std::array<Amplified, wire::kMethodNumberEnd>& Amplifiers() {
  static const auto* const table = [] {
    auto* made = new std::array<Amplified, wire::kMethodNumberEnd>{};
    const auto add = [made](std::string_view path, Amplified bytes) {
      (*made)[wire::FindMethod(path)->number] = bytes;
    };
    add("/coheld.v1.Array/Create", &ArrayBytes);
    add("/coheld.v1.List/Repeat", &RepeatBytes);
    add("/coheld.v1.List/Copy", &CopyBytes);
    add("/coheld.v1.Dict/Copy", &CopyBytes);
    add("/coheld.v1.Set/Copy", &CopyBytes);
    add("/coheld.v1.Set/Update", &UpdateBytes);
    return made;
  }();
  return *table;
}

}  // namespace

bool IsAmplifier(uint32_t method) {
  static const auto& table = Amplifiers();
  return method < table.size() && table[method] != nullptr;
}

uint64_t FootprintOf(const wire::MethodRow& method, std::string_view payload,
                     const engine::Store& store) {
  Walk walk;
  walk.Enter(*method.descriptor->input_type(), payload, 0);
  const Amplified more = Amplifiers()[method.number];
  return kBytesPerOp + walk.bytes() + (more == nullptr ? 0 : more(payload, store));
}

}  // namespace coheld::dispatch
