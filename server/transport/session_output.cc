// From messages and endings to frames. Small messages are framed at once, straight into what goes
// to the socket, those of one stream in one DATA frame; what is larger, or has to wait for a
// window, queues on its stream and has its turn in WriteQueued. See session_state.h.
#include <algorithm>

#include "proto/wire/check.h"
#include "proto/wire/framing.h"
#include "proto/wire/status.h"
#include "server/transport/gzip.h"
#include "server/transport/headers.h"
#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

// Smaller replies are not worth a compressor's time.
constexpr size_t kCompressBytesMin = 1024;
// Stock clients refuse trailers over 8 KiB; the text is there twice, once as base64.
constexpr size_t kMessageBytesMax = 1024;
// Larger frames would make the other streams wait.
constexpr size_t kWriteFrameBytesMax = 256 << 10;
constexpr size_t kBufferBytesKept = 16 << 10;  // Of an empty queue of an open stream.

// Small parts that are put together to be appended at once.
class SmallParts {
 public:
  void AddHead(const FrameHead& head) { WriteFrameHead(head, Take(kFrameHeadBytes)); }
  void AddPrefix(size_t message_bytes) {
    wire::WritePrefix({.length = static_cast<uint32_t>(message_bytes)}, Take(wire::kPrefixBytes));
  }
  // False if there is no room for it.
  bool Add(std::string_view part) {
    if (part.size() > sizeof(bytes_) - size_) return false;
    part.copy(Take(part.size()), part.size());
    return true;
  }
  // Appends them, and begins anew.
  void AppendTo(std::string* out) { out->append(bytes_, std::exchange(size_, 0)); }
  // Adds it, or appends it after the others if it is large.
  void AddOrAppend(std::string_view part, std::string* out) {
    if (Add(part)) return;
    AppendTo(out);
    out->append(part);
  }

 private:
  char* Take(size_t bytes) { return bytes_ + std::exchange(size_, size_ + bytes); }

  char bytes_[256];
  size_t size_ = 0;
};

FrameHead HeadersHead(StreamId stream, size_t bytes, uint8_t flags) {
  return {.length = static_cast<uint32_t>(bytes),
          .type = FrameType::kHeaders,
          .flags = static_cast<uint8_t>(kEndHeaders | flags),
          .stream = stream};
}

FrameHead DataHead(StreamId stream, size_t bytes, uint8_t flags) {
  return {.length = static_cast<uint32_t>(bytes),
          .type = FrameType::kData,
          .flags = flags,
          .stream = stream};
}

void AppendMessage(std::string_view front, std::string_view back, bool compressed,
                   std::string* out) {
  const auto length = static_cast<uint32_t>(front.size() + back.size());
  wire::AppendPrefix({.compressed = compressed, .length = length}, out);
  out->append(front);
  out->append(back);
}

}  // namespace

GrpcStream* GrpcSession::State::LookUp(StreamId id) const {
  GrpcStream* const stream = streams_.Find(id);
  if (stream != nullptr) last_found_ = stream;
  return stream;
}

void GrpcSession::State::Send(StreamId id, std::string_view front, std::string_view back) {
  if (GrpcStream* const stream = FindOpen(id)) Queue(*stream, front, back);
}

void GrpcSession::State::Reply(StreamId id, std::string_view message) {
  GrpcStream* const stream = FindOpen(id);
  if (stream == nullptr) return;
  if (!stream->begun && !stream->compresses &&
      FitsNow(*stream, wire::kPrefixBytes + message.size())) {
    return WriteReply(*stream, message);
  }
  Queue(*stream, message, {});
  stream->finished = true;
  End(*stream);
}

void GrpcSession::State::SendTaking(StreamId id, std::string_view front, std::string&& payload) {
  if (GrpcStream* const stream = FindOpen(id)) QueueTaking(*stream, front, std::move(payload));
}

void GrpcSession::State::ReplyTaking(StreamId id, std::string&& message) {
  GrpcStream* const stream = FindOpen(id);
  if (stream == nullptr) return;
  QueueTaking(*stream, {}, std::move(message));
  stream->finished = true;
  End(*stream);
}

void GrpcSession::State::Finish(StreamId id) {
  GrpcStream* const stream = FindOpen(id);
  if (stream == nullptr) return;
  stream->finished = true;
  End(*stream);
}

void GrpcSession::State::Fail(StreamId id, const wire::Failure& failure) {
  GrpcStream* const stream = FindOpen(id);
  if (stream == nullptr) return;
  SetEnding(*stream, failure);
  stream->finished = true;
  End(*stream);
}

void GrpcSession::State::Reset(StreamId id) {
  GrpcStream* const stream = FindOpen(id);
  if (stream == nullptr) return;
  stream->finished = true;
  ResetStream(*stream, H2Error::kCancel);
}

void GrpcSession::State::Queue(GrpcStream& stream, std::string_view front, std::string_view back) {
  budget_.Earn(1);
  const size_t bytes = front.size() + back.size();
  if (FitsNow(stream, wire::kPrefixBytes + bytes) &&
      (!stream.compresses || bytes < kCompressBytesMin)) {
    return WriteMessage(stream, front, back);
  }
  const size_t before = stream.output.size();
  std::optional<std::string> gzip;
  if (stream.compresses && bytes >= kCompressBytesMin) {
    gzip = DeflateGzip(std::string(front).append(back));
  }
  if (gzip) {
    AppendMessage({}, *gzip, true, &stream.output.buffer());
  } else {
    AppendMessage(front, back, false, &stream.output.buffer());
  }
  queued_bytes_ += stream.output.size() - before;
  AwaitTurn(stream);
}

// A large payload is lent to the output as it is, unless it would keep much memory that it does not
// use, and that nobody counts.
void GrpcSession::State::QueueTaking(GrpcStream& stream, std::string_view front,
                                     std::string&& payload) {
  const bool roomy = payload.capacity() / 2 > payload.size();
  if (payload.size() < kLentBytesMin || roomy || stream.compresses) {
    return Queue(stream, front, payload);
  }
  budget_.Earn(1);
  const size_t before = stream.output.size();
  const auto owner = std::make_shared<const std::string>(std::move(payload));
  std::string* const buffer = &stream.output.buffer();
  const auto length = static_cast<uint32_t>(front.size() + owner->size());
  wire::AppendPrefix({.compressed = false, .length = length}, buffer);
  buffer->append(front);
  stream.output.Lend(*owner, owner);
  queued_bytes_ += stream.output.size() - before;
  AwaitTurn(stream);
}

// Makes the DATA frame that was written last longer, or writes a new one.
void GrpcSession::State::WriteMessage(GrpcStream& stream, std::string_view front,
                                      std::string_view back) {
  WriteBegin(stream);
  const size_t length = front.size() + back.size();
  const size_t bytes = wire::kPrefixBytes + length;
  SpendWindows(stream, bytes);
  SmallParts parts;
  const bool goes_on = open_frame_stream_ == stream.id && open_frame_end_ == written_.size() &&
                       open_frame_bytes() + bytes <= kFrameBytesMax;
  if (!goes_on) {
    open_frame_begin_ = written_.size();
    parts.AddHead(DataHead(stream.id, bytes, 0));
  }
  parts.AddPrefix(length);
  parts.AddOrAppend(front, &written_);
  parts.AddOrAppend(back, &written_);
  parts.AppendTo(&written_);
  open_frame_stream_ = stream.id;
  open_frame_end_ = written_.size();
  if (goes_on) WriteFrameLength(open_frame_bytes(), written_.data() + open_frame_begin_);
}

// All of a unary call's answer.
void GrpcSession::State::WriteReply(GrpcStream& stream, std::string_view message) {
  budget_.Earn(1);
  const size_t bytes = wire::kPrefixBytes + message.size();
  SpendWindows(stream, bytes);
  SmallParts parts;
  const std::string_view begin = replies_.Begin(false);
  parts.AddHead(HeadersHead(stream.id, begin.size(), 0));
  parts.AddOrAppend(begin, &written_);
  parts.AddHead(DataHead(stream.id, bytes, 0));
  parts.AddPrefix(message.size());
  parts.AddOrAppend(message, &written_);
  parts.AppendTo(&written_);
  const std::string_view end = replies_.End();
  parts.AddHead(HeadersHead(stream.id, end.size(), kEndStream));
  parts.AddOrAppend(end, &written_);
  parts.AppendTo(&written_);
  stream.begun = stream.finished = true;
  NoteEnded(stream);
}

void GrpcSession::State::WriteHeaders(const GrpcStream& stream, std::string_view block, bool ends) {
  AppendFrameHead(HeadersHead(stream.id, block.size(), ends ? kEndStream : 0), &written_);
  written_.append(block);
}

void GrpcSession::State::End(GrpcStream& stream) {
  if (stream.output.size() == 0 && stream.http_status.empty()) WriteEnd(stream);
}

void GrpcSession::State::WriteEnd(GrpcStream& stream) {
  const Ending* const ending = stream.ending.get();
  if (!std::exchange(stream.begun, true)) {
    WriteHeaders(stream, replies_.Whole(ending), true);
  } else {
    WriteHeaders(stream, ending == nullptr ? replies_.End() : replies_.End(*ending), true);
  }
  NoteEnded(stream);
}

void GrpcSession::State::NoteEnded(GrpcStream& stream) {
  stream.ended = true;
  if (!stream.half_closed) ended_early_.push_back(stream.id);
  CloseIfOver(stream);
}

void GrpcSession::State::AwaitTurn(GrpcStream& stream) {
  if (stream.waits_to_write || stream.output.size() == 0 || stream.send_window.left() == 0) return;
  stream.waits_to_write = true;
  writers_.push_back(stream.id);
}

bool GrpcSession::State::WantsWrite() const {
  return !output_.empty() || !ended_early_.empty() ||
         (!writers_.empty() && send_window_.left() > 0);
}

void GrpcSession::State::FillOutput(size_t bytes_max) {
  while (output_.size() < std::max<size_t>(bytes_max, 1) && !writers_.empty() &&
         send_window_.left() > 0) {
    WriteQueued();
  }
  StopPeers();
  open_frame_stream_ = 0;
}

void GrpcSession::State::Pump(size_t bytes_max, Output* out) {
  COHELD_CHECK(out->empty());
  FillOutput(bytes_max);
  std::swap(*out, output_);
}

void GrpcSession::State::Pump(size_t bytes_max, std::string* out) {
  FillOutput(bytes_max);
  output_.MoveTo(out);
}

void GrpcSession::State::GiveBack() {
  if (output_.empty()) output_.Clear(0);
  streams_.GiveBack();
}

// Lets the stream that waited longest write one frame.
void GrpcSession::State::WriteQueued() {
  GrpcStream* const stream = Find(writers_.front());
  writers_.erase(writers_.begin());
  if (stream == nullptr) return;
  stream->waits_to_write = false;
  const size_t queued = stream->output.size();
  const size_t bytes = std::min({queued, stream->send_window.left(), send_window_.left(),
                                 size_t{peer_frame_bytes_max_}, kWriteFrameBytesMax});
  if (bytes == 0) return;
  const bool ends = stream->finished && bytes == queued;
  if (!stream->plain_http) WriteBegin(*stream);
  open_frame_stream_ = 0;
  SpendWindows(*stream, bytes);
  AppendFrameHead(DataHead(stream->id, bytes, ends && stream->plain_http ? kEndStream : 0),
                  &written_);
  stream->output.MoveTo(bytes, &output_);
  if (stream->output.empty()) stream->output.Clear(kBufferBytesKept);
  queued_bytes_ -= bytes;
  if (!ends) return AwaitTurn(*stream);
  if (stream->plain_http) return NoteEnded(*stream);
  WriteEnd(*stream);
}

// The calls are over because we say so: clients that still send are told to stop.
void GrpcSession::State::StopPeers() {
  for (const StreamId id : ended_early_) {
    GrpcStream* const stream = Find(id);
    if (stream != nullptr) ResetStream(*stream, H2Error::kNone);
  }
  ended_early_.clear();
}

// What is not gRPC gets an answer that a person with a browser or curl can read.
void GrpcSession::State::AnswerHttp(GrpcStream& stream) {
  constexpr std::string_view kText =
      "coheld speaks gRPC: POST with content-type application/grpc\n";
  WriteHeaders(stream, replies_.Http(std::exchange(stream.http_status, {})), false);
  stream.plain_http = true;
  stream.output.buffer().append(kText);
  queued_bytes_ += kText.size();
  AwaitTurn(stream);
}

// No reason of ours stands for this; the specification asks for the code and the list.
void GrpcSession::State::RefuseEncoding(GrpcStream& stream) {
  stream.ending = std::make_unique<Ending>(Ending{
      .grpc_status = std::to_string(static_cast<int>(wire::Code::kUnimplemented)),
      .message = "grpc-encoding is not supported; use gzip or identity",
      .accept_encoding = "identity,gzip",
  });
  stream.finished = true;
  End(stream);
}

void GrpcSession::State::SetEnding(GrpcStream& stream, const wire::Failure& failure) {
  const wire::Failure short_failure{failure.reason,
                                    std::string(TruncateUtf8(failure.message, kMessageBytesMax))};
  stream.ending = std::make_unique<Ending>(Ending{
      .grpc_status = std::to_string(static_cast<int>(wire::CodeOf(failure.reason))),
      .message = PercentEncode(short_failure.message),
      .details = EncodeBase64(wire::EncodeStatusDetails(short_failure)),
  });
}

}  // namespace coheld::transport
