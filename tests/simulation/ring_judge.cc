// See ring_judge.h.
#include "tests/simulation/ring_judge.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/check.h"
#include "tests/simulation/ring_log.h"
#include "tests/simulation/rings.h"

namespace coheld::simulation {

using engine::DeadlockPolicy;

namespace {

bool Waits(const RingJudge::Model& model, uint64_t call) {
  const std::vector<uint64_t> waiting = model.Waiting();
  return std::find(waiting.begin(), waiting.end(), call) != waiting.end();
}

}  // namespace

void RingJudge::BeginFrame() {
  told_before_ = RingsTold();
  closer_ = 0;
  closes_ = false;
  is_ring_ = false;
}

void RingJudge::NoteOp(const Model& model, uint64_t call) {
  if (!Waits(model, call)) return;
  closer_ = call;
  closes_ = IsInRing(model, call, false);
}

void RingJudge::NoteInput(const Model& model) {
  for (const uint64_t call : model.Waiting()) {
    is_ring_ = is_ring_ || IsInRing(model, call, true);
  }
}

void RingJudge::ExamineFailure(const Model& model, uint64_t call) const {
  const std::string who = "call " + std::to_string(call) + " failed with DEADLOCK";
  Require(policy_ != DeadlockPolicy::kReport, who + ", and rings are only to be told");
  Require(Waits(model, call) && IsInRing(model, call, false), who + " without a ring");
  if (policy_ == DeadlockPolicy::kYoungest) {
    Require(YoungestInRings(model, call).contains(call), who + ", which is not the youngest");
  } else if (closer_ != 0 && Waits(model, closer_) && IsInRing(model, closer_, false)) {
    Require(call == closer_, who + ", but call " + std::to_string(closer_) + " closed the ring");
  }
}

void RingJudge::EndFrame(const Model& model) {
  const bool told = RingsTold() > told_before_;
  Require(told || closer_ == 0 || !closes_,
          "a deadlock was not told: call " + std::to_string(closer_));
  Require(!told || is_ring_, "a deadlock was told that is none: call " + std::to_string(closer_));
  closer_ = 0;  // What ends later was not closed by this one.
  JudgeAll(model);
}

void RingJudge::JudgeAll(const Model& model) const {
  if (policy_ == DeadlockPolicy::kReport) return;
  for (const uint64_t call : model.Waiting()) {
    Require(!IsInRing(model, call, false),
            "waits in a ring for ever, and nobody was told: call " + std::to_string(call));
  }
}

}  // namespace coheld::simulation
