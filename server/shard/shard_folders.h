// The data folder of a daemon with several shards:
//
//   shards     how many, as a number in a line; made before anything else, and never changed
//   shard-K/   the data folder of shard K (store/data_folder.h)
//
// That of a daemon with one shard is as it is without shards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/config/config.h"
#include "server/journal/files.h"
#include "server/shard/shard.h"

namespace coheld::shard {

inline constexpr char kShardsName[] = "shards";

// Checks that a data folder is one of so many shards, and makes it one if it is new. A Fault, which
// says what to do, if it is one of another number: where an object is follows from it.
[[nodiscard]] journal::Status ClaimFolder(journal::Files& files, const std::string& folder,
                                          uint32_t shards);

// Opens the data folders of all shards, at the same time. `files` is used by several threads, and
// outlives the folders. Faults: those of ClaimFolder, and of store::OpenDataFolder for the first
// one that cannot be opened.
[[nodiscard]] journal::Status OpenFolders(journal::Files& files, const config::Config& config,
                                          std::vector<OpenFolder>* folders);

}  // namespace coheld::shard
