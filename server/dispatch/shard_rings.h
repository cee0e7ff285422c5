// Finds owners that wait for each other in a ring over several shards. (Those within one its engine
// finds at once: server/engine/wait_graph.h.) Nothing is told while ops do not wait for long: when
// one has waited for a while for a lock, its shard asks the first one to look, which does it in
// rounds:
//
//   1. all tell it their long waits; of these it makes the graph, and finds a ring in it
//   2. those who told the ring's steps say whether they are still there, and in words
//   3. the shard of one of the ring's ops fails it, with DEADLOCK
//
// What all told is not of one moment, so that a ring may be none. But a step that is told in both
// rounds was there all the time between: the ring was there when the second round began.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "server/dispatch/shard_post.h"
#include "server/engine/placement.h"
#include "server/engine/wait_graph.h"
#include "server/engine/wait_steps.h"

namespace coheld::dispatch {

class Dispatcher;

// A step, and the shard that told it.
struct ShardStep {
  uint32_t shard = 0;
  engine::WaitStep step;
};

// Returns a ring of the steps that leads over more than one shard, or nothing.
std::vector<ShardStep> FindShardRing(const std::vector<ShardStep>& steps);

class ShardRings {
 public:
  using Send = std::function<void(uint32_t to, ShardMail)>;
  // The dispatcher outlives it.
  ShardRings(Dispatcher& dispatcher, const engine::Placement& placement, Send send);

  // An op parked here.
  void NoteParked(engine::TimeMs now);
  // Asks for a look if something has waited for long.
  void AskIfDue(engine::TimeMs now);
  // When there is something to ask, or kNever.
  engine::TimeMs due() const { return due_; }

  void On(uint32_t from, const LookMail& mail);
  void On(uint32_t from, const TellWaitsMail& mail);
  void On(uint32_t from, WaitsMail mail);
  void On(uint32_t from, const TellStepMail& mail);
  void On(uint32_t from, StepMail mail);
  void On(uint32_t from, const VerdictMail& mail);

 private:
  // The more wait, the more a look costs, and the less often there is one.
  uint64_t LeastPauseMs() const;
  // Begins the first round.
  void Look();
  // Begins the second one, if there is a ring.
  void Search();
  void Judge();
  // Returns the op of the ring that fails.
  const ShardStep& Victim() const;

  Dispatcher& dispatcher_;
  const engine::Placement placement_;
  const Send send_;
  engine::TimeMs due_ = engine::kNever;
  uint64_t pause_ms_ = 0;  // Until it is asked again, if nothing new parks.
  uint64_t parked_ = 0;    // How many ops that wait for holders had parked ...
  uint64_t asked_ = 0;     // ... and when it was asked.

  // Of the shard that looks.
  size_t waits_for_ = 0;  // Answers of this round; 0: it does not look.
  bool look_again_ = false;
  std::vector<ShardStep> steps_;        // That were told.
  std::vector<ShardStep> ring_;         // That was found in them.
  std::vector<std::string> words_;      // Of its steps; empty of those that are no more.
  std::set<engine::CallId> only_told_;  // Ops of rings that were told, but not failed.
};

}  // namespace coheld::dispatch
