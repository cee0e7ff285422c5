// Opens what a daemon has on disk: the data folder of each of its shards (store/shard_folders.h).
// How many there are is written before anything else, and never changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/journal/files.h"
#include "server/shard/shard.h"

namespace coheld::shard {

// Checks that a data folder is one of so many shards, and makes it one if it is new. A Fault, which
// says what to do, if it is one of another number, as where an object is follows from it; or if a
// restore did not get to its end there.
[[nodiscard]] journal::Status ClaimFolder(journal::Files& files, const std::string& folder,
                                          uint32_t shards);

// Opens the data folders of all shards, at the same time. `files` is used by several threads, and
// outlives the folders. Faults: those of ClaimFolder, and of store::OpenDataFolder for the first
// one that cannot be opened.
[[nodiscard]] journal::Status OpenFolders(journal::Files& files, const config::Config& config,
                                          std::vector<OpenFolder>* folders);

}  // namespace coheld::shard
