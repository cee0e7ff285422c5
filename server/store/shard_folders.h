// The folder of a daemon with several shards, and a backup of one:
//
//   shards     how many, as a number in a line
//   shard-K/   the data folder of shard K (data_folder.h), or its part of the backup
//
// That of a daemon with one shard is as it is without shards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/journal/files.h"

namespace coheld::store {

inline constexpr char kShardsName[] = "shards";

// Returns the folder of a shard.
std::string ShardFolder(const std::string& folder, uint32_t shard);
// True for the name of such a folder.
bool IsShardFolder(const std::string& name);

// Reads how many shards a folder is of; nothing if it is of no several, or not there. A Fault if
// the file says nothing that can be.
[[nodiscard]] journal::Status ReadShards(journal::Files& files, const std::string& folder,
                                         std::optional<uint32_t>* shards);
// Makes a folder one of so many shards, durably: the file is there whole, or not at all.
[[nodiscard]] journal::Status WriteShards(journal::Files& files, const std::string& folder,
                                          uint32_t shards);

}  // namespace coheld::store
