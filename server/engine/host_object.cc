// The host's ops (coheld/v1/host.proto); its state is in host_object.h.
#include "server/engine/host_object.h"

#include <optional>
#include <utility>

#include "coheld/v1/host.pb.h"
#include "server/engine/limits.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

Outcome Create(HostObject& host, const v1::HostCreateRequest& request, v1::HostCreateReply* reply,
               Turn& turn) {
  if (std::optional<Failure> failure = CheckExclusive("host", host, request, turn)) return *failure;
  if (turn.created()) host.Touch();
  AnswerCreate(host, turn, reply);
  return Done();
}

Outcome Attach(HostObject& host, const v1::HostAttachRequest& /*request*/,
               v1::HostAttachReply* reply, Turn& turn) {
  const SessionId session = turn.owner().session;
  if (session == kNoSession) {
    return Failure{
        v1::ERROR_REASON_SESSION_REQUIRED,
        "the host \"" + host.name() + "\" is served by a session; open one and send its token"};
  }
  if (!host.service()) host.BeginService(turn);
  if (host.service()->owner.session != session) {
    return Failure{
        v1::ERROR_REASON_HOST_TAKEN,
        "session " + std::to_string(static_cast<uint64_t>(host.service()->owner.session)) +
            " serves the host \"" + host.name() + "\"; let it detach or end, or use another name"};
  }
  reply->set_token(host.service()->token);
  return Done();
}

Outcome Detach(HostObject& host, const v1::HostDetachRequest& /*request*/,
               v1::HostDetachReply* /*reply*/, Turn& turn) {
  if (auto failure = host.CheckServedBy(turn.owner().session)) return *failure;
  host.EndService(turn);
  return Done();
}

void TellCall(HostCall& call, v1::HostedCall* wire) {
  wire->set_number(static_cast<uint64_t>(call.number));
  wire->set_target(call.target);
  wire->set_method(call.method);
  ToWire(std::exchange(call.arguments, Value()), wire->mutable_arguments());
  ToWire(std::exchange(call.keywords, Value()), wire->mutable_keywords());
  wire->set_session(static_cast<uint64_t>(call.caller.session));
  wire->set_thread(call.caller.thread);
}

Outcome Take(HostObject& host, const v1::HostTakeRequest& request, v1::HostTakeReply* reply,
             Turn& turn) {
  if (auto failure = host.CheckServedBy(turn.owner().session)) return *failure;
  if (turn.MustQueue(host.takers) || !host.HasNews()) {
    return turn.Park(host.takers, TimeoutOf(request), Done());
  }
  const uint64_t limit = request.limit() == 0 ? host.waiting() : request.limit();
  size_t bytes = 0;
  for (uint64_t taken = 0; taken < limit && host.Next() != nullptr; ++taken) {
    bytes += host.Next()->bytes;
    if (bytes > kPageBytesMax && taken > 0) break;  // Never lost to a reply too large.
    TellCall(*host.TakeNext(), reply->add_calls());
  }
  host.TellNews(reply);
  return Done();
}

Outcome Answer(HostObject& host, const v1::HostAnswerRequest& request, v1::HostAnswerReply* reply,
               Turn& turn) {
  if (auto failure = host.CheckServedBy(turn.owner().session)) return *failure;
  Result<Value> result = FromWire(request.result());
  if (!result.ok()) return result.failure();
  HostCall* call = host.Running(request.number());
  reply->set_delivered(call != nullptr);
  if (call != nullptr) host.Answer(*call, request.raised(), std::move(result).value(), turn);
  return Done();
}

Outcome Call(HostObject& host, const v1::HostCallRequest& request, v1::HostCallReply* reply,
             Turn& turn) {
  HostCall* call = host.CallOf(turn);
  if (call == nullptr) {
    if (!host.service()) return host.Gone();
    if (TimeoutOf(request) == uint64_t{0}) return Done();
    Result<HostCall*> admitted = host.Admit(request, turn);
    if (!admitted.ok()) return admitted.failure();
    call = admitted.value();
    turn.NoteEffect();
  }
  switch (call->progress) {
    case HostCall::Progress::kWaiting:
    case HostCall::Progress::kRunning:
      return turn.Park(call->caller_queue, TimeoutOf(request), Done());
    case HostCall::Progress::kAnswered:
      reply->set_answered(true);
      reply->set_raised(call->raised);
      ToWire(call->result, reply->mutable_result());
      host.End(*call);
      return Done();
    case HostCall::Progress::kGone:
      host.End(*call);
      return host.Gone();
  }
  return Done();
}

Outcome Inspect(HostObject& host, const v1::HostInspectRequest& /*request*/,
                v1::HostInspectReply* reply, Turn& /*turn*/) {
  if (host.service()) {
    reply->set_attached(true);
    reply->set_session(static_cast<uint64_t>(host.service()->owner.session));
    reply->set_token(host.service()->token);
  }
  reply->set_waiting(host.waiting());
  reply->set_running(host.running());
  reply->set_takers(host.takers.size());
  reply->set_hosted(host.size());
  return Done();
}

}  // namespace

const TypeRow& HostType() {
  static const TypeRow row = MakeType<HostObject>(
      "host", {Op<Create>("Host.Create"), Op<Attach>("Host.Attach"), Op<Detach>("Host.Detach"),
               Op<Take>("Host.Take"), Op<Answer>("Host.Answer"), Op<Call>("Host.Call"),
               Op<Inspect>("Host.Inspect")});
  return row;
}

}  // namespace coheld::engine
