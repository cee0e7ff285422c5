// See peer_calls.h.
#include "server/dispatch/peer_calls.h"

#include <charconv>

#include "coheld/v1/session.pb.h"
#include "proto/wire/call_frame.h"
#include "proto/wire/check.h"
#include "proto/wire/status.h"
#include "server/dispatch/health.h"
#include "server/dispatch/reflection.h"

namespace coheld::dispatch {
namespace {

constexpr std::string_view kCallPath = "/coheld.v1.Session/Call";
constexpr std::string_view kSessionKey = "coheld-session";
constexpr std::string_view kThreadKey = "coheld-thread";

Failure NotOneMessage() {
  return {v1::ERROR_REASON_MALFORMED, "a unary call has exactly one message"};
}

engine::Result<uint64_t> ThreadOf(const transport::Metadata& metadata) {
  const std::optional<std::string_view> text = transport::Find(metadata, kThreadKey);
  uint64_t thread = 0;
  if (!text) return thread;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), thread);
  if (error == std::errc() && end == text->data() + text->size()) return thread;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                 "metadata coheld-thread is \"" + std::string(*text) + "\"; it must be a number"};
}

}  // namespace

PeerCalls::PeerCalls(Dispatcher& dispatcher, transport::Connection& connection)
    : dispatcher_(dispatcher), connection_(connection) {
  dispatcher_.peers_.insert(this);
}

PeerCalls::~PeerCalls() {
  dispatcher_.peers_.erase(this);
  std::vector<CallId> calls;
  for (auto& [id, stream] : streams_) {
    for (const CallId call : TakeParked(stream)) calls.push_back(call);
  }
  dispatcher_.Abandon(std::move(calls));
  for (const SessionId session : sessions_) dispatcher_.Detach(session, connection_.peer());
}

engine::Result<PeerCalls::Stream> PeerCalls::Begin(const transport::CallHead& head) {
  Stream stream;
  if (head.path == kHealthCheckPath) {
    stream.kind = Kind::kHealthCheck;
  } else if (head.path == kHealthWatchPath) {
    stream.kind = Kind::kHealthWatch;
  } else if (head.path == kReflectionPath) {
    stream.kind = Kind::kReflection;
  } else if (head.path == kReflectionAlphaPath) {
    stream.kind = Kind::kReflectionAlpha;
  } else if (const wire::MethodRow* method = wire::FindMethod(head.path)) {
    stream.kind = head.path == kCallPath ? Kind::kCallStream : Kind::kUnary;
    stream.method = method->number;
  } else {
    return Failure{v1::ERROR_REASON_UNKNOWN_METHOD, "no method " + head.path};
  }
  engine::Result<uint64_t> thread = ThreadOf(head.metadata);
  if (!thread.ok()) return thread.failure();
  stream.thread = thread.value();
  stream.deadline_ms = head.timeout_ms.value_or(0);
  if (const std::optional<std::string_view> token = transport::Find(head.metadata, kSessionKey)) {
    engine::Result<SessionId> session = dispatcher_.Authenticate(*token);
    if (!session.ok()) return session.failure();
    stream.session = session.value();
    UseSession(stream.session);
  }
  return stream;
}

void PeerCalls::OnCall(StreamId id, transport::CallHead head) {
  engine::Result<Stream> stream = Begin(head);
  if (!stream.ok()) {
    connection_.session().Finish(id, stream.failure());
    return;
  }
  streams_.insert_or_assign(id, std::move(stream).value());
}

void PeerCalls::OnMessage(StreamId id, std::string_view message) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;  // Already answered.
  Stream& stream = found->second;
  switch (stream.kind) {
    case Kind::kUnary:
      return OnUnary(id, stream, message);
    case Kind::kCallStream:
      return OnFrame(id, stream, message);
    case Kind::kHealthCheck:
    case Kind::kHealthWatch:
      return OnHealth(id, stream, message);
    case Kind::kReflection:
    case Kind::kReflectionAlpha:
      return OnReflection(id, stream, message);
  }
}

void PeerCalls::OnUnary(StreamId id, Stream& stream, std::string_view message) {
  if (stream.submitted) {
    Abandon(stream);
    return Fail(id, NotOneMessage());
  }
  stream.submitted = true;
  dispatcher_.Submit({.route = {.peer = this, .stream = id},
                      .session = stream.session,
                      .thread = stream.thread,
                      .method = stream.method,
                      .payload = message,
                      .deadline_ms = stream.deadline_ms});
}

void PeerCalls::OnFrame(StreamId id, Stream& stream, std::string_view message) {
  wire::CallRequestView request;
  if (!wire::ParseCallRequest(message, &request) || request.id == 0) {
    Abandon(stream);
    return Fail(id, {v1::ERROR_REASON_MALFORMED, "the message is no CallRequest with an id"});
  }
  const auto parked = stream.parked.find(request.id);
  if (request.method == 0) {  // Cancel; too late if it is not parked any more.
    if (parked == stream.parked.end()) return;
    return dispatcher_.Cancel(parked->second, {v1::ERROR_REASON_CANCELLED,
                                               "the caller cancelled the op; it did not happen"});
  }
  const Route route{.peer = this, .stream = id, .frame = request.id};
  if (parked != stream.parked.end()) {
    Abandon(stream);
    return Fail(id, {v1::ERROR_REASON_INVALID_ARGUMENT,
                     "id " + std::to_string(request.id) + " is that of an op in flight"});
  }
  dispatcher_.Submit({.route = route,
                      .session = stream.session,
                      .thread = request.thread,
                      .method = request.method,
                      .payload = request.payload,
                      .deadline_ms = request.deadline_ms});
}

void PeerCalls::OnHealth(StreamId id, Stream& stream, std::string_view message) {
  if (stream.submitted) return Fail(id, NotOneMessage());
  stream.submitted = true;
  const bool watch = stream.kind == Kind::kHealthWatch;
  engine::Result<std::string> reply =
      HealthReply(message, {.serving = !dispatcher_.shutting_down(), .watch = watch});
  if (!reply.ok()) return Fail(id, reply.failure());
  if (watch) return connection_.session().Send(id, reply.value());
  streams_.erase(id);
  connection_.session().Reply(id, reply.value());
}

void PeerCalls::OnReflection(StreamId id, const Stream& stream, std::string_view message) {
  const std::string reply =
      stream.kind == Kind::kReflection ? ReflectionReply(message) : ReflectionAlphaReply(message);
  connection_.session().Send(id, reply);
}

void PeerCalls::OnHalfClose(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  stream.half_closed = true;
  switch (stream.kind) {
    case Kind::kUnary:
    case Kind::kHealthCheck:
    case Kind::kHealthWatch:
      if (!stream.submitted) Fail(id, NotOneMessage());
      return;
    case Kind::kCallStream:
      return FinishIfDrained(id, stream);
    case Kind::kReflection:
    case Kind::kReflectionAlpha:
      streams_.erase(found);
      return connection_.session().Finish(id);
  }
}

void PeerCalls::FinishIfDrained(StreamId id, const Stream& stream) {
  if (!stream.half_closed || !stream.parked.empty()) return;
  streams_.erase(id);
  connection_.session().Finish(id);
}

void PeerCalls::OnAbort(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Abandon(found->second);
  streams_.erase(id);
}

std::vector<CallId> PeerCalls::TakeParked(Stream& stream) {
  std::vector<CallId> calls;
  for (const auto& [frame, call] : stream.parked) calls.push_back(call);
  parked_ -= calls.size();
  stream.parked.clear();
  return calls;
}

void PeerCalls::Abandon(Stream& stream) { dispatcher_.Abandon(TakeParked(stream)); }

void PeerCalls::Answer(const Route& route, const engine::Reply& reply) {
  if (reply.failure) return Answer(route, *reply.failure);
  AnswerWith(route, reply.payload);
}

void PeerCalls::AnswerWith(const Route& route, std::string_view payload) {
  if (route.frame == 0) {
    streams_.erase(route.stream);
    connection_.session().Reply(route.stream, payload);
    return;
  }
  wire::EncodeCallReply(route.frame, payload, &scratch_);
  SendFrame(route.stream, scratch_);
}

void PeerCalls::Answer(const Route& route, const Failure& failure) {
  if (route.frame == 0) return Fail(route.stream, failure);
  v1::CallReply reply;
  reply.set_id(route.frame);
  v1::Error* error = reply.mutable_error();
  error->set_code(static_cast<uint32_t>(wire::CodeOf(failure.reason)));
  error->set_reason(failure.reason);
  error->set_message(failure.message);
  SendFrame(route.stream, reply.SerializeAsString());
}

void PeerCalls::SendFrame(StreamId id, std::string_view frame) {
  connection_.session().Send(id, frame);
  const auto found = streams_.find(id);
  if (found != streams_.end()) FinishIfDrained(id, found->second);
}

void PeerCalls::Fail(StreamId id, const Failure& failure) {
  streams_.erase(id);
  connection_.session().Finish(id, failure);
}

void PeerCalls::NoteParked(const Route& route, CallId call) {
  streams_.at(route.stream).parked.emplace(route.frame, call);
  ++parked_;
}

void PeerCalls::ForgetParked(const Route& route) {
  COHELD_CHECK(streams_.at(route.stream).parked.erase(route.frame) == 1);
  --parked_;
}

void PeerCalls::UseSession(SessionId session) {
  if (sessions_.insert(session).second) dispatcher_.Attach(session);
}

void PeerCalls::Shutdown() {
  for (auto place = streams_.begin(); place != streams_.end();) {
    const StreamId id = place->first;
    const Kind kind = place->second.kind;
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
