// Makes backups: of a daemon that runs, or of a folder that no daemon uses.
#pragma once

#include <cstdint>
#include <string>

#include "coheld/coheld.h"

namespace coheld::cli {

struct Backup {
  std::string path;
  uint64_t index = 0;  // Of the last record that it has.
  uint64_t bytes = 0;
};

// Has the daemon make a snapshot and copies it to `target`: a file, which is replaced once the new
// one is whole, or a folder, in which the file is named for its index. Reads what was written once
// more.
Backup BackUpDaemon(const Client& client, const std::string& target);
// The same of a folder.
Backup BackUpFolder(const std::string& folder, const std::string& target);

}  // namespace coheld::cli
