// The ops that guard objects. See coheld/guard.h.
#include "coheld/guard.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/object.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

void guard(const Client& client, const std::string& object, const std::string& lock) {
  static constinit MethodNumber method("/coheld.v1.Object/Guard");
  auto request = Named<v1::ObjectGuardRequest>(object);
  request.set_lock(lock);
  Direct(client).run(MakeOp<v1::ObjectGuardReply>(
      method, request, [](const v1::ObjectGuardReply&) { return true; }));
}

bool unguard(const Client& client, const std::string& object) {
  static constinit MethodNumber method("/coheld.v1.Object/Unguard");
  return Direct(client).run(MakeOp<v1::ObjectUnguardReply>(
      method, Named<v1::ObjectUnguardRequest>(object),
      [](const v1::ObjectUnguardReply& reply) { return reply.unguarded(); }));
}

}  // namespace coheld
