// Restores a backup into a folder that is empty, for a daemon to go on from.
#pragma once

#include <cstdint>
#include <string>

#include "server/upkeep/renewal.h"
#include "server/upkeep/state_file.h"

namespace coheld::upkeep {

// A Fault if something is in the folder, of a daemon or of anybody.
[[nodiscard]] Status RequireEmpty(Files& files, const std::string& folder);

struct Restored {
  Figures backup;  // What the backup has.
  Figures state;   // What was restored of it.
  Renewal renewal;
};

// Makes a folder with the state of a backup, which is `now_ms` (since the epoch) old by now: its
// sessions have ended, and numbers that are given out continue above every one that ever was
// (renewal.h). The folder gets no secret: the daemon that starts on it makes a new one. A Fault if
// something is in the folder.
[[nodiscard]] Status Restore(Files& files, const LoadedState& backup, const std::string& folder,
                             int64_t now_ms, Restored* restored);

}  // namespace coheld::upkeep
