// Draws ops: single ones of every type, and small programs as users write them (lock, change,
// unlock; put here, take there; wait for a condition).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/op.h"
#include "tests/simulation/random.h"

namespace coheld::simulation {

class OpSource {
 public:
  explicit OpSource(Random random) : random_(random) {}

  // Returns batches that one thread does one after the other.
  std::vector<std::vector<Op>> Program();

 private:
  Op Make(DataOp op);
  Op Make(CollectionOp op);
  Op Make(TopicOp op);
  Op Make(LifetimeOp op);
  Op Lifetime(LifetimeOp::Kind kind);
  Op Lifetime();
  Op Make(WatchOp op);
  Op Watch();
  Op Make(SyncOp op);
  Op Make(RightsOp op);
  Op Right();
  Op Collection();
  Op Topic();
  // What leases, renewals and tokens there are in an op on locks.
  void AddRights(SyncOp* op);
  Op Data();
  std::vector<DataOp> Writes();
  Op Sync();
  std::vector<std::vector<Op>> Locked();
  std::vector<std::vector<Op>> Crosswise();
  std::vector<std::vector<Op>> Conditional();
  // Makes an anonymous queue and hands it on, or takes one that was handed on.
  std::vector<std::vector<Op>> HandedOn();
  // Gives a named queue a TTL and looks what becomes of it.
  std::vector<std::vector<Op>> Timed();
  std::vector<std::vector<Op>> Watched();
  std::vector<Op> Batch();
  std::string SyncObject(SyncOp::Kind kind);
  // A finished op, which may park or not.
  template <typename Body>
  Op Finish(Body op, bool parks);
  // Gives an op that may park a timeout, a deadline, or neither.
  std::optional<uint64_t> Timeout();
  int64_t Item();

  Random random_;
  uint64_t last_id_ = 0;
  int64_t last_item_ = 0;
  uint64_t watched_ = 0;  // How often the watched counter was added to, if all went well.
};

}  // namespace coheld::simulation
