// Makes the next snapshot of a folder: from the newest one and the sealed segments after it. What
// the snapshot process does, without the process; offline commands do the same.
#pragma once

#include <cstdint>
#include <string>

#include "server/journal/files.h"

namespace coheld::snapshot {

// Writes the snapshot of the state after record `up_to`, which is in a sealed segment or in a
// folder that no daemon uses, and sees that it can be loaded and is the same state before it gets
// its name. Then removes the snapshots before it, and leaves the segments alone. `bytes` gets the
// size of the file. If there is such a snapshot already nothing is done. After a Fault, or wherever
// the process is killed, the folder is good as it is: at most a file is left that does not count.
[[nodiscard]] journal::Status WriteSnapshot(journal::Files& files, const std::string& folder,
                                            uint64_t up_to, uint64_t* bytes);

}  // namespace coheld::snapshot
