// Makes backups: of a daemon that runs, or of a folder that no daemon uses. A backup is one file;
// of a daemon with several shards a folder with one for each (server/store/shard_folders.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coheld/coheld.h"

namespace coheld::cli {

struct Backup {
  std::string path;
  uint64_t index = 0;  // Of the last record that it has; of several shards the sum.
  uint64_t bytes = 0;
  std::vector<uint64_t> shards;  // Each one's index, if there are several.
};

// Has the daemon make a snapshot and copies it to `target`: a backup, which is replaced once the
// new one is whole, or a folder, in which it is named for its index. Reads what was written once
// more. Until it is whole it is in a folder of its own beside its place (draft.h). Throws
// UsageError if the target is a data folder, or a folder with `shards` that is more than a backup;
// Interrupted after Ctrl-C.
Backup BackUpDaemon(const Client& client, const std::string& target);
// The same of a folder.
Backup BackUpFolder(const std::string& folder, const std::string& target);

// Returns the newest of the backups of several shards in a folder that is for such; if it is none,
// the path itself.
std::string NewestIn(const std::string& path);

}  // namespace coheld::cli
