// From headers and bytes to calls and messages: what is refused, when a message is handed up, when
// the peer's window is opened again. See session_state.h.
#include <algorithm>

#include "server/transport/headers.h"
#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

constexpr size_t kHeaderFieldOverhead = 32;  // RFC 9113 6.5.2.
constexpr size_t kPoliteRefusalFactor = 4;
constexpr uint64_t kBombTokens = 200;
// Taken in however full the memory is: what releases and deletes is no larger.
constexpr size_t kModestMessageBytes = 4 << 10;

// "-bin" values may be several, joined by commas.
bool AddBinary(std::string_view name, std::string_view value, Metadata* metadata) {
  while (true) {
    const size_t comma = value.find(',');
    auto bytes = DecodeBase64(value.substr(0, comma));
    if (!bytes) return false;
    metadata->emplace_back(name, std::move(*bytes));
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

void AddMetadata(std::string_view name, std::string_view value, RequestHeaders* request) {
  if (name.ends_with("-bin")) {
    if (!AddBinary(name, value, &request->head.metadata)) request->binary_malformed = true;
  } else {
    request->head.metadata.emplace_back(name, value);
  }
}

void AddPseudo(std::string_view name, std::string_view value, RequestHeaders* request) {
  if (name == ":path") {
    request->head.path = value;
  } else if (name == ":method") {
    request->post = value == "POST";
  }
}

void AddGrpc(std::string_view name, std::string_view value, RequestHeaders* request) {
  if (name == "grpc-timeout") {
    request->head.timeout_ms = ParseTimeout(value);
    request->timeout_malformed = !request->head.timeout_ms;
  } else if (name == "grpc-accept-encoding") {
    request->accepts_gzip = ListHolds(value, "gzip");
  } else if (name == "grpc-encoding") {
    request->encoding = value == "gzip" ? Encoding::kGzip : Encoding::kIdentity;
    request->encoding_unknown = value != "gzip" && value != "identity";
  }
}

void AddField(std::string_view name, std::string_view value, RequestHeaders* request) {
  if (name.starts_with(':')) {
    AddPseudo(name, value, request);
  } else if (name.starts_with("grpc-")) {
    AddGrpc(name, value, request);
  } else if (name == "content-type") {
    request->grpc = IsGrpcContentType(value);
  } else if (name != "te" && name != "user-agent") {
    AddMetadata(name, value, request);
  }
}

}  // namespace

int GrpcSession::State::OnHeader(const nghttp2_frame& frame, std::string_view name,
                                 std::string_view value) {
  GrpcStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr) return 0;
  RequestHeaders& request = stream->request;
  request.bytes += name.size() + value.size() + kHeaderFieldOverhead;
  if (request.bytes > limits_.header_bytes_max) return OnOversizedHeader(request);
  // Trailers of a request mean nothing in gRPC; they are counted and dropped.
  if (stream->called) return 0;
  AddField(name, value, &request);
  return 0;
}

// Somewhat too large is answered in gRPC's terms when the block is complete. Far too large is a
// bomb: a stream reset spares nghttp2 from checking the rest of it, letter by letter.
int GrpcSession::State::OnOversizedHeader(const RequestHeaders& request) {
  if (request.bytes <= limits_.header_bytes_max * kPoliteRefusalFactor) return 0;
  const int flood = Spend(kBombTokens, "oversized HEADERS");
  return flood != 0 ? flood : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

// The ladder of refusals, from what nobody can answer in gRPC's terms to what the call alone
// concerns. A missing "te: trailers" is tolerated: proxies strip it, and we send trailers anyway.
bool GrpcSession::State::RefuseRequest(GrpcStream& stream) {
  const RequestHeaders& request = stream.request;
  if (request.bytes > limits_.header_bytes_max) {
    Refuse(stream, {v1::ERROR_REASON_TOO_LARGE,
                    "the request's headers have " + std::to_string(request.bytes) +
                        " bytes, over the limit of " + std::to_string(limits_.header_bytes_max)});
  } else if (!request.post) {
    SubmitHttpError(stream, "405");
  } else if (!request.grpc) {
    SubmitHttpError(stream, "415");
  } else if (request.timeout_malformed) {
    Refuse(stream, {v1::ERROR_REASON_MALFORMED,
                    "grpc-timeout is malformed; it must be 1 to 8 digits and one of HMSmun"});
  } else if (request.binary_malformed) {
    Refuse(stream, {v1::ERROR_REASON_MALFORMED, "the value of a -bin header is not base64"});
  } else if (request.encoding_unknown) {
    SubmitEncodingUnknown(stream);
  } else {
    return false;
  }
  return true;
}

void GrpcSession::State::BeginCall(GrpcStream& stream) {
  if (RefuseRequest(stream)) return;
  stream.reader.set_encoding(stream.request.encoding);
  stream.compresses = stream.request.accepts_gzip && stream.request.encoding == Encoding::kGzip;
  stream.called = true;
  handler_.OnCall(stream.id, stream.request.head);
  stream.request.head.Clear();
}

// The connection's window is given back at once, so that no stream stalls another; only what is
// held back for want of output keeps its part. Each stream's own window comes back with its
// messages.
void GrpcSession::State::OnBytes(StreamId id, std::string_view bytes) {
  GrpcStream* stream = Find(id);
  if (stream != nullptr && stream->held) {
    stream->unconsumed += bytes.size();
    stream->held_bytes += bytes.size();
    stream->reader.Give(bytes);
    return stream->reader.Keep();
  }
  nghttp2_session_consume_connection(h2_, bytes.size());
  if (stream == nullptr) return;
  stream->unconsumed += bytes.size();
  if (!stream->called || stream->finished) return Consume(*stream, stream->unconsumed);
  stream->reader.Give(bytes);
  ReadMessages(*stream);
}

// The handler may finish or reset the stream in OnMessage; it then stays until nghttp2 closes it.
void GrpcSession::State::ReadMessages(GrpcStream& stream) {
  while (!stream.finished) {
    if (OutputFull() && stream.reader.HasRest()) return Hold(stream);
    switch (stream.reader.Next()) {
      case Read::kMessage:
        if (stream.large) ForgetLarge(stream);
        handler_.OnMessage(stream.id, stream.reader.message());
        break;
      case Read::kPartial:
        if (const auto failure = LackOfMemory(stream)) return Refuse(stream, *failure);
        return EnlargeWindow(stream);
      case Read::kRefused:
        return Refuse(stream, stream.reader.failure());
    }
  }
  Consume(stream, stream.unconsumed);
}

std::optional<wire::Failure> GrpcSession::State::LackOfMemory(const GrpcStream& stream) const {
  if (limits_.memory.max == 0) return std::nullopt;
  const size_t pending = stream.reader.PendingBytes();
  if (pending <= kModestMessageBytes) return std::nullopt;
  if (limits_.memory.Allows(pending - std::min(pending, stream.reader.RestBytes()))) {
    return std::nullopt;
  }
  return wire::Failure{v1::ERROR_REASON_MEMORY_FULL,
                       "the daemon has no memory for a message of " + std::to_string(pending) +
                           " bytes: it may use " + std::to_string(limits_.memory.max) +
                           " (--memory-max); nothing was done: delete something first"};
}

void GrpcSession::State::TellHalfClose(GrpcStream& stream) {
  stream.half_closed = true;
  if (!stream.called || stream.finished || stream.held || stream.half_close_told) return;
  stream.half_close_told = true;
  if (stream.reader.HasRest()) {
    return Refuse(stream, {v1::ERROR_REASON_MALFORMED,
                           "the request ended in the middle of a message; its length is wrong"});
  }
  handler_.OnHalfClose(stream.id);
}

void GrpcSession::State::Hold(GrpcStream& stream) {
  stream.reader.Keep();
  stream.held = true;
  held_.push_back(stream.id);
}

void GrpcSession::State::DeliverHeld() {
  while (HoldsMessages()) {
    const StreamId id = held_.front();
    held_.erase(held_.begin());
    GrpcStream* stream = Find(id);
    if (stream == nullptr) continue;
    Release(*stream);
    ReadMessages(*stream);
    if (stream->half_closed) TellHalfClose(*stream);
  }
}

void GrpcSession::State::Release(GrpcStream& stream) {
  stream.held = false;
  if (stream.held_bytes > 0) nghttp2_session_consume_connection(h2_, stream.held_bytes);
  stream.held_bytes = 0;
}

// Gives back the peer's window for all that was handed up. A message that has begun holds its part
// of the window until it is whole, unless the window could not take it all.
void GrpcSession::State::EnlargeWindow(GrpcStream& stream) {
  const size_t rest = stream.reader.RestBytes();
  if (rest < stream.unconsumed) Consume(stream, stream.unconsumed - rest);
  if (stream.reader.PendingBytes() <= limits_.stream_window_bytes / 2) return;
  if (!stream.large) {
    stream.large = true;
    large_.push_back(stream.id);
  }
  if (large_.front() == stream.id) Consume(stream, stream.unconsumed);
}

void GrpcSession::State::ForgetLarge(GrpcStream& stream) {
  stream.large = false;
  const bool was_first = large_.front() == stream.id;
  large_.erase(std::find(large_.begin(), large_.end(), stream.id));
  if (!was_first || large_.empty()) return;
  GrpcStream* next = Find(large_.front());
  if (next != nullptr) Consume(*next, next->unconsumed);
}

void GrpcSession::State::Consume(GrpcStream& stream, size_t bytes) {
  if (bytes == 0) return;
  nghttp2_session_consume_stream(h2_, stream.id, bytes);
  stream.unconsumed -= bytes;
}

void GrpcSession::State::Refuse(GrpcStream& stream, const wire::Failure& failure) {
  if (stream.finished) return;
  SetEnding(stream, failure);
  stream.finished = true;
  if (stream.large) ForgetLarge(stream);
  Consume(stream, stream.unconsumed);
  Schedule(stream);
  if (stream.called) handler_.OnAbort(stream.id);
}

}  // namespace coheld::transport
