// The barrier's ops. See coheld/barrier.h.
#include "coheld/barrier.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/barrier.pb.h"

namespace coheld {
namespace {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

struct Arrival {
  uint64_t index = 0;
  uint64_t token = 0;  // Not 0: run the action.
  bool timed_out = false;
};

Op<Arrival> WaitOp(const std::string& name, WaitTime time, bool has_action) {
  static constinit MethodNumber method("/coheld.v1.Barrier/Wait");
  auto request = core::Waiting<v1::BarrierWaitRequest>(name, time);
  request.set_has_action(has_action);
  return MakeOp<v1::BarrierWaitReply>(method, request, [](const v1::BarrierWaitReply& reply) {
    return Arrival{.index = reply.index(),
                   .token = reply.run_action() ? reply.token() : 0,
                   .timed_out = reply.timed_out()};
  });
}

}  // namespace

Barrier Barrier::make(const Client& client, uint64_t parties) {
  return Barrier(ref_to(Barrier(client, "").create(parties), kType));
}

uint64_t Barrier::arrive_and_wait_for(WaitTime time, const Action& action, CallSite site) const {
  Arrival arrival;
  try {
    arrival = run_at(site, WaitOp(name(), time, action != nullptr));
  } catch (const OutcomeUnknown&) {
    // Nobody can tell whether this party counts, or has to act: the others must not wait for it.
    abort();
    throw;
  }
  if (arrival.timed_out) {
    throw BarrierBroken(Reason::kBarrierBroken, "the wait at the barrier \"" + name() +
                                                    "\" took longer than it may, which broke it");
  }
  if (arrival.token != 0) act(action, arrival.token);
  return arrival.index;
}

void Barrier::act(const Action& action, uint64_t token) const {
  try {
    action();
  } catch (...) {
    try {
      tell_action_done(token, true);
    } catch (const Error&) {  // Broken already, or the session's end breaks it.
    }
    throw;
  }
  tell_action_done(token, false);
}

void Barrier::tell_action_done(uint64_t token, bool failed) const {
  static constinit MethodNumber method("/coheld.v1.Barrier/ActionDone");
  auto request = Named<v1::BarrierActionDoneRequest>(name());
  request.set_token(token);
  request.set_failed(failed);
  run(MakeOp<v1::BarrierActionDoneReply>(method, request,
                                         [](const v1::BarrierActionDoneReply&) { return true; }));
}

void Barrier::abort() const {
  static constinit MethodNumber method("/coheld.v1.Barrier/Abort");
  run(MakeOp<v1::BarrierAbortReply>(method, Named<v1::BarrierAbortRequest>(name()),
                                    [](const v1::BarrierAbortReply&) { return true; }));
}

void Barrier::reset() const {
  static constinit MethodNumber method("/coheld.v1.Barrier/Reset");
  run(MakeOp<v1::BarrierResetReply>(method, Named<v1::BarrierResetRequest>(name()),
                                    [](const v1::BarrierResetReply&) { return true; }));
}

BarrierState Barrier::inspect() const {
  static constinit MethodNumber method("/coheld.v1.Barrier/Inspect");
  return run(MakeOp<v1::BarrierInspectReply>(method, Named<v1::BarrierInspectRequest>(name()),
                                             [](const v1::BarrierInspectReply& reply) {
                                               return BarrierState{.parties = reply.parties(),
                                                                   .waiting = reply.waiting(),
                                                                   .broken = reply.broken(),
                                                                   .acting = reply.acting()};
                                             }));
}

Created Barrier::create(uint64_t parties, bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.Barrier/Create");
  auto request = Named<v1::BarrierCreateRequest>(name());
  request.set_parties(parties);
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::BarrierCreateReply>(method, request));
}

}  // namespace coheld
