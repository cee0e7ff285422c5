// Holds the daemon to what it says of deadlocks: the op that closes a ring fails, or the one that
// its policy says, or it only tells; none is missed and none invented. If no op closed it, but the
// end of a lease, a release or a grant did, one of the ring's ops fails.
#pragma once

#include <cstdint>

#include "server/engine/engine.h"
#include "tests/unit/engine/sync_model.h"

namespace coheld::simulation {

class RingJudge {
 public:
  using Model = engine::testing::SyncModel;

  void SetPolicy(engine::DeadlockPolicy policy) { policy_ = policy; }

  // The daemon takes a frame.
  void BeginFrame();
  // It applied the op of the frame, which waits now or does not.
  void NoteOp(const Model& model, uint64_t call);
  // It took any input: also what was granted, or ended, may have closed a ring.
  void NoteInput(const Model& model);
  // It fails a call because of a deadlock. Throws a Violation unless it has to.
  void ExamineFailure(const Model& model, uint64_t call) const;
  // It is done with the frame. Throws a Violation if a deadlock was not told, or one told that is
  // none.
  void EndFrame(const Model& model);
  // Throws a Violation if anybody waits in a ring that should have been broken.
  void JudgeAll(const Model& model) const;

 private:
  engine::DeadlockPolicy policy_ = engine::DeadlockPolicy::kReport;
  uint64_t told_before_ = 0;
  uint64_t closer_ = 0;   // The call that the frame had wait.
  bool closes_ = false;   // That one closed a ring for sure.
  bool is_ring_ = false;  // There was one during the frame, or at least one through permits.
};

}  // namespace coheld::simulation
