// See peer_calls.h.
#include "server/dispatch/peer_calls.h"

#include <algorithm>
#include <charconv>

#include "coheld/v1/session.pb.h"
#include "proto/wire/call_frame.h"
#include "proto/wire/check.h"
#include "proto/wire/fields.h"
#include "proto/wire/status.h"
#include "server/dispatch/health.h"
#include "server/dispatch/reflection.h"
#include "server/transport/headers.h"
#include "server/transport/output.h"

namespace coheld::dispatch {
namespace {

constexpr std::string_view kCallName = "Session.Call";
constexpr std::string_view kSessionKey = "coheld-session";
constexpr std::string_view kThreadKey = "coheld-thread";
constexpr std::string_view kSeqKey = "coheld-seq";
constexpr std::string_view kAckedKey = "coheld-acked";
constexpr std::string_view kLaneKey = "coheld-lane";
constexpr std::string_view kTokenKey = "coheld-token";
constexpr std::string_view kSiteKey = "coheld-site";
constexpr size_t kSiteBytesMax = 200;
// With more on the way to other shards a connection is not read from.
constexpr size_t kUnderwayMax = 10'000;
constexpr size_t kUnderwayBytesMax = 8 << 20;

Failure NotOneMessage() {
  return {v1::ERROR_REASON_MALFORMED, "a unary call has exactly one message"};
}

std::optional<Failure> ReadNumber(const std::string& name, const std::string& text, uint64_t most,
                                  uint64_t* number) {
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, *number);
  if (error == std::errc() && end == last && *number <= most) return std::nullopt;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT, "metadata " + name + " is \"" + text +
                                                        "\"; it must be a number up to " +
                                                        std::to_string(most)};
}

// Returns where in a client's program an op is, cut to what is kept of it. It is for people, and
// only looked at as text: what is no UTF-8 is no site.
std::string_view SiteOf(std::string_view site) {
  if (site.empty()) return site;
  site = transport::TruncateUtf8(site, kSiteBytesMax);
  return wire::IsUtf8(site) ? site : std::string_view{};
}

}  // namespace

PeerCalls::PeerCalls(Dispatcher& dispatcher, transport::Connection& connection)
    : dispatcher_(dispatcher), connection_(connection) {
  dispatcher_.peers_.insert(this);
}

PeerCalls::~PeerCalls() {
  dispatcher_.peers_.erase(this);
  std::vector<CallId> calls;
  for (const auto& [frame, call] : parked_) calls.push_back(call);
  parked_.clear();
  dispatcher_.Abandon(std::move(calls));
  for (const SessionId session : sessions_) dispatcher_.Detach(session, connection_);
}

std::optional<Failure> PeerCalls::Begin(const transport::CallHead& head, Stream* stream) {
  if (const wire::MethodRow* method = wire::FindMethod(head.path)) {
    stream->kind = method->name == kCallName ? Kind::kCallStream : Kind::kUnary;
    stream->method = method->number;
  } else if (head.path == kHealthCheckPath) {
    stream->kind = Kind::kHealthCheck;
  } else if (head.path == kHealthWatchPath) {
    stream->kind = Kind::kHealthWatch;
  } else if (head.path == kReflectionPath) {
    stream->kind = Kind::kReflection;
  } else if (head.path == kReflectionAlphaPath) {
    stream->kind = Kind::kReflectionAlpha;
  } else {
    return Failure{v1::ERROR_REASON_UNKNOWN_METHOD, "no method " + head.path};
  }
  if (std::optional<Failure> failure = ReadMetadata(head.metadata, stream)) return failure;
  stream->deadline_ms = head.timeout_ms.value_or(0);
  if (const std::optional<std::string_view> token = transport::Find(head.metadata, kSessionKey)) {
    const engine::Result<SessionId> session = dispatcher_.Authenticate(*token);
    if (!session.ok()) return session.failure();
    stream->session = session.value();
    UseSession(stream->session);
  }
  return std::nullopt;
}

std::optional<Failure> PeerCalls::ReadMetadata(const transport::Metadata& metadata,
                                               Stream* stream) {
  for (const auto& [name, text] : metadata) {
    std::optional<Failure> failure;
    if (name == kThreadKey) failure = ReadNumber(name, text, UINT64_MAX, &stream->thread);
    if (name == kSeqKey) failure = ReadNumber(name, text, UINT64_MAX, &stream->seq);
    if (name == kAckedKey) failure = ReadNumber(name, text, UINT64_MAX, &stream->acked);
    if (name == kLaneKey) failure = ReadNumber(name, text, UINT32_MAX, &stream->lane);
    if (name == kTokenKey) failure = ReadNumber(name, text, UINT64_MAX, &stream->token);
    if (name == kSiteKey) stream->site = text;
    if (failure) return failure;
  }
  return std::nullopt;
}

PeerCalls::Stream* PeerCalls::FindOlder(StreamId id) {
  const auto found =
      std::lower_bound(streams_.begin(), streams_.end(), id,
                       [](const Stream& s, StreamId wanted) { return s.id < wanted; });
  return found == streams_.end() || found->id != id ? nullptr : &*found;
}

void PeerCalls::Erase(StreamId id) {
  const Stream* stream = Find(id);
  if (stream != nullptr) streams_.erase(streams_.begin() + (stream - streams_.data()));
}

void PeerCalls::OnCall(StreamId id, const transport::CallHead& head) {
  COHELD_CHECK(streams_.empty() || streams_.back().id < id);
  Stream stream{.id = id};
  if (std::optional<Failure> failure = Begin(head, &stream)) {
    dispatcher_.Hold(connection_);  // That a session is over may yet be lost.
    return connection_.session().Finish(id, *failure);
  }
  streams_.push_back(std::move(stream));
}

void PeerCalls::OnMessage(StreamId id, std::string_view message) {
  Stream* stream = Find(id);
  if (stream == nullptr) return;  // Already answered.
  switch (stream->kind) {
    case Kind::kUnary:
      return OnUnary(*stream, message);
    case Kind::kCallStream:
      return OnFrame(*stream, message);
    case Kind::kHealthCheck:
    case Kind::kHealthWatch:
      return OnHealth(*stream, message);
    case Kind::kReflection:
    case Kind::kReflectionAlpha:
      return OnReflection(*stream, message);
  }
}

void PeerCalls::OnUnary(Stream& stream, std::string_view message) {
  const StreamId id = stream.id;
  if (stream.submitted) {
    Abandon(id);
    return Fail(id, NotOneMessage());
  }
  stream.submitted = true;
  dispatcher_.Submit({.route = {.peer = this, .stream = id},
                      .session = stream.session,
                      .thread = stream.thread,
                      .method = stream.method,
                      .payload = message,
                      .deadline_ms = stream.deadline_ms,
                      .seq = stream.seq,
                      .acked = stream.acked,
                      .lane = static_cast<uint32_t>(stream.lane),
                      .token = stream.token,
                      .site = SiteOf(stream.site)});
}

void PeerCalls::OnFrame(const Stream& stream, std::string_view message) {
  const StreamId id = stream.id;
  wire::CallRequestView request;
  if (!wire::ParseCallRequest(message, &request) || request.id == 0) {
    Abandon(id);
    return Fail(id, {v1::ERROR_REASON_MALFORMED, "the message is no CallRequest with an id"});
  }
  const CallId* const parked = FindParked(id, request.id);
  if (request.method == 0) {  // Cancel; too late if it is not parked any more.
    if (parked != nullptr) dispatcher_.CancelForCaller(*parked);
    return;
  }
  if (parked != nullptr) {
    Abandon(id);
    return Fail(id, {v1::ERROR_REASON_INVALID_ARGUMENT,
                     "id " + std::to_string(request.id) + " is that of an op in flight"});
  }
  dispatcher_.Submit({.route = {.peer = this, .stream = id, .frame = request.id},
                      .session = stream.session,
                      .thread = request.thread,
                      .method = request.method,
                      .payload = request.payload,
                      .deadline_ms = request.deadline_ms,
                      .seq = request.seq,
                      .acked = request.acked,
                      .lane = request.lane,
                      .token = request.token,
                      .site = SiteOf(request.site)});
}

void PeerCalls::OnHealth(Stream& stream, std::string_view message) {
  const StreamId id = stream.id;
  if (stream.submitted) return Fail(id, NotOneMessage());
  stream.submitted = true;
  const bool watch = stream.kind == Kind::kHealthWatch;
  engine::Result<std::string> reply =
      HealthReply(message, {.serving = !dispatcher_.shutting_down(), .watch = watch});
  if (!reply.ok()) return Fail(id, reply.failure());
  if (watch) return connection_.session().Send(id, reply.value());
  Erase(id);
  connection_.session().Reply(id, reply.value());
}

void PeerCalls::OnReflection(const Stream& stream, std::string_view message) {
  const std::string reply =
      stream.kind == Kind::kReflection ? ReflectionReply(message) : ReflectionAlphaReply(message);
  connection_.session().Send(stream.id, reply);
}

void PeerCalls::OnHalfClose(StreamId id) {
  Stream* stream = Find(id);
  if (stream == nullptr) return;
  stream->half_closed = true;
  switch (stream->kind) {
    case Kind::kUnary:
    case Kind::kHealthCheck:
    case Kind::kHealthWatch:
      if (!stream->submitted) Fail(id, NotOneMessage());
      return;
    case Kind::kCallStream:
      return FinishIfDrained(*stream);
    case Kind::kReflection:
    case Kind::kReflectionAlpha:
      Erase(id);
      return connection_.session().Finish(id);
  }
}

const CallId* PeerCalls::FindParked(StreamId id, uint64_t frame) const {
  if (parked_.empty()) return nullptr;
  const auto found = parked_.find({id, frame});
  return found == parked_.end() ? nullptr : &found->second;
}

bool PeerCalls::HasParked(StreamId id) const {
  const auto first = parked_.lower_bound({id, 0});
  return first != parked_.end() && first->first.first == id;
}

void PeerCalls::FinishIfDrained(const Stream& stream) {
  const StreamId id = stream.id;
  if (!stream.half_closed || HasParked(id)) return;
  Erase(id);
  connection_.session().Finish(id);
}

void PeerCalls::OnAbort(StreamId id) {
  Abandon(id);
  Erase(id);
}

void PeerCalls::Abandon(StreamId id) {
  std::vector<CallId> calls;
  auto place = parked_.lower_bound({id, 0});
  while (place != parked_.end() && place->first.first == id) {
    calls.push_back(place->second);
    place = parked_.erase(place);
  }
  dispatcher_.Abandon(std::move(calls));
}

void PeerCalls::Answer(const Route& route, const engine::Reply& reply) {
  dispatcher_.Hold(connection_, reply.durability);
  if (reply.failure) return SendFailure(route, *reply.failure);
  SendPayload(route, reply.payload);
}

void PeerCalls::AnswerTaking(const Route& route, engine::Reply&& reply) {
  if (reply.failure || reply.payload.size() < transport::kLentBytesMin) {
    return Answer(route, reply);
  }
  dispatcher_.Hold(connection_, reply.durability);
  if (route.frame == 0) {
    Erase(route.stream);
    return connection_.session().ReplyTaking(route.stream, std::move(reply.payload));
  }
  wire::CallReplyHead head;
  const std::string_view front =
      wire::EncodeCallReplyHead(route.frame, reply.payload.size(), &head);
  connection_.session().SendTaking(route.stream, front, std::move(reply.payload));
  if (const Stream* stream = Find(route.stream)) FinishIfDrained(*stream);
}

void PeerCalls::AnswerWith(const Route& route, std::string_view payload) {
  dispatcher_.Hold(connection_);
  SendPayload(route, payload);
}

void PeerCalls::Answer(const Route& route, const Failure& failure) {
  dispatcher_.Hold(connection_);
  SendFailure(route, failure);
}

void PeerCalls::SendPayload(const Route& route, std::string_view payload) {
  if (route.frame == 0) {
    Erase(route.stream);
    connection_.session().Reply(route.stream, payload);
    return;
  }
  wire::CallReplyHead head;
  SendFrame(route.stream, wire::EncodeCallReplyHead(route.frame, payload.size(), &head), payload);
}

void PeerCalls::SendFailure(const Route& route, const Failure& failure) {
  if (route.frame == 0) return Fail(route.stream, failure);
  v1::CallReply reply;
  reply.set_id(route.frame);
  v1::Error* error = reply.mutable_error();
  error->set_code(static_cast<uint32_t>(wire::CodeOf(failure.reason)));
  error->set_reason(failure.reason);
  error->set_message(failure.message);
  SendFrame(route.stream, reply.SerializeAsString());
}

void PeerCalls::SendFrame(StreamId id, std::string_view head, std::string_view payload) {
  connection_.session().Send(id, head, payload);
  if (const Stream* stream = Find(id)) FinishIfDrained(*stream);
}

void PeerCalls::Fail(StreamId id, const Failure& failure) {
  Erase(id);
  connection_.session().Finish(id, failure);
}

void PeerCalls::NoteParked(const Route& route, CallId call) {
  COHELD_CHECK(Find(route.stream) != nullptr);
  parked_.emplace(std::pair(route.stream, route.frame), call);
}

void PeerCalls::ForgetParked(const Route& route) {
  COHELD_CHECK(parked_.erase({route.stream, route.frame}) == 1);
}

void PeerCalls::NoteUnderway(int64_t ops, int64_t bytes) {
  underway_ = static_cast<size_t>(static_cast<int64_t>(underway_) + ops);
  underway_bytes_ += bytes;
  // What is read faster than others can do it piles up with them.
  const size_t divisor = input_held_ ? 2 : 1;
  const bool hold = underway_ > kUnderwayMax / divisor ||
                    underway_bytes_ > static_cast<int64_t>(kUnderwayBytesMax / divisor);
  if (hold != std::exchange(input_held_, hold)) connection_.HoldInput(hold);
}

void PeerCalls::UseSession(SessionId session) {
  if (sessions_.insert(session).second) dispatcher_.Attach(session, connection_);
}

void PeerCalls::Shutdown() {
  for (auto place = streams_.begin(); place != streams_.end();) {
    const StreamId id = place->id;
    const Kind kind = place->kind;
    if (kind == Kind::kUnary || kind == Kind::kHealthCheck) {
      ++place;
      continue;
    }
    place = streams_.erase(place);
    if (kind == Kind::kHealthWatch) {
      connection_.session().Send(id, HealthNotServing());
      connection_.session().Finish(id);
    } else {
      connection_.session().Finish(id,
                                   {v1::ERROR_REASON_SHUTTING_DOWN, "the daemon is shutting down"});
    }
  }
  RequestFlush();
}

}  // namespace coheld::dispatch
