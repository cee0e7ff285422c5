// The ops on an object's level of durability. See coheld/durability.h.
#include "coheld/durability.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/object.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

void set_durability(const Client& client, const std::string& name, Durability level) {
  static constinit MethodNumber method("/coheld.v1.Object/SetDurability");
  auto request = Named<v1::ObjectSetDurabilityRequest>(name);
  request.set_durability(static_cast<v1::Durability>(level));
  Direct(client).run(MakeOp<v1::ObjectSetDurabilityReply>(
      method, request, [](const v1::ObjectSetDurabilityReply&) { return true; }));
}

Durability durability(const Client& client, const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Object/Inspect");
  return Direct(client).run(MakeOp<v1::ObjectInspectReply>(
      method, Named<v1::ObjectInspectRequest>(name), [](const v1::ObjectInspectReply& reply) {
        return static_cast<Durability>(reply.durability());
      }));
}

}  // namespace coheld
