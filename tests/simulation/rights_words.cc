// See rights_words.h.
#include "tests/simulation/rights_words.h"

#include <array>

#include "coheld/v1/object.pb.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {

using engine::testing::Count;
using engine::testing::Named;
using engine::testing::Parse;
using Kind = RightsOp::Kind;

std::string MethodName(const RightsOp& op) {
  static constexpr std::array kMethods = {"Object.Guard", "Object.Unguard", "Object.Inspect"};
  return kMethods[static_cast<size_t>(op.kind)];
}

std::string Payload(const RightsOp& op, uint64_t /*token*/) {
  auto request = Named<v1::ObjectGuardRequest>(op);  // All begin with the name.
  if (op.kind == Kind::kGuard) request.set_lock(op.lock);
  return request.SerializeAsString();
}

std::string Words(const RightsOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kGuard:
      return "guarded";
    case Kind::kUnguard:
      return Count("unguarded", Parse<v1::ObjectUnguardReply>(payload).unguarded());
    case Kind::kInspect: {
      const auto reply = Parse<v1::ObjectInspectReply>(payload);
      if (reply.guard().empty()) return "guarded by nobody";
      const std::string token = " @" + std::to_string(reply.guard_token());
      return "guarded by " + reply.guard() + (reply.guard_token() == 0 ? "" : token);
    }
  }
  return "";
}

std::vector<uint64_t> GrantTokens(const RightsOp& /*op*/, const std::string& /*payload*/) {
  return {};
}

bool MayChangeNothing(const RightsOp& op, const std::string& words) {
  return op.kind == Kind::kInspect || words == "unguarded 0";
}

std::string Describe(const RightsOp& op) {
  return MethodName(op) + " " + op.object + (op.kind == Kind::kGuard ? " by " + op.lock : "");
}

}  // namespace coheld::simulation
