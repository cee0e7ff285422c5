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
  uint64_t good_index = 0;    // The last record that is kept.
  // The last record of which there is a trace. Those between are lost; more may be, if nothing is
  // left of them.
  uint64_t last_seen = 0;
  uint64_t new_index = 0;          // Of the snapshot that will be made.
  std::vector<std::string> aside;  // Files that will be moved ...
  std::string aside_folder;        // ... into this folder.
  LoadedState state;               // What is kept.

  uint64_t lost() const { return last_seen - good_index; }
  // True if something that was confirmed is, or may be, gone.
  bool loses = false;
};

// Finds out what a repair would do; changes nothing. A Fault if nothing can be done: a call that
// failed, a file that needs a newer program, no state to go on from.
[[nodiscard]] Status PlanRepair(Files& files, const std::string& folder, RepairPlan* plan);

// Repairs. If something was lost sessions end and numbers jump (renewal.h), as clients were told of
// more than is kept. After a crash on the way the folder is as damaged as before, or repaired; the
// next plan tells.
[[nodiscard]] Status Repair(Files& files, const std::string& folder, int64_t now_ms,
                            RepairPlan* plan, Renewal* renewal);

}  // namespace coheld::upkeep
