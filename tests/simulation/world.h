// The naive models of all types behind one door: what the daemon's objects must be after the same
// inputs in the same order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/collections_model.h"
#include "tests/simulation/data_model.h"
#include "tests/simulation/lifetime_model.h"
#include "tests/simulation/op.h"
#include "tests/simulation/topic_model.h"
#include "tests/simulation/watch_model.h"
#include "tests/unit/engine/sync_model.h"

namespace coheld::simulation {

// Who does an op, and when.
struct Standing {
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  int64_t now_ms = 0;
  uint64_t grant = 0;  // What the op is about, as GrantOf numbers it; 0 if nothing.
  uint64_t fence = 0;  // The grant of a lock that it came with; 0 if none.
};

class World {
 public:
  // One object to be made before all else.
  struct Object {
    std::string name;
    std::string method;   // "Queue.Create".
    std::string request;  // Of that method.
  };
  // The objects that ops use and that must be there.
  static const std::vector<Object>& Objects();

  World();
  void OpenSession(uint64_t session);
  Answers EndSession(uint64_t session, int64_t now_ms);
  Answers Apply(const Op& op, const Standing& standing);
  Answers Cancel(uint64_t call, int64_t now_ms);
  Answers Advance(int64_t now_ms);
  // An input came at this time.
  void NoteTime(int64_t now_ms) { lifetimes_.NoteTime(now_ms); }
  // The daemon stood still for so long.
  void Rearm(int64_t stalled_ms);
  // The daemon began again: leases have their full length.
  void Resume(int64_t now_ms);
  // True if the op waits and would be refused if it came now: an op that waits on a guarded object
  // is refused when it would be granted, or before.
  bool IsRefused(uint64_t call);
  Answers Refuse(uint64_t call, int64_t now_ms);

  // The calls that wait, in order.
  std::vector<uint64_t> Waiting() const;
  // True if the call waits and has changed something already.
  bool HasEffect(uint64_t call) const { return sync_.HasEffect(call); }
  // True if the anonymous object is there, which GrantOf numbers so; and how many there are.
  bool HasAnonymous(uint64_t grant) const { return lifetimes_.HasAnonymous(grant); }
  size_t anonymous() const { return lifetimes_.anonymous(); }
  const engine::testing::SyncModel& sync() const { return sync_; }

 private:
  class Gate;

  // Does it with each of the models whose ops wait as waiting_model.h has it.
  static void ForEachWaiting(auto& world, auto what) {
    what(world.collections_);
    what(world.topics_);
    what(world.lifetimes_);
    what(world.watches_);
  }

  Answers ApplyTo(const DataOp& op, const Standing& standing);
  Answers ApplyTo(const SyncOp& op, const Standing& standing);
  Answers ApplyTo(const RightsOp& op, const Standing& standing);
  Answers ApplyTo(const CollectionOp& op, const Standing& standing);
  Answers ApplyTo(const TopicOp& op, const Standing& standing);
  Answers ApplyTo(const LifetimeOp& op, const Standing& standing);
  Answers ApplyTo(const WatchOp& op, const Standing& standing);

  DataModel data_;
  engine::testing::SyncModel sync_;
  RightsModel rights_;
  CollectionsModel collections_;
  TopicModel topics_;
  LifetimeModel lifetimes_;
  WatchModel watches_;
};

}  // namespace coheld::simulation
