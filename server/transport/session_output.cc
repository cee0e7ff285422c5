// From messages and endings to nghttp2: response headers, the queue of each stream, trailers. Reply
// headers are constants that nghttp2 need not copy. See session_state.h.
#include <array>

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

constexpr uint8_t kConstant = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

nghttp2_nv Field(std::string_view name, std::string_view value, uint8_t flags) {
  const auto bytes = [](std::string_view text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), flags};
}

const std::array<nghttp2_nv, 3>& ResponseHeaders() {
  static const std::array<nghttp2_nv, 3> headers = {
      Field(":status", "200", kConstant),
      Field("content-type", "application/grpc", kConstant),
      Field("grpc-encoding", "gzip", kConstant),
  };
  return headers;
}

std::vector<nghttp2_nv> EndingFields(const Ending& ending) {
  std::vector<nghttp2_nv> fields;
  const auto add = [&fields](std::string_view name, const std::string& value) {
    if (!value.empty()) fields.push_back(Field(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME));
  };
  add("grpc-status", ending.grpc_status);
  add("grpc-message", ending.message);
  add("grpc-status-details-bin", ending.details);
  add("grpc-accept-encoding", ending.accept_encoding);
  return fields;
}

}  // namespace

GrpcStream* GrpcSession::State::Find(StreamId id) const {
  if (last_found_ != nullptr && last_found_->id == id) return last_found_;
  auto* const stream = static_cast<GrpcStream*>(nghttp2_session_get_stream_user_data(h2_, id));
  if (stream != nullptr) last_found_ = stream;
  return stream;
}

GrpcStream* GrpcSession::State::FindOpen(StreamId id) const {
  GrpcStream* stream = Find(id);
  return stream == nullptr || stream->finished ? nullptr : stream;
}

void GrpcSession::State::Send(StreamId id, std::string_view front, std::string_view back) {
  GrpcStream* stream = FindOpen(id);
  if (stream == nullptr) return;
  Queue(*stream, front, back);
  Schedule(*stream);
}

void GrpcSession::State::Reply(StreamId id, std::string_view message) {
  GrpcStream* stream = FindOpen(id);
  if (stream == nullptr) return;
  Queue(*stream, message, {});
  stream->finished = true;
  Schedule(*stream);
}

void GrpcSession::State::Finish(StreamId id) {
  GrpcStream* stream = FindOpen(id);
  if (stream == nullptr) return;
  stream->finished = true;
  Schedule(*stream);
}

void GrpcSession::State::Fail(StreamId id, const wire::Failure& failure) {
  GrpcStream* stream = FindOpen(id);
  if (stream == nullptr) return;
  SetEnding(*stream, failure);
  stream->finished = true;
  Schedule(*stream);
}

void GrpcSession::State::Reset(StreamId id) {
  GrpcStream* stream = FindOpen(id);
  if (stream == nullptr) return;
  stream->finished = true;
  nghttp2_submit_rst_stream(h2_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

void GrpcSession::State::Queue(GrpcStream& stream, std::string_view front, std::string_view back) {
  budget_.Earn(1);
  const size_t before = stream.output.size();
  std::optional<std::string> gzip;
  if (stream.compresses && front.size() + back.size() >= kCompressBytesMin) {
    gzip = DeflateGzip(std::string(front).append(back));
  }
  if (gzip) {
    stream.output.AppendCompressed(*gzip);
  } else {
    stream.output.Append(front, back);
  }
  queued_bytes_ += stream.output.size() - before;
}

// Tells nghttp2 that the stream has something new to say.
void GrpcSession::State::Schedule(GrpcStream& stream) {
  if (!stream.response_submitted) {
    SubmitResponse(stream);
  } else if (stream.deferred) {
    stream.deferred = false;
    nghttp2_session_resume_data(h2_, stream.id);
  }
}

void GrpcSession::State::SubmitResponse(GrpcStream& stream) {
  stream.response_submitted = true;
  if (stream.output.size() == 0 && stream.finished) return SubmitEndingOnly(stream);
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = &ReadCallback;
  const auto& headers = ResponseHeaders();
  const size_t count = stream.compresses ? headers.size() : headers.size() - 1;
  nghttp2_submit_response(h2_, stream.id, headers.data(), count, &provider);
}

// A reply without messages: gRPC's "trailers-only" response.
void GrpcSession::State::SubmitEndingOnly(GrpcStream& stream) {
  std::vector<nghttp2_nv> fields(ResponseHeaders().begin(), ResponseHeaders().begin() + 2);
  if (stream.ending) {
    const std::vector<nghttp2_nv> ending = EndingFields(*stream.ending);
    fields.insert(fields.end(), ending.begin(), ending.end());
  } else {
    fields.push_back(Field("grpc-status", "0", kConstant));
  }
  nghttp2_submit_response(h2_, stream.id, fields.data(), fields.size(), nullptr);
}

void GrpcSession::State::SubmitTrailers(GrpcStream& stream) {
  if (stream.ending) {
    const std::vector<nghttp2_nv> fields = EndingFields(*stream.ending);
    nghttp2_submit_trailer(h2_, stream.id, fields.data(), fields.size());
    return;
  }
  static const nghttp2_nv ok = Field("grpc-status", "0", kConstant);
  nghttp2_submit_trailer(h2_, stream.id, &ok, 1);
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

// No reason of ours stands for this; the specification asks for the code and the list.
void GrpcSession::State::SubmitEncodingUnknown(GrpcStream& stream) {
  stream.ending = std::make_unique<Ending>(Ending{
      .grpc_status = std::to_string(static_cast<int>(wire::Code::kUnimplemented)),
      .message = "grpc-encoding is not supported; use gzip or identity",
      .accept_encoding = "identity,gzip",
  });
  stream.finished = true;
  Schedule(stream);
}

// What is not gRPC gets an answer that a person with a browser or curl can read.
void GrpcSession::State::SubmitHttpError(GrpcStream& stream, std::string_view status) {
  constexpr std::string_view kText =
      "coheld speaks gRPC: POST with content-type application/grpc\n";
  stream.finished = true;
  stream.response_submitted = true;
  stream.plain_http = true;
  stream.output.AppendRaw(kText);
  queued_bytes_ += kText.size();
  std::vector<nghttp2_nv> fields = {
      Field(":status", status, NGHTTP2_NV_FLAG_NONE),
      Field("content-type", "text/plain; charset=utf-8", kConstant),
  };
  if (status == "405") fields.push_back(Field("allow", "POST", kConstant));
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = &ReadCallback;
  nghttp2_submit_response(h2_, stream.id, fields.data(), fields.size(), &provider);
}

// Offers what is queued; the bytes themselves go to the wire in WriteOutput, without another copy.
ssize_t GrpcSession::State::ReadOutput(GrpcStream& stream, size_t bytes_max, uint32_t* flags) {
  const size_t queued = stream.output.size();
  if (queued == 0 && !stream.finished) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (queued > bytes_max) return static_cast<ssize_t>(bytes_max);
  if (stream.finished) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.plain_http) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      SubmitTrailers(stream);
    }
  }
  return static_cast<ssize_t>(queued);
}

int GrpcSession::State::WriteOutput(const uint8_t* frame_head, size_t length, GrpcStream& stream) {
  constexpr size_t kFrameHeadBytes = 9;
  if (pump_out_->size() >= pump_end_) return NGHTTP2_ERR_WOULDBLOCK;
  pump_out_->append(reinterpret_cast<const char*>(frame_head), kFrameHeadBytes);
  pump_out_->append(stream.output.bytes().substr(0, length));
  stream.output.Pop(length);
  queued_bytes_ -= length;
  return 0;
}

}  // namespace coheld::transport
