// The session's life: making it, feeding it, pumping it, draining it. See grpc_session.h.
#include "server/transport/grpc_session.h"

#include "proto/wire/check.h"
#include "server/transport/session_state.h"

namespace coheld::transport {
std::optional<std::string_view> Find(const Metadata& metadata, std::string_view name) {
  for (const auto& [key, value] : metadata) {
    if (key == name) return value;
  }
  return std::nullopt;
}

void CallHead::Clear() {
  constexpr size_t kPathBytesKept = 256;
  path.clear();
  if (path.capacity() > kPathBytesKept) path.shrink_to_fit();
  metadata.clear();
  timeout_ms.reset();
}

GrpcSession::State::State(const SessionLimits& limits, CallHandler& handler)
    : limits_(limits),
      handler_(handler),
      headers_(limits.header_bytes_max),
      receive_window_(limits.connection_window_bytes) {
  // Until it has our settings, the peer goes by the defaults.
  COHELD_CHECK(limits.stream_window_bytes >= kWindowDefault);
  COHELD_CHECK(limits.connection_window_bytes >= kWindowDefault);
  std::string settings;
  AppendSetting(Setting::kMaxConcurrentStreams, limits.streams_max, &settings);
  AppendSetting(Setting::kInitialWindowSize, static_cast<uint32_t>(limits.stream_window_bytes),
                &settings);
  AppendSetting(Setting::kMaxHeaderListSize, static_cast<uint32_t>(limits.header_bytes_max),
                &settings);
  AppendSettings(settings, &written_);
  const size_t more = limits.connection_window_bytes - kWindowDefault;
  if (more > 0) AppendWindowUpdate(0, static_cast<uint32_t>(more), &written_);
}

bool GrpcSession::State::Feed(std::string_view bytes) {
  if (failed_) return false;
  DeliverHeld();
  if (preface_read_ < kClientPreface.size() && !ReadPreface(&bytes)) return false;
  while (true) {
    switch (reader_.Next(&bytes)) {
      case FrameStep::kMore:
        return true;
      case FrameStep::kFrame:
        if (!OnFrame(reader_.head(), reader_.payload())) return false;
        break;
      case FrameStep::kFault:
        return Break(reader_.fault().error, reader_.fault().what);
    }
  }
}

GrpcSession::GrpcSession(const SessionLimits& limits, CallHandler& handler)
    : state_(std::make_unique<State>(limits, handler)) {}
GrpcSession::~GrpcSession() = default;

bool GrpcSession::Feed(std::string_view bytes) { return state_->Feed(bytes); }
void GrpcSession::Pump(size_t bytes_max, Output* out) { state_->Pump(bytes_max, out); }
void GrpcSession::GiveBack() { state_->GiveBack(); }
void GrpcSession::Pump(size_t bytes_max, std::string* out) { state_->Pump(bytes_max, out); }
bool GrpcSession::WantsWrite() const { return state_->WantsWrite(); }
bool GrpcSession::Finished() const { return state_->Finished(); }
bool GrpcSession::HoldsMessages() const { return state_->HoldsMessages(); }
bool GrpcSession::Greeted() const { return state_->greeted(); }
void GrpcSession::Advance(uint64_t now_ms) { state_->Advance(now_ms); }

void GrpcSession::Send(StreamId stream, std::string_view front, std::string_view back) {
  state_->Send(stream, front, back);
}
void GrpcSession::Finish(StreamId stream) { state_->Finish(stream); }
void GrpcSession::Finish(StreamId stream, const wire::Failure& failure) {
  state_->Fail(stream, failure);
}
void GrpcSession::Reply(StreamId stream, std::string_view message) {
  state_->Reply(stream, message);
}
void GrpcSession::SendTaking(StreamId stream, std::string_view front, std::string&& payload) {
  state_->SendTaking(stream, front, std::move(payload));
}
void GrpcSession::ReplyTaking(StreamId stream, std::string&& message) {
  state_->ReplyTaking(stream, std::move(message));
}
void GrpcSession::Reset(StreamId stream) { state_->Reset(stream); }

void GrpcSession::BeginDrain() { state_->BeginDrain(); }
void GrpcSession::FinishDrain() { state_->FinishDrain(); }
void GrpcSession::Ping() { state_->Ping(); }
uint32_t GrpcSession::pings_unanswered() const { return state_->pings_unanswered(); }
size_t GrpcSession::queued_bytes() const { return state_->queued_bytes(); }
size_t GrpcSession::open_streams() const { return state_->open_streams(); }
const std::string& GrpcSession::error() const { return state_->error(); }

}  // namespace coheld::transport
