// Compacts a folder: one new snapshot instead of the journal and the snapshots before.
#pragma once

#include <cstdint>
#include <string>

#include "server/upkeep/state_file.h"

namespace coheld::upkeep {

struct Compacted {
  Figures state;
  uint64_t records = 0;  // That are in the snapshot now. 0: there was nothing to do.
};

// Writes a snapshot of all that is in the folder, and then removes what it replaces. Cuts a tail
// that was never confirmed, as a daemon does at its start.
[[nodiscard]] Status Compact(Files& files, const std::string& folder, Compacted* compacted);

// Reads the state of a folder after its last record. Writes nothing; a tail that was never
// confirmed is no part of it.
[[nodiscard]] Status LoadFolder(Files& files, const std::string& folder, LoadedState* loaded);

}  // namespace coheld::upkeep
