// From requests and bytes to calls and messages: what is refused, when a message is handed up, when
// the peer's window is opened again. See session_state.h.
#include <algorithm>

#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

// Taken in however full the memory is: what releases and deletes is no larger.
constexpr size_t kModestMessageBytes = 4 << 10;

}  // namespace

// The ladder of refusals, from what nobody can answer in gRPC's terms to what the call alone
// concerns. A missing "te: trailers" is tolerated: proxies strip it, and we send trailers anyway.
bool GrpcSession::State::RefuseRequest(GrpcStream& stream, const RequestHeaders& request) {
  if (request.bytes > limits_.header_bytes_max) {
    Refuse(stream, {v1::ERROR_REASON_TOO_LARGE,
                    "the request's headers have " + std::to_string(request.bytes) +
                        " bytes, over the limit of " + std::to_string(limits_.header_bytes_max)});
  } else if (!request.post || !request.grpc) {
    // Answered when the request is over: until then its sender may not listen.
    stream.http_status = request.post ? "415" : "405";
    stream.finished = true;
  } else if (request.timeout_malformed) {
    Refuse(stream, {v1::ERROR_REASON_MALFORMED,
                    "grpc-timeout is malformed; it must be 1 to 8 digits and one of HMSmun"});
  } else if (request.binary_malformed) {
    Refuse(stream, {v1::ERROR_REASON_MALFORMED, "the value of a -bin header is not base64"});
  } else if (request.encoding_unknown) {
    RefuseEncoding(stream);
  } else {
    return false;
  }
  return true;
}

void GrpcSession::State::BeginCall(GrpcStream& stream, const RequestHeaders& request) {
  if (RefuseRequest(stream, request)) return;
  stream.reader.set_encoding(request.encoding);
  stream.compresses = request.accepts_gzip && request.encoding == Encoding::kGzip;
  stream.called = true;
  handler_.OnCall(stream.id, request.head);
}

// The connection's window is given back at once, so that no stream stalls another; only what is
// held back for want of output keeps its part. Each stream's own window comes back with its
// messages.
void GrpcSession::State::OnBytes(GrpcStream& stream, std::string_view bytes) {
  stream.unconsumed += bytes.size();
  if (stream.held) {
    stream.held_bytes += bytes.size();
    stream.reader.Give(bytes);
    return stream.reader.Keep();
  }
  ConsumeConnection(bytes.size());
  if (!stream.called || stream.finished) return Consume(stream, stream.unconsumed);
  stream.reader.Give(bytes);
  ReadMessages(stream);
}

// The handler may finish or reset the stream in OnMessage; it stays until nobody is at work on it.
void GrpcSession::State::ReadMessages(GrpcStream& stream) {
  while (!stream.finished) {
    if (MustWait(stream) && stream.reader.HasRest()) return Hold(stream);
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
  stream.reader.Forget();
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
  if (!stream.http_status.empty()) return AnswerHttp(stream);
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

// Where there is no memory, a stream that has nothing in its own queue does not wait for the queues
// of others, which perhaps nobody reads: it may be the one that deletes something. What that adds
// is one answer for each stream.
bool GrpcSession::State::MustWait(const GrpcStream& stream) const {
  const size_t queued = queued_bytes();
  if (queued >= limits_.queued_bytes_max) return true;
  return limits_.IsMuchOutput(stream.output.empty() ? output_.size() : queued);
}

std::vector<StreamId>::const_iterator GrpcSession::State::NextHeld() const {
  return std::find_if(held_.begin(), held_.end(), [this](StreamId id) {
    const GrpcStream* const stream = Find(id);
    return stream == nullptr || !MustWait(*stream);
  });
}

void GrpcSession::State::DeliverHeld() {
  for (auto next = NextHeld(); next != held_.end(); next = NextHeld()) {
    GrpcStream* const stream = Find(*next);
    held_.erase(next);
    if (stream == nullptr) continue;
    Release(*stream);
    busy_ = stream;
    ReadMessages(*stream);
    if (stream->half_closed) TellHalfClose(*stream);
    busy_ = nullptr;
    CloseIfOver(*stream);
  }
}

void GrpcSession::State::Release(GrpcStream& stream) {
  stream.held = false;
  ConsumeConnection(std::exchange(stream.held_bytes, 0));
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
  if (large_.front() != stream.id) return;
  stream.reader.ReserveAll();
  Consume(stream, stream.unconsumed);
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
  const uint32_t increment = stream.receive_window.Consume(bytes);
  stream.unconsumed -= bytes;
  if (increment == 0 || stream.half_closed || stream.reset) return;
  AppendWindowUpdate(stream.id, increment, &written_);
}

void GrpcSession::State::Refuse(GrpcStream& stream, const wire::Failure& failure) {
  if (stream.finished) return;
  SetEnding(stream, failure);
  stream.finished = true;
  if (stream.large) ForgetLarge(stream);
  Consume(stream, stream.unconsumed);
  const StreamId id = stream.id;
  const bool called = stream.called;
  End(stream);
  if (called) handler_.OnAbort(id);
}

}  // namespace coheld::transport
