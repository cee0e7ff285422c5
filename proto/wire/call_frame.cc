// See call_frame.h.
#include "proto/wire/call_frame.h"

#include "coheld/v1/session.pb.h"
#include "proto/wire/fields.h"

namespace coheld::wire {
namespace {

using Request = v1::CallRequest;

constexpr uint32_t kId = FieldTag(Request::kIdFieldNumber, WireType::kVarint);
constexpr uint32_t kMethod = FieldTag(Request::kMethodFieldNumber, WireType::kVarint);
constexpr uint32_t kPayload = FieldTag(Request::kPayloadFieldNumber, WireType::kBytes);
constexpr uint32_t kThread = FieldTag(Request::kThreadFieldNumber, WireType::kVarint);
constexpr uint32_t kDeadlineMs = FieldTag(Request::kDeadlineMsFieldNumber, WireType::kVarint);
constexpr uint32_t kSeq = FieldTag(Request::kSeqFieldNumber, WireType::kVarint);
constexpr uint32_t kAcked = FieldTag(Request::kAckedFieldNumber, WireType::kVarint);
constexpr uint32_t kLane = FieldTag(Request::kLaneFieldNumber, WireType::kVarint);
constexpr uint32_t kToken = FieldTag(Request::kTokenFieldNumber, WireType::kVarint);
constexpr uint32_t kSite = FieldTag(Request::kSiteFieldNumber, WireType::kBytes);
constexpr uint32_t kReplyId = FieldTag(v1::CallReply::kIdFieldNumber, WireType::kVarint);
constexpr uint32_t kReplyPayload = FieldTag(v1::CallReply::kPayloadFieldNumber, WireType::kBytes);

}  // namespace

bool ParseCallRequest(std::string_view bytes, CallRequestView* request) {
  FieldReader fields(bytes);
  while (fields.Next()) {
    switch (fields.tag()) {
      case kId:
        request->id = fields.number();
        break;
      case kMethod:
        request->method = static_cast<uint32_t>(fields.number());
        break;
      case kPayload:
        request->payload = fields.bytes();
        break;
      case kThread:
        request->thread = fields.number();
        break;
      case kDeadlineMs:
        request->deadline_ms = fields.number();
        break;
      case kSeq:
        request->seq = fields.number();
        break;
      case kAcked:
        request->acked = fields.number();
        break;
      case kLane:
        request->lane = static_cast<uint32_t>(fields.number());
        break;
      case kToken:
        request->token = fields.number();
        break;
      case kSite:
        request->site = fields.bytes();
        break;
    }
  }
  return fields.valid();
}

std::string_view EncodeCallReplyHead(uint64_t id, size_t payload_bytes, CallReplyHead* head) {
  char* end = WriteVarint(id, WriteVarint(kReplyId, head->data()));
  if (payload_bytes > 0) end = WriteVarint(payload_bytes, WriteVarint(kReplyPayload, end));
  return {head->data(), static_cast<size_t>(end - head->data())};
}

}  // namespace coheld::wire
