// What nghttp2 tells the session: frames, headers, bytes, closed streams. Each callback unpacks and
// leaves the decision to session_input.cc or session_output.cc. See session_state.h.
#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

constexpr uint64_t kCheapFrameTokens = 1;
constexpr uint64_t kOversizedHeaderTokens = 20;

std::string_view AsText(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Returns what a frame is called if it costs its sender nothing, or nothing.
std::string_view CheapFrame(const nghttp2_frame_hd& frame) {
  switch (frame.type) {
    case NGHTTP2_DATA:
      return frame.length == 0 && (frame.flags & NGHTTP2_FLAG_END_STREAM) == 0 ? "empty DATA" : "";
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
    case NGHTTP2_WINDOW_UPDATE:
      return {};
    case NGHTTP2_PING:
      return "PING";
    case NGHTTP2_SETTINGS:
      return "SETTINGS";
    case NGHTTP2_RST_STREAM:
      return "RST_STREAM";
    default:
      return "other";
  }
}

}  // namespace

nghttp2_session_callbacks* GrpcSession::State::MakeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
        return static_cast<State*>(user)->OnBeginFrame(*head);
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        return static_cast<State*>(user)->OnBeginHeaders(*frame);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
         const uint8_t* value, size_t value_size, uint8_t, void* user) {
        return static_cast<State*>(user)->OnHeader(*frame, AsText(name, name_size),
                                                   AsText(value, value_size));
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        return static_cast<State*>(user)->OnFrame(*frame);
      });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame*, int, void* user) {
        return static_cast<State*>(user)->Spend(kCheapFrameTokens, "invalid");
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
        static_cast<State*>(user)->OnBytes(id, AsText(bytes, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t id, uint32_t, void* user) {
        static_cast<State*>(user)->OnStreamClosed(id);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        static_cast<State*>(user)->OnFrameSent(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t length,
                    nghttp2_data_source* source, void* user) {
        return static_cast<State*>(user)->WriteOutput(head, length,
                                                      *static_cast<GrpcStream*>(source->ptr));
      });
  nghttp2_session_callbacks_set_error_callback2(
      callbacks, [](nghttp2_session*, int, const char* text, size_t size, void* user) {
        static_cast<State*>(user)->error_.assign(text, size);
        return 0;
      });
  return callbacks;
}

ssize_t GrpcSession::State::ReadCallback(nghttp2_session*, int32_t, uint8_t*, size_t bytes_max,
                                         uint32_t* flags, nghttp2_data_source* source, void* user) {
  return static_cast<State*>(user)->ReadOutput(*static_cast<GrpcStream*>(source->ptr), bytes_max,
                                               flags);
}

int GrpcSession::State::OnBeginFrame(const nghttp2_frame_hd& frame) {
  const std::string_view cheap = CheapFrame(frame);
  return cheap.empty() ? 0 : Spend(kCheapFrameTokens, cheap);
}

int GrpcSession::State::OnBeginHeaders(const nghttp2_frame& frame) {
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  GrpcStream* stream = pool_.Take(frame.hd.stream_id, limits_.message_bytes_max);
  nghttp2_session_set_stream_user_data(h2_, frame.hd.stream_id, stream);
  return 0;
}

int GrpcSession::State::OnFrame(const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      GrpcStream* stream = Find(frame.hd.stream_id);
      if (stream == nullptr) return 0;
      if (frame.hd.type == NGHTTP2_HEADERS) {
        const bool oversized = stream->request.bytes > limits_.header_bytes_max;
        if (!stream->called && !stream->finished) BeginCall(*stream);
        if (oversized && Spend(kOversizedHeaderTokens, "oversized HEADERS") != 0) {
          return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
      }
      if (ends) TellHalfClose(*stream);
      return 0;
    }
    case NGHTTP2_SETTINGS:
      ready_ = true;
      return 0;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 && pings_unanswered_ > 0) --pings_unanswered_;
      return 0;
    default:
      return 0;
  }
}

void GrpcSession::State::OnStreamClosed(StreamId id) {
  GrpcStream* stream = Find(id);
  if (stream == nullptr) return;
  const bool abort = stream->called && !stream->finished;
  queued_bytes_ -= stream->output.size();
  stream->finished = true;
  if (stream->large) ForgetLarge(*stream);
  Release(*stream);
  nghttp2_session_set_stream_user_data(h2_, id, nullptr);
  last_found_ = nullptr;
  pool_.Put(stream);
  if (abort) handler_.OnAbort(id);
}

// The call is over when we say so: a client that still sends is told to stop.
void GrpcSession::State::OnFrameSent(const nghttp2_frame& frame) {
  if ((frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) ||
      (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
    return;
  }
  GrpcStream* stream = Find(frame.hd.stream_id);
  if (stream == nullptr || stream->half_closed) return;
  nghttp2_submit_rst_stream(h2_, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
}

int GrpcSession::State::Spend(uint64_t tokens, std::string_view what) {
  if (budget_.Spend(tokens)) return 0;
  error_ = "the peer floods: too many " + std::string(what) + " frames";
  nghttp2_session_terminate_session(h2_, NGHTTP2_ENHANCE_YOUR_CALM);
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

}  // namespace coheld::transport
