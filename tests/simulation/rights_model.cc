// See rights_model.h.
#include "tests/simulation/rights_model.h"

namespace coheld::simulation {

std::optional<std::string> RightsModel::Refusal(const std::string& object, const Caller& caller,
                                                uint64_t fence, const LockModel& locks) const {
  const auto guard = guards_.find(object);
  if (guard == guards_.end()) return std::nullopt;
  const std::optional<LockModel::Hold>& hold = locks.all().at(guard->second).hold;
  if (hold && (fence == 0 ? hold->owner == caller : hold->grant == fence)) return std::nullopt;
  return locks.HasLost(guard->second, caller, fence) ? "LOCK_LOST" : "GUARD_STALE";
}

std::string RightsModel::Apply(const RightsOp& op, const LockModel& locks) {
  const auto guard = guards_.find(op.object);
  if (op.kind == RightsOp::Kind::kInspect) {
    if (guard == guards_.end()) return "guarded by nobody";
    const std::optional<LockModel::Hold>& hold = locks.all().at(guard->second).hold;
    return "guarded by " + guard->second + (hold ? " @" + std::to_string(hold->grant) : "");
  }
  if (auto refusal = Refusal(op.object, {op.session, op.thread}, op.fence, locks)) return *refusal;
  if (op.kind == RightsOp::Kind::kUnguard) {
    return guards_.erase(op.object) > 0 ? "unguarded 1" : "unguarded 0";
  }
  guards_[op.object] = op.lock;
  return "guarded";
}

}  // namespace coheld::simulation
