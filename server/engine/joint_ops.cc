// See joint_ops.h.
#include "server/engine/joint_ops.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "proto/wire/check.h"
#include "server/engine/engine.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/registry.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

// Returns the row of an op that may be one of several.
Result<const OpRow*> FindJoint(uint32_t method) {
  const OpRow* row = FindOp(method);
  if (row != nullptr && row->joint) return row;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                 (row == nullptr ? "no op has number " + std::to_string(method)
                                 : row->method->name + " cannot be one of several ops") +
                     "; use one that coheld.v1.QueueWrite lists"};
}

}  // namespace

// Runs one op; the rest of Engine::Try is done for all of them together.
class JointTurn {
 public:
  JointTurn(const OpRequest& op, Turn& outer, Turn::Try attempt)
      : op_(op), outer_(outer), turn_(outer.engine_, outer.stamp_, attempt) {}

  // Says why the op would fail, or nothing.
  std::optional<Failure> Rehearse(const Object& host, std::set<const Object*>* objects) {
    const Result<const OpRow*> row = FindJoint(op_.method);
    if (!row.ok()) return row.failure();
    std::string unused;
    const Outcome outcome = Invoke(*row.value(), &unused);
    if (outcome.kind() == Outcome::Kind::kFailed) return outcome.failure();
    COHELD_CHECK(outcome.kind() == Outcome::Kind::kDone && turn_.wakes_.empty());
    const Object& object = *turn_.object_;
    if (auto failure = CheckTogether(host.name(), object.name())) return failure;
    if (objects->insert(&object).second) return std::nullopt;
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "another op before it is on \"" + object.name() +
                       "\" too; do all that is for one object in one op"};
  }

  // Does the op, which was rehearsed.
  std::string Do() {
    std::string reply;
    const Outcome outcome = Invoke(*FindOp(op_.method), &reply);
    COHELD_CHECK(outcome.kind() == Outcome::Kind::kDone);
    turn_.Use(*turn_.object_);
    outer_.durability_ = std::max(outer_.durability_, turn_.durability_);
    outer_.wakes_.insert(outer_.wakes_.end(), turn_.wakes_.begin(), turn_.wakes_.end());
    outer_.engine_.Record(op_.method, op_.payload, outer_.owner().session);
    return reply;
  }

 private:
  Outcome Invoke(const OpRow& row, std::string* reply) {
    return row.invoke(outer_.engine_, row, op_.payload, turn_, reply);
  }

  const OpRequest& op_;
  Turn& outer_;
  Turn turn_;
};

wire::Result<std::vector<std::string>> DoTogether(std::span<const OpRequest> ops,
                                                  const Object& host, std::string_view field,
                                                  Turn& turn) {
  if (ops.size() > kJointOpsMax) {
    return Failure{v1::ERROR_REASON_TOO_MANY, std::to_string(ops.size()) + " " +
                                                  std::string(field) + "; at most " +
                                                  std::to_string(kJointOpsMax) + " are allowed"};
  }
  std::set<const Object*> objects;
  for (size_t i = 0; i < ops.size(); ++i) {
    JointTurn rehearsal(ops[i], turn, Turn::Try::kRehearsal);
    if (std::optional<Failure> failure = rehearsal.Rehearse(host, &objects)) {
      failure->message = std::string(field) + "[" + std::to_string(i) + "]: " + failure->message +
                         " (nothing was done)";
      return *failure;
    }
  }
  std::vector<std::string> replies;
  replies.reserve(ops.size());
  for (const OpRequest& op : ops) replies.push_back(JointTurn(op, turn, Turn::Try::kFirst).Do());
  return replies;
}

}  // namespace coheld::engine
