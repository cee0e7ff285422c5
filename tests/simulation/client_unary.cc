// The ops that a client sends as unary calls, with the same lanes and seqs.
#include <string>
#include <utility>

#include "proto/wire/status.h"
#include "server/transport/headers.h"
#include "tests/simulation/check.h"
#include "tests/simulation/client_state.h"

namespace coheld::simulation {

v1::ErrorReason ReasonOf(const transport::Response& response) {
  const std::string details =
      transport::DecodeBase64(response.headers.at("grpc-status-details-bin")).value();
  return wire::DecodeStatusDetails(details).reason;
}

void Client::SendUnary(Channel& channel, const Flight& flight, const v1::CallRequest& request) {
  std::string path = "/coheld.v1." + MethodName(flight.op);
  path[path.rfind('.')] = '/';
  transport::Fields metadata = {{"coheld-session", token_},
                                {"coheld-thread", std::to_string(request.thread())},
                                {"coheld-seq", std::to_string(request.seq())},
                                {"coheld-acked", std::to_string(request.acked())},
                                {"coheld-lane", std::to_string(request.lane())},
                                {"coheld-token", std::to_string(request.token())}};
  if (request.deadline_ms() != 0) {
    metadata.push_back({"grpc-timeout", std::to_string(request.deadline_ms()) + "m"});
  }
  const transport::StreamId stream = channel.h2->Call(transport::RequestFields(path, metadata),
                                                      transport::Framed(request.payload()));
  channel.unary[stream] = flight.op.id;
  stage_.oracle.Sent(channel.link->id(), UnaryFrame(stream), flight.op, flight.token, flight.fence);
}

void Client::OnUnary(Channel& channel) {
  const std::shared_ptr<Link> link = channel.link;
  for (const auto& [stream, op] : std::map(channel.unary)) {
    transport::Response& response = channel.h2->response(stream);
    if (!response.closed) continue;
    channel.unary.erase(stream);
    if (!response.headers.contains("grpc-status")) continue;
    v1::CallReply reply;
    reply.set_id(UnaryFrame(stream));
    channel.frames[reply.id()] = op;
    if (response.status() == "0") {
      reply.set_payload(TakeMessage(&response.body).value());
    } else {
      reply.mutable_error()->set_reason(ReasonOf(response));
    }
    OnReply(channel, reply);
    if (!alive_ || channel.link != link || token_.empty()) return;
  }
}

void Client::CancelUnary(Channel& channel, uint64_t op) {
  if (channel.link == nullptr) return;
  for (const auto& [stream, sent] : channel.unary) {
    if (sent == op) channel.h2->Reset(stream);
  }
  std::erase_if(channel.unary, [op](const auto& call) { return call.second == op; });
}

}  // namespace coheld::simulation
