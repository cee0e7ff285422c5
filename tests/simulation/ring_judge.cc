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

void RingJudge::BeginFrame() {
  told_before_ = RingsTold();
  closer_ = 0;
}

void RingJudge::NoteOp(const Model& model, uint64_t call) {
  const std::vector<uint64_t> waiting = model.Waiting();
  if (std::find(waiting.begin(), waiting.end(), call) == waiting.end()) return;
  closer_ = call;
  closes_ = IsInRing(model, call, false);
  may_close_ = closes_ || IsInRing(model, call, true);
}

void RingJudge::ExamineFailure(const Model& model, uint64_t call) const {
  const std::string who = "call " + std::to_string(call) + " failed with DEADLOCK";
  Require(policy_ != DeadlockPolicy::kReport, who + ", and rings are only to be told");
  Require(closer_ != 0 && IsInRing(model, closer_, false), who + " without a ring");
  if (policy_ == DeadlockPolicy::kCloser) {
    Require(call == closer_, who + ", but call " + std::to_string(closer_) + " closed the ring");
  } else {
    Require(YoungestInRings(model, closer_).contains(call), who + ", which is not the youngest");
  }
}

void RingJudge::EndFrame(const Model& model) const {
  const bool told = RingsTold() > told_before_;
  Require(told || closer_ == 0 || !closes_,
          "a deadlock was not told: call " + std::to_string(closer_));
  Require(!told || (closer_ != 0 && may_close_),
          "a deadlock was told that is none: call " + std::to_string(closer_));
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
