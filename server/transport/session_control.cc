// The connection itself: settings, pings, goodbyes, the budget against floods; and streams that end
// before their time. See session_state.h.
#include <algorithm>

#include "server/transport/session_state.h"

namespace coheld::transport {
namespace {

constexpr uint64_t kRefusalTokens = 1;
constexpr std::string_view kPingBytes("\0\0\0\0\0\0\0\0", 8);

}  // namespace

bool GrpcSession::State::OnSettings(const FrameHead& head, std::string_view payload) {
  if (head.Has(kAck)) return true;
  for (; !payload.empty(); payload.remove_prefix(kSettingBytes)) {
    const auto setting = static_cast<Setting>(ReadNumber16(payload.data()));
    if (!Apply(setting, ReadNumber32(payload.data() + 2))) return false;
  }
  greeted_ = true;
  AppendSettingsAck(&written_);
  return true;
}

bool GrpcSession::State::Apply(Setting setting, uint32_t value) {
  switch (setting) {
    case Setting::kHeaderTableSize:
      replies_.SetTableLimit(value);
      return true;
    case Setting::kEnablePush:
      return value <= 1 || Break(H2Error::kProtocol, "SETTINGS_ENABLE_PUSH is neither 0 nor 1");
    case Setting::kInitialWindowSize:
      return ShiftSendWindows(value);
    case Setting::kMaxFrameSize:
      if (value < kFrameBytesMax || value > kFrameBytesLimit) {
        return Break(H2Error::kProtocol, "SETTINGS_MAX_FRAME_SIZE is out of its range");
      }
      peer_frame_bytes_max_ = value;
      return true;
    case Setting::kMaxConcurrentStreams:  // Of those that we would open.
    case Setting::kMaxHeaderListSize:     // Ours are small.
      return true;
  }
  return true;  // 6.5.2: unknown settings are ignored.
}

// 6.9.2: the change counts for the streams that are open, too.
bool GrpcSession::State::ShiftSendWindows(uint32_t initial) {
  if (initial > kWindowMax) {
    return Break(H2Error::kFlowControl, "SETTINGS_INITIAL_WINDOW_SIZE is beyond the largest");
  }
  const int64_t change = int64_t{initial} - initial_send_window_;
  initial_send_window_ = initial;
  for (const auto& stream : streams_.open()) {
    if (!stream->send_window.Grow(change)) {
      return Break(H2Error::kFlowControl, "SETTINGS_INITIAL_WINDOW_SIZE is too large for a stream");
    }
    AwaitTurn(*stream);
  }
  return true;
}

void GrpcSession::State::OnPing(const FrameHead& head, std::string_view payload) {
  if (!head.Has(kAck)) return AppendPing(payload, true, &written_);
  if (pings_unanswered_ > 0) --pings_unanswered_;
}

void GrpcSession::State::Ping() {
  ++pings_unanswered_;
  AppendPing(kPingBytes, false, &written_);
}

void GrpcSession::State::BeginDrain() {
  AppendGoAway(static_cast<StreamId>(kWindowMax), H2Error::kNone, {}, &written_);
}

void GrpcSession::State::FinishDrain() {
  last_served_ = std::max<StreamId>(last_stream_, 0);
  AppendGoAway(*last_served_, H2Error::kNone, {}, &written_);
}

bool GrpcSession::State::Finished() const {
  if (WantsWrite()) return false;
  return failed_ || ((last_served_ || peer_goes_) && open_streams() == 0);
}

bool GrpcSession::State::Spend(uint64_t tokens, std::string_view what) {
  if (budget_.Spend(tokens)) return true;
  return Break(H2Error::kEnhanceYourCalm,
               "the peer floods: too many " + std::string(what) + " frames");
}

bool GrpcSession::State::Break(H2Error error, std::string_view what) {
  failed_ = true;
  error_ = what;
  writers_.clear();
  ended_early_.clear();
  held_.clear();
  AppendGoAway(std::max<StreamId>(last_stream_, 0), error, what, &written_);
  return false;
}

bool GrpcSession::State::RefuseStream(GrpcStream& stream, H2Error error) {
  ResetStream(stream, error);
  return Spend(kRefusalTokens, "refused");
}

void GrpcSession::State::ResetStream(GrpcStream& stream, H2Error error) {
  AppendResetStream(stream.id, error, &written_);
  stream.reset = true;
  CloseIfOver(stream);
}

void GrpcSession::State::CloseIfOver(GrpcStream& stream) {
  if (stream.Closed() && busy_ != &stream) Close(stream);
}

void GrpcSession::State::Close(GrpcStream& stream) {
  const StreamId id = stream.id;
  const bool abort = stream.called && !stream.finished;
  queued_bytes_ -= stream.output.size();
  if (stream.large) ForgetLarge(stream);
  if (stream.held) Release(stream);
  if (!stream.half_closed) NoteClosedByUs(id);
  if (last_found_ == &stream) last_found_ = nullptr;
  streams_.Close(stream);
  if (abort) handler_.OnAbort(id);
}

void GrpcSession::State::NoteClosedByUs(StreamId id) {
  if (closed_by_us_.size() < limits_.streams_max) return closed_by_us_.push_back(id);
  closed_by_us_[next_closed_by_us_] = id;
  next_closed_by_us_ = (next_closed_by_us_ + 1) % closed_by_us_.size();
}

bool GrpcSession::State::ClosedByUs(StreamId id) const {
  if (last_served_ && id > *last_served_) return true;
  return std::find(closed_by_us_.begin(), closed_by_us_.end(), id) != closed_by_us_.end();
}

void GrpcSession::State::ConsumeConnection(size_t bytes) {
  const uint32_t increment = receive_window_.Consume(bytes);
  if (increment > 0) AppendWindowUpdate(0, increment, &written_);
}

}  // namespace coheld::transport
