// What the commands on data folders share: faults as exceptions, who uses a folder.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "server/journal/folder_lock.h"
#include "server/journal/posix_files.h"
#include "server/upkeep/state_file.h"

namespace coheld::cli {

// Throws what a fault means: DamageFound if the bytes are wrong, else std::runtime_error.
void Check(const journal::Status& fault);

// True if it is a folder. Throws UsageError if there is nothing at the path.
bool IsFolder(const std::string& path);

// Returns the folders of a data folder's shards, or of those of a backup, in order; the path itself
// if it has none. UsageError, DamageFound.
std::vector<std::string> PartsOf(const std::string& path);

// True if a daemon, a restore or a repair has worked in the folder, or in one of its shards', even
// if nothing is kept there yet. Of a backup nothing but snapshots is there. DamageFound.
bool IsDataFolder(const std::string& folder);

// Takes the lock of a folder that will be changed. Throws std::runtime_error if a daemon uses it.
std::unique_ptr<journal::FolderLock> LockFolder(const std::string& folder);
// The same to look at it only: nothing is written.
std::unique_ptr<journal::FolderLock> LockToRead(const std::string& folder);
// The same of all of them. UsageError if one is no folder.
using Locks = std::vector<std::unique_ptr<journal::FolderLock>>;
Locks LockFolders(const std::vector<std::string>& folders);
Locks LockToRead(const std::vector<std::string>& folders);

// Reads a backup, or the state of a folder that no daemon uses.
upkeep::LoadedState Load(const std::string& path);

// Milliseconds since the epoch.
int64_t NowMs();

// "1,234,567".
std::string Grouped(uint64_t number);
// "3.4 MB".
std::string Bytes(uint64_t bytes);

Json ToJson(const upkeep::Figures& figures);
// "1 session", "2 sessions".
std::string Counted(uint64_t count, const std::string& word);
// "12 objects, 3 sessions, 1 waiting op".
std::string ToText(const upkeep::Figures& figures);

}  // namespace coheld::cli
