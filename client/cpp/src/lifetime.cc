// The ops of coheld.v1.Object. See coheld/lifetime.h.
#include "coheld/lifetime.h"

#include <algorithm>

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/object.pb.h"

namespace coheld {
namespace {

using core::MakeOp;
using core::MethodNumber;
using core::Named;
using std::chrono::milliseconds;

milliseconds Milliseconds(uint64_t count) { return milliseconds(static_cast<int64_t>(count)); }

uint64_t Count(milliseconds time) {
  return static_cast<uint64_t>(std::max<int64_t>(0, time.count()));
}

}  // namespace

Ref hold(const Client& client, const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Object/Hold");
  auto type = Direct(client).run(
      MakeOp<v1::ObjectHoldReply>(method, Named<v1::ObjectHoldRequest>(name),
                                  [](const v1::ObjectHoldReply& reply) { return reply.type(); }));
  const Receiving receiving(client);
  return core::ReceiveRef(name, std::move(type));
}

Lifetime lifetime(const Client& client, const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Object/Inspect");
  return Direct(client).run(MakeOp<v1::ObjectInspectReply>(
      method, Named<v1::ObjectInspectRequest>(name), [](const v1::ObjectInspectReply& reply) {
        Lifetime life{.type = reply.type(),
                      .anonymous = reply.anonymous(),
                      .handles = reply.handles(),
                      .own_handles = reply.own_handles(),
                      .references = reply.references(),
                      .grace = Milliseconds(reply.grace_ms()),
                      .ttl = {},
                      .guard = reply.guard(),
                      .guard_token = reply.guard_token()};
        if (reply.has_ttl_ms()) life.ttl = Milliseconds(reply.ttl_ms());
        return life;
      }));
}

void lend(const Client& client, const std::string& name, milliseconds grace) {
  static constinit MethodNumber method("/coheld.v1.Object/Lend");
  auto request = Named<v1::ObjectLendRequest>(name);
  request.set_grace_ms(Count(grace));
  Direct(client).run(MakeOp<v1::ObjectLendReply>(method, request,
                                                 [](const v1::ObjectLendReply&) { return true; }));
}

void set_ttl(const Client& client, const std::string& name, std::optional<milliseconds> ttl) {
  static constinit MethodNumber method("/coheld.v1.Object/SetTtl");
  auto request = Named<v1::ObjectSetTtlRequest>(name);
  if (ttl) request.set_ttl_ms(Count(*ttl));
  Direct(client).run(MakeOp<v1::ObjectSetTtlReply>(
      method, request, [](const v1::ObjectSetTtlReply&) { return true; }));
}

}  // namespace coheld
