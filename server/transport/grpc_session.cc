// The session's life: making it, feeding it, pumping it, draining it. See grpc_session.h.
#include "server/transport/grpc_session.h"

#include <algorithm>
#include <array>

#include "proto/wire/check.h"
#include "server/transport/h2_memory.h"
#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

// Our own FloodBudget is stricter in proportion to work done; nghttp2's own limits stay as a second
// line, wide enough for a client that cancels many parked calls.
constexpr size_t kOutboundAcksMax = 10'000;
constexpr uint64_t kResetBurst = 100'000;
constexpr uint64_t kResetsPerSecond = 50'000;
constexpr size_t kSettingsEntriesMax = 32;
constexpr size_t kContinuationsMax = 4;

nghttp2_session* MakeSession(nghttp2_session_callbacks* callbacks, void* user) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kOutboundAcksMax);
  nghttp2_option_set_max_settings(option, kSettingsEntriesMax);
  nghttp2_option_set_max_continuations(option, kContinuationsMax);
  nghttp2_option_set_stream_reset_rate_limit(option, kResetBurst, kResetsPerSecond);
  nghttp2_session* session = nullptr;
  COHELD_CHECK(
      nghttp2_session_server_new3(&session, callbacks, user, option, MemoryOfThisThread()) == 0);
  nghttp2_option_del(option);
  return session;
}

}  // namespace

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
    : limits_(limits), handler_(handler) {
  static nghttp2_session_callbacks* const callbacks = MakeCallbacks();
  h2_ = MakeSession(callbacks, this);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(limits.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes_max)},
  }};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits.connection_window_bytes));
}

GrpcSession::State::~State() { nghttp2_session_del(h2_); }

bool GrpcSession::State::Feed(std::string_view bytes) {
  if (failed_) return false;
  DeliverHeld();
  const ssize_t used =
      nghttp2_session_mem_recv(h2_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (used >= 0) return true;
  failed_ = true;
  if (error_.empty()) error_ = nghttp2_strerror(static_cast<int>(used));
  nghttp2_session_terminate_session(h2_, NGHTTP2_PROTOCOL_ERROR);
  return false;
}

void GrpcSession::State::Pump(size_t bytes_max, std::string* out) {
  pump_out_ = out;
  pump_end_ = out->size() + std::max<size_t>(bytes_max, 1);
  while (out->size() < pump_end_) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(h2_, &bytes);
    if (size <= 0) break;
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  pump_out_ = nullptr;
}

void GrpcSession::State::BeginDrain() { nghttp2_submit_shutdown_notice(h2_); }

void GrpcSession::State::FinishDrain() {
  nghttp2_submit_goaway(h2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void GrpcSession::State::Ping() {
  ++pings_unanswered_;
  nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, nullptr);
}

GrpcSession::GrpcSession(const SessionLimits& limits, CallHandler& handler)
    : state_(std::make_unique<State>(limits, handler)) {}
GrpcSession::~GrpcSession() = default;

bool GrpcSession::Feed(std::string_view bytes) { return state_->Feed(bytes); }
void GrpcSession::Pump(size_t bytes_max, std::string* out) { state_->Pump(bytes_max, out); }
bool GrpcSession::WantsWrite() const { return state_->WantsWrite(); }
bool GrpcSession::Finished() const { return !state_->WantsRead() && !state_->WantsWrite(); }
bool GrpcSession::HoldsMessages() const { return state_->HoldsMessages(); }
bool GrpcSession::Greeted() const { return state_->ready(); }
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
void GrpcSession::Reset(StreamId stream) { state_->Reset(stream); }

void GrpcSession::BeginDrain() { state_->BeginDrain(); }
void GrpcSession::FinishDrain() { state_->FinishDrain(); }
void GrpcSession::Ping() { state_->Ping(); }
uint32_t GrpcSession::pings_unanswered() const { return state_->pings_unanswered(); }
size_t GrpcSession::queued_bytes() const { return state_->queued_bytes(); }
size_t GrpcSession::queued_frames() const { return state_->queued_frames(); }
size_t GrpcSession::open_streams() const { return state_->open_streams(); }
const std::string& GrpcSession::error() const { return state_->error(); }

}  // namespace coheld::transport
