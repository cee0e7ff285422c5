// See call_frame.h.
#include "proto/wire/call_frame.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace coheld::wire {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t Tag(int field, WireFormatLite::WireType type) {
  return static_cast<uint32_t>(field) << 3 | static_cast<uint32_t>(type);
}
constexpr uint32_t kId = Tag(1, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kMethod = Tag(2, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kPayload = Tag(3, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr uint32_t kThread = Tag(4, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kDeadlineMs = Tag(5, WireFormatLite::WIRETYPE_VARINT);
constexpr uint32_t kReplyPayload = Tag(2, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

bool ReadPayload(CodedInputStream& input, std::string_view bytes, std::string_view* payload) {
  uint32_t length = 0;
  if (!input.ReadVarint32(&length)) return false;
  const size_t start = static_cast<size_t>(input.CurrentPosition());
  if (length > bytes.size() - start) return false;
  *payload = bytes.substr(start, length);
  return input.Skip(static_cast<int>(length));
}

}  // namespace

bool ParseCallRequest(std::string_view bytes, CallRequestView* request) {
  CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                         static_cast<int>(bytes.size()));
  while (const uint32_t tag = input.ReadTag()) {
    bool read = false;
    uint64_t method = 0;
    switch (tag) {
      case kId:
        read = input.ReadVarint64(&request->id);
        break;
      case kMethod:
        read = input.ReadVarint64(&method);
        request->method = static_cast<uint32_t>(method);
        break;
      case kPayload:
        read = ReadPayload(input, bytes, &request->payload);
        break;
      case kThread:
        read = input.ReadVarint64(&request->thread);
        break;
      case kDeadlineMs:
        read = input.ReadVarint64(&request->deadline_ms);
        break;
      default:
        read = WireFormatLite::SkipField(&input, tag);
    }
    if (!read) return false;
  }
  return input.ConsumedEntireMessage();
}

void EncodeCallReply(uint64_t id, std::string_view payload, std::string* out) {
  uint8_t head[24];
  uint8_t* end = CodedOutputStream::WriteTagToArray(kId, head);
  end = CodedOutputStream::WriteVarint64ToArray(id, end);
  if (!payload.empty()) {
    end = CodedOutputStream::WriteTagToArray(kReplyPayload, end);
    end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(payload.size()), end);
  }
  out->assign(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head));
  out->append(payload);
}

}  // namespace coheld::wire
