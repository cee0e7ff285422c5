// The ops of coheld.v1.Host and Hosted, and the loop that serves. See coheld/host.h.
#include "coheld/host.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/host.pb.h"
#include "coheld/v1/hosted.pb.h"

namespace coheld {
namespace {

using core::FromMessage;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessage;

HostedCall CallOf(v1::HostedCall message) {
  return {.number = message.number(),
          .target = std::move(*message.mutable_target()),
          .method = std::move(*message.mutable_method()),
          .arguments = FromMessage(std::move(*message.mutable_arguments())),
          .keywords = FromMessage(std::move(*message.mutable_keywords())),
          .session = message.session(),
          .thread = message.thread()};
}

// How a call ended.
struct CallEnd {
  bool answered = false;
  bool raised = false;
  Value result;
};

std::string Text(const Value& value) {
  const auto* text = value.get_if<std::string>();
  return text != nullptr ? *text : to_string(value);
}

}  // namespace

Host Host::make(const Client& client) { return Host(ref_to(Host(client, "").create(), kType)); }

Value Host::call_values(const std::string& target, const std::string& method, Tuple arguments,
                        Map keywords, WaitTime time) const {
  static constinit MethodNumber call("/coheld.v1.Host/Call");
  auto request = core::Waiting<v1::HostCallRequest>(name(), time);
  request.set_target(target);
  request.set_method(method);
  ToMessage(std::move(arguments), request.mutable_arguments());
  ToMessage(std::move(keywords), request.mutable_keywords());
  CallEnd end = run(MakeOp<v1::HostCallReply>(call, request, [](v1::HostCallReply reply) {
    return CallEnd{.answered = reply.answered(),
                   .raised = reply.raised(),
                   .result = FromMessage(std::move(*reply.mutable_result()))};
  }));
  if (!end.answered) {
    throw Timeout(Reason::kDeadlineExceeded,
                  "the host \"" + name() + "\" did not answer " + method + " in time");
  }
  if (end.raised) throw CallRaised(method + " failed: " + Text(end.result), end.result);
  return std::move(end.result);
}

uint64_t Host::attach() const {
  static constinit MethodNumber method("/coheld.v1.Host/Attach");
  return run(MakeOp<v1::HostAttachReply>(
      method, Named<v1::HostAttachRequest>(name()),
      [](const v1::HostAttachReply& reply) -> uint64_t { return reply.token(); }));
}

void Host::detach() const {
  static constinit MethodNumber method("/coheld.v1.Host/Detach");
  run(MakeOp<v1::HostDetachReply>(method, Named<v1::HostDetachRequest>(name()),
                                  [](const v1::HostDetachReply&) { return true; }));
}

HostWork Host::take(uint32_t limit, WaitTime time) const {
  static constinit MethodNumber method("/coheld.v1.Host/Take");
  auto request = core::Waiting<v1::HostTakeRequest>(name(), time);
  request.set_limit(limit);
  return run(MakeOp<v1::HostTakeReply>(method, request, [](v1::HostTakeReply reply) {
    HostWork work;
    for (v1::HostedCall& call : *reply.mutable_calls()) {
      work.calls.push_back(CallOf(std::move(call)));
    }
    work.dropped.assign(reply.dropped().begin(), reply.dropped().end());
    work.cancelled.assign(reply.cancelled().begin(), reply.cancelled().end());
    return work;
  }));
}

bool Host::answer(uint64_t number, Value result, bool raised) const {
  static constinit MethodNumber method("/coheld.v1.Host/Answer");
  auto request = Named<v1::HostAnswerRequest>(name());
  request.set_number(number);
  request.set_raised(raised);
  ToMessage(std::move(result), request.mutable_result());
  return run(MakeOp<v1::HostAnswerReply>(
      method, request, [](const v1::HostAnswerReply& reply) { return reply.delivered(); }));
}

HostState Host::inspect() const {
  static constinit MethodNumber method("/coheld.v1.Host/Inspect");
  return run(MakeOp<v1::HostInspectReply>(method, Named<v1::HostInspectRequest>(name()),
                                          [](const v1::HostInspectReply& reply) {
                                            return HostState{.attached = reply.attached(),
                                                             .session = reply.session(),
                                                             .token = reply.token(),
                                                             .waiting = reply.waiting(),
                                                             .running = reply.running(),
                                                             .takers = reply.takers(),
                                                             .hosted = reply.hosted()};
                                          }));
}

Created Host::create(bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.Host/Create");
  auto request = Named<v1::HostCreateRequest>(name());
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::HostCreateReply>(method, request));
}

void HostServer::run() {
  while (!stopping_) {
    try {
      host_.create();
      host_.attach();
      serve();
    } catch (const HostNotAttached&) {  // Stopped, or the session was lost.
    } catch (const OutcomeUnknown&) {   // Calls may be lost: they fail when it attaches anew.
      detach();
    }
  }
  detach();  // Should stop() have come between the look at it and the attach.
}

void HostServer::serve() {
  while (!stopping_) {
    HostWork work = host_.take(1);
    for (const std::string& target : work.dropped) {
      if (dropped_) dropped_(target);
    }
    for (const HostedCall& call : work.calls) serve(call);
  }
}

void HostServer::serve(const HostedCall& call) const {
  Value raised;
  try {
    const auto found = methods_.find(call.method);
    if (found == methods_.end()) throw std::out_of_range("the host has no method " + call.method);
    host_.answer(call.number, found->second(call));
    return;
  } catch (const CallRaised& error) {
    raised = error.raised();
  } catch (const HostNotAttached&) {
    throw;
  } catch (const std::exception& error) {
    raised = error.what();
  }
  host_.answer_raised(call.number, std::move(raised));
}

void HostServer::detach() const noexcept {
  try {
    host_.detach();
  } catch (const Error&) {  // Not attached any more, or the session's end detaches.
  }
}

void HostServer::stop() noexcept {
  stopping_ = true;
  detach();
}

Hosted Hosted::make(const Host& host, const Details& details, const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Hosted/Create");
  auto request = Named<v1::HostedCreateRequest>(name);
  request.set_host(host.name());
  request.set_target(details.target);
  request.set_type_id(details.type_id);
  request.mutable_exposed()->Add(details.exposed.begin(), details.exposed.end());
  const Created created =
      Direct(host.client()).run(core::CreateOp<v1::HostedCreateReply>(method, request));
  return created.hold ? Hosted(ref_to(created, kType)) : Hosted(host.client(), created.name);
}

Hosted::Details Hosted::inspect() const {
  static constinit MethodNumber method("/coheld.v1.Hosted/Inspect");
  return run(MakeOp<v1::HostedInspectReply>(
      method, Named<v1::HostedInspectRequest>(name()), [](const v1::HostedInspectReply& reply) {
        return Details{
            .host = reply.host(),
            .target = reply.target(),
            .type_id = reply.type_id(),
            .exposed = std::vector<std::string>(reply.exposed().begin(), reply.exposed().end()),
            .served = reply.served()};
      }));
}

}  // namespace coheld
