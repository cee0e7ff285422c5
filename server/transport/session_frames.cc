// From frames to streams: which frame is allowed where, header blocks, the streams' states as far
// as the peer changes them. See session_state.h.
#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

constexpr uint64_t kCheapFrameTokens = 1;
constexpr uint64_t kOversizedHeaderTokens = 20;
constexpr uint64_t kBombTokens = 200;
constexpr size_t kPoliteRefusalFactor = 4;
constexpr int kContinuationsMax = 4;
constexpr size_t kPriorityBytes = 5;
constexpr std::string_view kTlsBegin = "\x16\x03";  // A handshake record.

// What a frame that costs its sender nothing is called.
std::string_view NameOf(FrameType type) {
  switch (type) {
    case FrameType::kData:
      return "empty DATA";
    case FrameType::kHeaders:
      return "late HEADERS";
    case FrameType::kPriority:
      return "PRIORITY";
    case FrameType::kResetStream:
      return "RST_STREAM";
    case FrameType::kSettings:
      return "SETTINGS";
    case FrameType::kPushPromise:
      return "PUSH_PROMISE";
    case FrameType::kPing:
      return "PING";
    case FrameType::kGoAway:
      return "GOAWAY";
    case FrameType::kWindowUpdate:
      return "WINDOW_UPDATE";
    case FrameType::kContinuation:
      return "CONTINUATION";
  }
  return "unknown";
}

uint32_t ReadNumber31(std::string_view bytes) { return ReadNumber32(bytes.data()) & kWindowMax; }

}  // namespace

bool GrpcSession::State::ReadPreface(std::string_view* bytes) {
  const std::string_view wanted = kClientPreface.substr(preface_read_, bytes->size());
  if (!bytes->starts_with(wanted)) {
    if (preface_read_ == 0 && bytes->starts_with(kTlsBegin)) {
      return Break(H2Error::kProtocol,
                   "the client speaks TLS, but there is no TLS here (--tls-cert)");
    }
    return Break(H2Error::kProtocol, "the connection does not begin with HTTP/2's preface");
  }
  bytes->remove_prefix(wanted.size());
  preface_read_ += wanted.size();
  return true;
}

const char* GrpcSession::State::OutOfOrder(const FrameHead& head) const {
  if (block_.stream != 0) {
    const bool goes_on = head.type == FrameType::kContinuation && head.stream == block_.stream;
    return goes_on ? nullptr : "another frame inside of a header block";
  }
  if (head.type == FrameType::kContinuation) return "CONTINUATION without HEADERS";
  if (greeted_) return nullptr;
  return head.type == FrameType::kSettings && !head.Has(kAck) ? nullptr
                                                              : "the first frame is not SETTINGS";
}

bool GrpcSession::State::OnFrame(const FrameHead& head, std::string_view payload) {
  if (const char* fault = OutOfOrder(head)) return Break(H2Error::kProtocol, fault);
  if (head.type == FrameType::kData) return OnData(head, payload);
  if (head.type == FrameType::kHeaders) return OnHeaders(head, payload);
  if (!Spend(kCheapFrameTokens, NameOf(head.type))) return false;
  switch (head.type) {
    case FrameType::kPriority:
      return OnPriority(head, payload);
    case FrameType::kResetStream:
      return OnResetStream(head.stream);
    case FrameType::kSettings:
      return OnSettings(head, payload);
    case FrameType::kPing:
      OnPing(head, payload);
      return true;
    case FrameType::kGoAway:
      peer_goes_ = true;
      return true;
    case FrameType::kWindowUpdate:
      return OnWindowUpdate(head.stream, ReadNumber31(payload));
    case FrameType::kContinuation:
      return OnContinuation(head, payload);
    case FrameType::kData:
    case FrameType::kHeaders:
    case FrameType::kPushPromise:  // CheckFrameHead refused it.
      return true;
  }
  return true;  // 5.5: frames of unknown type are ignored.
}

bool GrpcSession::State::OnData(const FrameHead& head, std::string_view payload) {
  if (reader_.begins_frame() && !BeginData(head)) return false;
  GrpcStream* const stream = Find(head.stream);
  if (stream == nullptr) {
    ConsumeConnection(payload.size());
    return true;
  }
  stream->body_bytes += payload.size();
  const bool ends = head.Has(kEndStream) && reader_.ends_frame();
  const uint64_t promised = stream->content_length.value_or(stream->body_bytes);
  if (stream->body_bytes > promised || (ends && stream->body_bytes < promised)) {
    ConsumeConnection(payload.size());
    return RefuseStream(*stream, H2Error::kProtocol);
  }
  busy_ = stream;
  // Known before the messages are handed up: their answer may be the last that is to be said.
  stream->half_closed = ends;
  OnBytes(*stream, payload);
  if (ends) TellHalfClose(*stream);
  busy_ = nullptr;
  CloseIfOver(*stream);
  return true;
}

// All of the frame counts for the windows, also its padding.
bool GrpcSession::State::BeginData(const FrameHead& head) {
  if (head.stream > last_stream_ || head.stream % 2 == 0) {
    return Break(H2Error::kProtocol, "DATA on an idle stream");
  }
  if (!receive_window_.Receive(head.length)) {
    return Break(H2Error::kFlowControl, "DATA beyond the connection's window");
  }
  ConsumeConnection(reader_.padding_bytes());
  GrpcStream* const stream = Find(head.stream);
  if (stream == nullptr) return OnLateData(head);
  if (stream->half_closed) return RefuseStream(*stream, H2Error::kStreamClosed);
  if (!stream->receive_window.Receive(head.length)) {
    return RefuseStream(*stream, H2Error::kFlowControl);
  }
  stream->unconsumed += reader_.padding_bytes();
  const bool empty = reader_.ends_frame() && reader_.payload().empty();
  return !empty || head.Has(kEndStream) || Spend(kCheapFrameTokens, NameOf(head.type));
}

// 5.1: what was under way when we closed the stream is no fault.
bool GrpcSession::State::OnLateData(const FrameHead& head) {
  if (ClosedByUs(head.stream)) return true;
  AppendResetStream(head.stream, H2Error::kStreamClosed, &written_);
  return Spend(kCheapFrameTokens, "late DATA");
}

bool GrpcSession::State::OnHeaders(const FrameHead& head, std::string_view payload) {
  size_t padding = 0;
  if (head.Has(kPadded)) {
    padding = static_cast<uint8_t>(payload.front());
    payload.remove_prefix(1);
  }
  bool depends_on_itself = false;
  if (head.Has(kPriorityFlag)) {
    if (payload.size() < kPriorityBytes) {
      return Break(H2Error::kFrameSize, "HEADERS without their priority");
    }
    depends_on_itself = ReadNumber31(payload) == static_cast<uint32_t>(head.stream);
    payload.remove_prefix(kPriorityBytes);
  }
  if (padding > payload.size()) {
    return Break(H2Error::kProtocol, "HEADERS with too much padding");
  }
  payload.remove_suffix(padding);
  block_ = {.stream = head.stream, .ends_stream = head.Has(kEndStream)};
  return BeginBlock(head, depends_on_itself) && ReadBlock(payload, head.Has(kEndHeaders));
}

bool GrpcSession::State::BeginBlock(const FrameHead& head, bool depends_on_itself) {
  const StreamId id = head.stream;
  if (id % 2 == 0) return Break(H2Error::kProtocol, "HEADERS on a stream that is not the client's");
  if (id <= last_stream_) return BeginLateBlock(id);
  if (id > last_stream_ + 2) {
    skipped_first_ = last_stream_ + 2;
    skipped_last_ = id - 2;
  }
  last_stream_ = id;
  if (last_served_) return Spend(kCheapFrameTokens, NameOf(head.type));
  block_.use = BlockUse::kReset;
  if (depends_on_itself) {
    block_.error = H2Error::kProtocol;
  } else if (open_streams() >= limits_.streams_max) {
    block_.error = H2Error::kRefusedStream;
  } else {
    block_.use = BlockUse::kCall;
  }
  return true;
}

// Trailers, or a mistake.
bool GrpcSession::State::BeginLateBlock(StreamId id) {
  const GrpcStream* const stream = Find(id);
  if (stream != nullptr) {
    block_.use = stream->half_closed ? BlockUse::kReset : BlockUse::kTrailers;
    block_.error = H2Error::kStreamClosed;
    return true;
  }
  if (ClosedByUs(id)) return Spend(kCheapFrameTokens, NameOf(FrameType::kHeaders));
  if (id >= skipped_first_ && id <= skipped_last_) {
    return Break(H2Error::kProtocol, "HEADERS on a stream whose number was passed over");
  }
  return Break(H2Error::kStreamClosed, "HEADERS on a closed stream");
}

bool GrpcSession::State::OnContinuation(const FrameHead& head, std::string_view payload) {
  if (++block_.continuations > kContinuationsMax) {
    return Break(H2Error::kEnhanceYourCalm, "the peer floods: too many CONTINUATION frames");
  }
  return ReadBlock(payload, head.Has(kEndHeaders));
}

bool GrpcSession::State::ReadBlock(std::string_view fragment, bool ends) {
  const BlockKind kind =
      block_.use == BlockUse::kTrailers ? BlockKind::kTrailers : BlockKind::kRequest;
  switch (headers_.Read(fragment, kind, ends)) {
    case BlockStep::kMore:
      return true;
    case BlockStep::kWhole:
      return EndBlock();
    case BlockStep::kDamaged:
      return Break(H2Error::kCompression, "a header block is not HPACK");
  }
  return true;
}

bool GrpcSession::State::EndBlock() {
  const Block block = std::exchange(block_, {});
  const RequestHeaders& request = headers_.request();
  GrpcStream* const stream = Find(block.stream);
  switch (block.use) {
    case BlockUse::kCall:
      return OpenCall(block, request);
    case BlockUse::kTrailers:
      return EndByTrailers(*stream, block.ends_stream && !request.malformed);
    case BlockUse::kReset:
      if (stream != nullptr) return RefuseStream(*stream, block.error);
      AppendResetStream(block.stream, block.error, &written_);
      if (!block.ends_stream) NoteClosedByUs(block.stream);
      return Spend(kCheapFrameTokens, "refused HEADERS");
    case BlockUse::kIgnore:
      return true;
  }
  return true;
}

// Somewhat too large is answered in gRPC's terms. Far too large is a bomb.
bool GrpcSession::State::OpenCall(const Block& block, const RequestHeaders& request) {
  GrpcStream& stream = streams_.Open(block.stream);
  last_found_ = &stream;
  stream.reader.Reset(limits_.message_bytes_max);
  stream.send_window = SendWindow(initial_send_window_);
  stream.receive_window = ReceiveWindow(limits_.stream_window_bytes);
  stream.half_closed = block.ends_stream;
  stream.content_length = request.content_length;
  const bool oversized = request.bytes > limits_.header_bytes_max;
  if (request.bytes > limits_.header_bytes_max * kPoliteRefusalFactor) {
    return RefuseStream(stream, H2Error::kEnhanceYourCalm) &&
           Spend(kBombTokens, "oversized HEADERS");
  }
  if (request.malformed || (block.ends_stream && request.content_length.value_or(0) > 0)) {
    return RefuseStream(stream, H2Error::kProtocol);
  }
  busy_ = &stream;
  BeginCall(stream, request);
  if (block.ends_stream) TellHalfClose(stream);
  busy_ = nullptr;
  CloseIfOver(stream);
  return !oversized || Spend(kOversizedHeaderTokens, "oversized HEADERS");
}

bool GrpcSession::State::EndByTrailers(GrpcStream& stream, bool fine) {
  const uint64_t promised = stream.content_length.value_or(stream.body_bytes);
  if (!fine || stream.body_bytes != promised) return RefuseStream(stream, H2Error::kProtocol);
  stream.half_closed = true;
  busy_ = &stream;
  TellHalfClose(stream);
  busy_ = nullptr;
  CloseIfOver(stream);
  return true;
}

// Priorities mean nothing here (5.3), but a stream that depends on itself is a fault.
bool GrpcSession::State::OnPriority(const FrameHead& head, std::string_view payload) {
  if (ReadNumber31(payload) != static_cast<uint32_t>(head.stream)) return true;
  GrpcStream* const stream = Find(head.stream);
  if (stream != nullptr) return RefuseStream(*stream, H2Error::kProtocol);
  return Break(H2Error::kProtocol, "PRIORITY of a stream that depends on itself");
}

bool GrpcSession::State::OnResetStream(StreamId id) {
  if (id > last_stream_ || id % 2 == 0) {
    return Break(H2Error::kProtocol, "RST_STREAM on an idle stream");
  }
  GrpcStream* const stream = Find(id);
  if (stream == nullptr) return true;
  stream->half_closed = stream->reset = true;
  CloseIfOver(*stream);
  return true;
}

bool GrpcSession::State::OnWindowUpdate(StreamId id, uint32_t increment) {
  if (id == 0) {
    if (increment == 0) return Break(H2Error::kProtocol, "WINDOW_UPDATE by 0");
    return send_window_.Grow(increment) ||
           Break(H2Error::kFlowControl, "WINDOW_UPDATE beyond the largest window");
  }
  if (id > last_stream_ || id % 2 == 0) {
    return Break(H2Error::kProtocol, "WINDOW_UPDATE on an idle stream");
  }
  GrpcStream* const stream = Find(id);
  if (stream == nullptr) return true;
  if (increment == 0) return RefuseStream(*stream, H2Error::kProtocol);
  if (!stream->send_window.Grow(increment)) return RefuseStream(*stream, H2Error::kFlowControl);
  AwaitTurn(*stream);
  return true;
}

}  // namespace coheld::transport
