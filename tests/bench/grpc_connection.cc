// See grpc_connection.h.
#include "tests/bench/grpc_connection.h"

#include "coheld/v1/session.pb.h"
#include "proto/wire/framing.h"

namespace coheld::bench {

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 128; value /= 128) out->push_back(static_cast<char>(value | 128));
  out->push_back(static_cast<char>(value));
}

uint64_t TakeVarint(std::string_view* bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    value |= uint64_t{byte & 127u} << shift;
    if (byte < 128) return value;
  }
  return 0;
}

GrpcConnection::Opening GrpcConnection::OpeningCall() const {
  return {.path = "/coheld.v1.Session/Open", .request = ""};
}

bool GrpcConnection::TakeOpening(const std::string& reply) {
  v1::SessionOpenReply opened;
  if (!opened.ParseFromString(reply) || opened.token().empty()) return false;
  token_ = opened.token();
  return true;
}

std::vector<HeaderField> GrpcConnection::Head(const std::string& path, bool with_session) const {
  std::vector<HeaderField> fields = {{":method", "POST"}, {":scheme", "http"},
                                     {":path", path},     {":authority", "localhost"},
                                     {"te", "trailers"},  {"content-type", "application/grpc"}};
  if (with_session && !token_.empty()) fields.emplace_back("coheld-session", token_);
  return fields;
}

void GrpcConnection::OnSettled() {
  const Opening call = OpeningCall();
  opening_ = OpenStream(Head(call.path, false));
  int64_t window = stream_window_start();
  std::string message;
  wire::AppendPrefix({.length = static_cast<uint32_t>(call.request.size())}, &message);
  Output framed;
  framed.Append(message.append(call.request));
  SendData(opening_, &framed, framed.size(), true, &window);
}

void GrpcConnection::OnHeaders(StreamNumber stream, bool succeeds) {
  if (stream != opening_) return OnCallHeaders(stream, succeeds);
  if (!succeeds) Break(OpeningCall().path + " failed: " + decoder().failure());
}

void GrpcConnection::OnData(StreamNumber stream, std::string_view data) {
  if (stream != opening_) return OnCallData(stream, data);
  reply_.append(data);
}

void GrpcConnection::OnEnd(StreamNumber stream, bool reset) {
  if (stream != opening_) return OnCallEnd(stream, reset);
  if (reply_.size() < wire::kPrefixBytes || !TakeOpening(reply_.substr(wire::kPrefixBytes))) {
    return Break(OpeningCall().path + " did not give what was asked for");
  }
  opened_ = true;
  OnOpened();
}

}  // namespace coheld::bench
