// The event's ops. See coheld/event.h.
#include "coheld/event.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/event.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

Event Event::make(const Client& client) { return Event(ref_to(Event(client, "").create(), kType)); }

bool Event::set() const {
  static constinit MethodNumber method("/coheld.v1.Event/Set");
  return run(
      MakeOp<v1::EventSetReply>(method, Named<v1::EventSetRequest>(name()),
                                [](const v1::EventSetReply& reply) { return reply.was_set(); }));
}

bool Event::clear() const {
  static constinit MethodNumber method("/coheld.v1.Event/Clear");
  return run(MakeOp<v1::EventClearReply>(
      method, Named<v1::EventClearRequest>(name()),
      [](const v1::EventClearReply& reply) { return reply.was_set(); }));
}

bool Event::is_set() const {
  static constinit MethodNumber method("/coheld.v1.Event/IsSet");
  return run(
      MakeOp<v1::EventIsSetReply>(method, Named<v1::EventIsSetRequest>(name()),
                                  [](const v1::EventIsSetReply& reply) { return reply.set(); }));
}

bool Event::wait_for(WaitTime time, CallSite site) const {
  static constinit MethodNumber method("/coheld.v1.Event/Wait");
  return run_at(site, MakeOp<v1::EventWaitReply>(
                          method, core::Waiting<v1::EventWaitRequest>(name(), time),
                          [](const v1::EventWaitReply& reply) { return reply.set(); }));
}

Created Event::create(bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.Event/Create");
  auto request = Named<v1::EventCreateRequest>(name());
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::EventCreateReply>(method, request));
}

}  // namespace coheld
