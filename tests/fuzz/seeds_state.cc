// See seeds.h.
#include <vector>

#include "server/engine/engine.h"
#include "tests/fuzz/op_steps.h"
#include "tests/fuzz/seeds.h"

namespace coheld::fuzz {
namespace {

using engine::CallId;
using engine::Engine;
using engine::Reply;
using engine::SessionId;
using engine::TimeMs;

// An engine that goes through the steps of ops_fuzz and looks at no reply.
class Steps {
 public:
  void Take(const Step& step) {
    switch (step.kind) {
      case StepKind::kRawOp:
      case StepKind::kShapedOp:
      case StepKind::kStampedOp:
        engine_.Apply({.call = CallId{++last_call_},
                       .owner = {.session = SessionId{step.session}, .thread = step.thread},
                       .now = now_,
                       .seq = step.seq,
                       .acked = step.acked,
                       .lane = step.lane,
                       .token = step.token},
                      step.method, step.payload, &replies_);
        return;
      case StepKind::kCancel:
        engine_.Cancel(CallId{last_call_ - step.calls_back}, {}, now_, &replies_);
        return;
      case StepKind::kAbandon:
        engine_.Abandon(CallId{last_call_ - step.calls_back}, now_, &replies_);
        return;
      case StepKind::kAdvance:
        now_ = engine::After(now_, step.milliseconds);
        engine_.Advance(now_, &replies_);
        return;
      case StepKind::kOpenSession:
        if (step.session == 0 || engine_.sessions().Find(SessionId{step.session})) return;
        engine_.OpenSession(SessionId{step.session}, {}, 10'000, now_);
        return;
      case StepKind::kEndSession:
        engine_.EndSession(SessionId{step.session}, now_, &replies_);
        return;
    }
  }

  // What the engine saves, without the digest.
  std::string State() const {
    std::string state;
    engine_.Save([&](std::string_view bytes) { state += bytes; });
    state.resize(state.size() - sizeof(engine::StateDigest));
    return state;
  }

 private:
  Engine engine_;
  TimeMs now_{1000};
  uint64_t last_call_ = 0;
  std::vector<Reply> replies_;
};

}  // namespace

// Each after half of its steps, when most is there, and at the end.
Seeds StateSeeds(const Seeds& runs) {
  Seeds seeds;
  for (const auto& [name, run] : runs) {
    std::vector<Step> steps;
    ByteSource bytes(reinterpret_cast<const uint8_t*>(run.data()), run.size());
    while (!bytes.empty()) steps.push_back(ReadStep(bytes));
    Steps taken;
    for (size_t i = 0; i < steps.size(); ++i) {
      if (i == steps.size() / 2) seeds[name + "-half"] = taken.State();
      taken.Take(steps[i]);
    }
    seeds[name + "-end"] = taken.State();
  }
  return seeds;
}

}  // namespace coheld::fuzz
