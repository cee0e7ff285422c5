// Frames over HTTP/2 over a socket. See channel.h.
#include "client/cpp/src/channel.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proto/wire/fields.h"
#include "proto/wire/framing.h"

namespace coheld::core {
namespace {

constexpr size_t kPumpBytes = 256 << 10;
constexpr size_t kReceiveBytes = 64 << 10;
constexpr size_t kBufferBytesKept = 1 << 20;  // Larger ones are given back when empty.
constexpr std::chrono::milliseconds kDrainPatience{200};
constexpr std::string_view kCallPath = "/coheld.v1.Session/Call";
constexpr size_t kSiteBytesMax = 200;
// A channel that was in use a moment ago is not asked whether it is still good.
constexpr std::chrono::microseconds kFresh{200};
// What an op among many adds to the time until they are answered.
constexpr std::chrono::microseconds kOpOfMany{1};

// Builds the head of a CallRequest, of all but the request's bytes, without an allocation.
class FrameHead {
 public:
  // Appends a field unless it has the default value.
  void Append(uint32_t field, uint64_t number) {
    if (number == 0) return;
    AppendVarint(field << 3);
    AppendVarint(number);
  }
  // Begins a field of bytes, which follow the head.
  void BeginBytes(uint32_t field, size_t size) {
    AppendVarint((field << 3) | 2);
    AppendVarint(size);
  }
  // Appends a field of a few bytes.
  void AppendBytes(uint32_t field, std::string_view bytes) {
    BeginBytes(field, bytes.size());
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<ptrdiff_t>(size_));
    size_ += bytes.size();
  }
  std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  static constexpr size_t kFields = 10;
  static constexpr size_t kVarintBytesMax = 10;

  void AppendVarint(uint64_t number) {
    while (number >= 0x80) {
      bytes_[size_++] = static_cast<char>(number | 0x80);
      number >>= 7;
    }
    bytes_[size_++] = static_cast<char>(number);
  }

  std::array<char, kFields * 2 * kVarintBytesMax + kSiteBytesMax> bytes_;
  size_t size_ = 0;
};

}  // namespace

// A CallReply, as far as it is read without an object of it.
struct Channel::Reply {
  uint64_t id = 0;
  std::string_view payload;
  std::string_view error;
  bool failed = false;
};

bool Channel::ReadReply(std::string_view message, Reply* reply) {
  constexpr uint32_t kId = wire::FieldTag(v1::CallReply::kIdFieldNumber, wire::WireType::kVarint);
  constexpr uint32_t kPayload =
      wire::FieldTag(v1::CallReply::kPayloadFieldNumber, wire::WireType::kBytes);
  constexpr uint32_t kError =
      wire::FieldTag(v1::CallReply::kErrorFieldNumber, wire::WireType::kBytes);
  wire::FieldReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == kId) reply->id = fields.number();
    if (fields.tag() == kPayload) reply->payload = fields.bytes();
    if (fields.tag() == kError) reply->error = fields.bytes();
    reply->failed = reply->failed || fields.tag() == kError;
  }
  return fields.valid();
}

Channel::Channel(Link link, const std::string& authority, size_t message_bytes_max,
                 SpinPolicy::Duration spin, const WaitLimits& limits)
    : link_(std::move(link)),
      http_(message_bytes_max, link_.encrypted() ? "https" : "http"),
      spin_(spin),
      spin_for_others_(spin),
      authority_(authority) {
  while (!http_.settled()) {
    const WaitEnd end = Step(limits);
    if (end == WaitEnd::kInterrupted) throw Interrupted("interrupted while connecting");
    if (end == WaitEnd::kTimeout)
      Break("the peer did not answer as a coheld daemon in time", ETIMEDOUT);
  }
}

// In a child process the session's locks may be held by threads that the child has not.
Channel::~Channel() {
  if (posted_.empty() || !session_->own()) return;
  std::vector<Posting> again;
  for (Sent& sent : posted_) {
    auto& ops = sent.posting.ops;
    ops.erase(ops.begin(), ops.begin() + static_cast<ptrdiff_t>(sent.answered));
    again.push_back(std::move(sent.posting));
  }
  session_->PostAgain(std::move(again));
}

wire::Result<std::string> Channel::CallUnary(std::string_view path, std::string_view session_token,
                                             std::string_view request, const WaitLimits& limits) {
  const HttpClient::StreamId id = http_.Begin(path, authority_, session_token);
  std::string& outgoing = http_.Outgoing(id);
  wire::AppendPrefix({.length = static_cast<uint32_t>(request.size())}, &outgoing);
  outgoing.append(request);
  http_.HalfClose(id);
  std::optional<std::string> reply;
  std::string_view message;
  while (true) {
    if (http_.NextMessage(id, &message)) reply = message;
    if (http_.stream(id).closed) break;
    if (http_.oversized() != 0) Break("the daemon's reply is too large", 0);
    const WaitEnd end = Step(limits);
    if (end == WaitEnd::kInterrupted) throw Interrupted("interrupted while opening a session");
    if (end == WaitEnd::kTimeout) Break("the daemon did not answer in time", ETIMEDOUT);
  }
  const HttpStream& stream = http_.stream(id);
  if (stream.code == wire::Code::kOk && reply) return std::move(*reply);
  if (stream.failure.reason == v1::ERROR_REASON_UNSPECIFIED) {
    if (!stream.failure.message.empty()) Break(stream.failure.message, 0);
    throw LinkBroken{.why = "the daemon ended the call", .cut = true};
  }
  return stream.failure;
}

void Channel::OpenStream(std::shared_ptr<OpenSession> session) {
  session_ = std::move(session);
  stream_ = http_.Begin(kCallPath, authority_, session_->token());
}

void Channel::AppendFrame(const Frame& frame, uint64_t id) {
  FrameHead head;
  head.Append(v1::CallRequest::kIdFieldNumber, id);
  head.Append(v1::CallRequest::kMethodFieldNumber, frame.method);
  head.Append(v1::CallRequest::kThreadFieldNumber, frame.thread);
  head.Append(v1::CallRequest::kDeadlineMsFieldNumber, frame.deadline_ms);
  head.Append(v1::CallRequest::kSeqFieldNumber, frame.seq);
  head.Append(v1::CallRequest::kAckedFieldNumber, frame.acked);
  head.Append(v1::CallRequest::kLaneFieldNumber, frame.lane);
  head.Append(v1::CallRequest::kTokenFieldNumber, frame.token);
  const std::string_view site = frame.site.substr(0, kSiteBytesMax);
  if (!site.empty()) head.AppendBytes(v1::CallRequest::kSiteFieldNumber, site);
  if (!frame.request.empty()) {
    head.BeginBytes(v1::CallRequest::kPayloadFieldNumber, frame.request.size());
  }
  std::string& outgoing = http_.Outgoing(stream_);
  wire::AppendPrefix({.length = static_cast<uint32_t>(head.bytes().size() + frame.request.size())},
                     &outgoing);
  outgoing.append(head.bytes());
  outgoing.append(frame.request);
}

WaitEnd Channel::Exchange(const std::vector<Frame>& frames, const WaitLimits& limits,
                          std::vector<Answer>* answers) {
  answers->assign(frames.size(), Answer{});
  first_id_ = next_id_;
  open_answers_ = frames.size();
  sent_any_ = false;
  may_spin_ = &spin_;
  for (const Frame& frame : frames) {
    if (frame.may_wait) may_spin_ = &spin_for_others_;
    AppendFrame(frame, next_id_++);
  }
  return Collect(limits, answers);
}

WaitEnd Channel::CancelPending(const WaitLimits& limits, std::vector<Answer>* answers) {
  for (size_t i = 0; i < answers->size(); ++i) {
    if (!(*answers)[i].final()) AppendFrame({}, first_id_ + i);
  }
  return Collect(limits, answers);
}

WaitEnd Channel::Collect(const WaitLimits& limits, std::vector<Answer>* answers) {
  try {
    while (true) {
      TakeReplies(answers);
      if (open_answers_ == 0) {
        used_ = Clock::now();
        return WaitEnd::kReady;
      }
      if (http_.stream(stream_).closed) TakeStreamEnd(answers);
      if (open_answers_ == 0) return WaitEnd::kReady;
      const WaitEnd end = Step(limits);
      if (end != WaitEnd::kReady) {
        MarkSent(answers);
        return end;
      }
    }
  } catch (const LinkBroken&) {
    MarkSent(answers);
    throw;
  }
}

// Frames leave in order. Once a byte has left, all but the last count as sent; a last frame that is
// incomplete cannot have happened.
void Channel::MarkSent(std::vector<Answer>* answers) const {
  if (!sent_any_) return;
  const bool complete = http_.all_pumped() && out_sent_ == out_.size();
  for (size_t i = 0; i < answers->size(); ++i) {
    Answer& answer = (*answers)[i];
    const bool last = i + 1 == answers->size();
    if (answer.state == Answer::State::kUnsent && (!last || complete)) {
      answer.state = Answer::State::kPending;
    }
  }
}

void Channel::TakeReplies(std::vector<Answer>* answers) {
  std::string_view message;
  while (http_.NextMessage(stream_, &message)) {
    Reply reply;
    if (!ReadReply(message, &reply)) Break("the daemon sent a malformed reply", 0);
    const uint64_t place = reply.id - first_id_;
    if (place >= answers->size()) {
      TakeUnwanted(reply.id);
    } else if (!(*answers)[place].final()) {
      TakeReply(reply, &(*answers)[place]);
      --open_answers_;
    }
  }
  if (!http_.error().empty()) Break(http_.error(), 0);
  if (http_.oversized() != 0) {
    throw TooLarge(Reason::kTooLarge, "the reply has " + std::to_string(http_.oversized()) +
                                          " bytes and was not read (the op happened); raise "
                                          "ClientOptions::message_bytes_max");
  }
}

void Channel::TakeReply(const Reply& reply, Answer* answer) {
  if (!reply.failed) {
    answer->state = Answer::State::kReplied;
    answer->payload = std::string(reply.payload);
    return;
  }
  v1::Error error;
  if (!error.ParseFromArray(reply.error.data(), static_cast<int>(reply.error.size()))) {
    Break("the daemon sent a malformed reply", 0);
  }
  answer->state = Answer::State::kFailed;
  answer->failure = {error.reason(), std::move(*error.mutable_message())};
}

// Ops that are posted are never parked, so their answers come in order.
void Channel::TakeUnwanted(uint64_t id) {
  for (size_t i = 0; i < posted_.size(); ++i) {
    Sent& sent = posted_[i];
    const size_t size = sent.posting.ops.size();
    if (id > sent.last_id || id + size <= sent.last_id) continue;
    sent.answered = std::max(sent.answered, static_cast<size_t>(id + size - sent.last_id));
    if (sent.answered < size) return;
    sent.posting.lane.acked = sent.posting.ops.back().seq;
    session_->GiveBack({sent.posting.lane});
    posted_.erase(posted_.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
}

// The daemon ended the stream: with a reason, no open op of it happened.
void Channel::TakeStreamEnd(std::vector<Answer>* answers) {
  const HttpStream& stream = http_.stream(stream_);
  if (stream.failure.reason == v1::ERROR_REASON_UNSPECIFIED) {
    Break(stream.failure.message.empty() ? "the daemon ended the stream" : stream.failure.message,
          0);
  }
  for (Answer& answer : *answers) {
    if (answer.final()) continue;
    answer.state = Answer::State::kFailed;
    answer.failure = stream.failure;
  }
  open_answers_ = 0;
}

WaitEnd Channel::Step(const WaitLimits& limits) {
  Flush();
  if (!http_.error().empty()) Break(http_.error(), 0);
  const bool blocked = out_sent_ < out_.size();
  if (!blocked) {
    SpinPolicy* const policy = std::exchange(may_spin_, nullptr);
    return policy != nullptr && Spin(policy, limits) ? WaitEnd::kReady : WaitAndReceive(limits);
  }
  const WaitEnd end = link_.Wait(send_error_ == 0, limits);
  if (end == WaitEnd::kReady) ReceiveOnce();
  return end;
}

void Channel::Flush() {
  while (send_error_ == 0) {
    if (out_sent_ == out_.size()) {
      out_.clear();
      if (out_.capacity() > kBufferBytesKept) out_.shrink_to_fit();
      out_sent_ = 0;
      http_.Pump(kPumpBytes, &out_);
      if (out_.empty()) return;
    }
    const std::optional<size_t> sent = link_.Send(std::string_view(out_).substr(out_sent_));
    if (!sent) {
      send_error_ = errno == 0 ? EPIPE : errno;  // Replies may still be there to be read.
      return;
    }
    if (*sent == 0) return;
    out_sent_ += *sent;
    sent_any_ = true;
    stuck_ = false;
  }
}

bool Channel::Spin(SpinPolicy* policy, const WaitLimits& limits) {
  const auto more = kOpOfMany * std::max<size_t>(1, open_answers_) - kOpOfMany;
  const auto until = limits.until.value_or(Clock::time_point::max());
  for (policy->Begin(Clock::now(), more, until); policy->looking();) {
    sched_yield();  // First: the daemon may need this very core.
    const Clock::time_point back = Clock::now();
    const bool answered = ReceiveOnce();
    policy->Looked(back, answered);
    if (answered) return true;
  }
  return false;
}

bool Channel::ReceiveOnce() {
  std::array<char, kReceiveBytes> buffer;
  return TakeReceived(buffer.data(), link_.Receive(buffer.data(), buffer.size()));
}

WaitEnd Channel::WaitAndReceive(const WaitLimits& limits) {
  std::array<char, kReceiveBytes> buffer;
  std::optional<size_t> received;
  const WaitEnd end = link_.WaitAndReceive(buffer.data(), buffer.size(), limits, &received);
  if (end == WaitEnd::kReady) TakeReceived(buffer.data(), received);
  return end;
}

bool Channel::TakeReceived(const char* buffer, std::optional<size_t> received) {
  if (!received) {
    const int failure = errno != 0 ? errno : send_error_;
    throw LinkBroken{failure == 0 ? "the daemon closed the connection" : std::strerror(failure),
                     failure, true};
  }
  if (*received > 0 && !http_.Feed({buffer, *received})) Break(http_.error(), 0);
  return *received > 0;
}

bool Channel::Post() {
  if (!has_to_post()) return true;
  std::vector<Posting> postings = session_->TakePostings();
  for (Posting& posting : postings) {
    for (const Posting::Posted& op : posting.ops) {
      AppendFrame({.method = op.method,
                   .request = op.request,
                   .lane = posting.lane.number,
                   .seq = op.seq,
                   .acked = posting.lane.acked},
                  next_id_++);
    }
    posted_.push_back({.last_id = next_id_ - 1, .posting = std::move(posting)});
  }
  Flush();
  return send_error_ == 0 && http_.error().empty();
}

void Channel::Drain() {
  const WaitLimits limits{.until = Clock::now() + kDrainPatience};
  std::vector<Answer> none;
  while (!http_.all_pumped() || out_sent_ < out_.size() || session_->has_postings()) {
    if (stuck_) {
      // It takes nothing as long as nobody takes its answers.
      while (ReceiveOnce()) TakeReplies(&none);
      Flush();
      if (stuck_) return;
    }
    stuck_ = Step(limits) != WaitEnd::kReady;
    TakeReplies(&none);
    if (!Post()) return;
  }
  stuck_ = false;
}

bool Channel::Refresh() {
  if (!own()) return false;
  try {
    std::vector<Answer> none;
    const bool fresh = Clock::now() - used_ < kFresh;
    while (!fresh && ReceiveOnce()) TakeReplies(&none);
  } catch (const LinkBroken&) {
    return false;
  } catch (const TooLarge&) {
    return false;
  }
  return !http_.going_away() && !http_.stream(stream_).closed;
}

void Channel::Break(std::string why, int system_error) {
  throw LinkBroken{std::move(why), system_error};
}

}  // namespace coheld::core
