// Repairs a damaged folder: makes the state of what is good, up to the damage, and puts it into a
// new snapshot. Nothing is overwritten or removed: all files that were there are moved aside.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/upkeep/renewal.h"
#include "server/upkeep/verify.h"

namespace coheld::upkeep {

// What a repair would do.
struct RepairPlan {
  std::vector<Fault> faults;  // What is wrong; empty if there is nothing to repair.
  bool is_empty = false;      // There is no journal and no snapshot, and so nothing to keep.
  uint64_t good_index = 0;    // The last record that is kept.
  // The last record of which there is a trace. Those between are lost; more may be, if nothing is
  // left of them.
  uint64_t last_seen = 0;
  uint64_t new_index = 0;          // Of the snapshot that will be made.
  std::vector<std::string> aside;  // Files that will be moved ...
  std::string aside_folder;        // ... into this folder.
  LoadedState state;               // What is kept.

  uint64_t lost() const { return last_seen - good_index; }
  // True if something that was confirmed is, or may be, gone. Of an empty folder it is, unless who
  // knows that it is new says otherwise.
  bool loses = false;
  // To be set if sessions have to end here because another shard loses something: to their clients
  // all shards are one daemon.
  bool ends_sessions = false;
};

// Finds out what a repair would do; changes nothing. The folder is that of the shard, of 0 if there
// is one only. A Fault if nothing can be done: a call that failed, a file that needs a newer
// program, no state to go on from. For a folder that is good the plan has nothing but the indices
// of the last record, or, with `even_if_good`, loses nothing. An empty folder is repaired to an
// empty state: among those of shards it may be the only bad one.
[[nodiscard]] Status PlanRepair(Files& files, const std::string& folder, uint32_t shard,
                                RepairPlan* plan, bool even_if_good = false);

// Repairs. If something was lost, or is to end sessions, they end and numbers jump (renewal.h), as
// clients were told of more than is kept. After a crash on the way the folder is as damaged as
// before, or repaired; the next plan tells.
[[nodiscard]] Status Repair(Files& files, const std::string& folder, int64_t now_ms,
                            RepairPlan* plan, Renewal* renewal);

}  // namespace coheld::upkeep
