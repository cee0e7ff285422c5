// See wait_steps.h.
#include "server/engine/wait_steps.h"

#include "server/engine/engine.h"
#include "server/engine/wait_graph.h"

namespace coheld::engine {
namespace {

WaitStep ToldOf(const RingStep& step, const ParkedOp* before) {
  WaitStep told{
      .op = step.op->stamp.call, .owner = step.op->stamp.owner, .since = step.op->stamp.now};
  if (before != nullptr) {
    told.before = before->stamp.call;
    told.next = before->stamp.owner;
  } else {
    told.next = step.hold.owner;
    told.token = step.hold.token;
    told.held_since = step.hold.since;
  }
  return told;
}

// Calls `visit` with each step of an op, until it returns true.
template <typename Visit>
void ForEachStepOf(const ParkedOp& op, Visit visit) {
  size_t visits = 0;
  bool ended = false;
  ForEachPlace(op, [&](const ParkedOp::Place& place) {
    ended = ended || WaitGraph::ForEachStep(op, place, {}, &visits, visit);
  });
}

bool Counts(const ParkedOp& op) {
  return op.deadline == kNever && op.stamp.owner.session != kNoSession;
}

}  // namespace

std::vector<WaitStep> WaitSteps(const Engine& engine, TimeMs latest, size_t steps_max) {
  std::vector<WaitStep> steps;
  for (const auto& [owner, op] : engine.wait_graph().waits()) {
    if (steps.size() >= steps_max) break;
    if (!Counts(*op) || op->stamp.now > latest) continue;
    ForEachStepOf(*op, [&](const RingStep& step, const ParkedOp* before) {
      steps.push_back(ToldOf(step, before));
      return false;
    });
  }
  return steps;
}

std::string WaitStepInWords(const Engine& engine, const WaitStep& step, TimeMs now) {
  const auto found = engine.parked().find(step.op);
  if (found == engine.parked().end() || !Counts(found->second)) return {};
  std::string words;
  ForEachStepOf(found->second, [&](const RingStep& one, const ParkedOp* before) {
    if (!(ToldOf(one, before) == step)) return false;
    words = StepInWords(engine.store(), engine.sessions(), one, step.next, now);
    return true;
  });
  return words;
}

}  // namespace coheld::engine
