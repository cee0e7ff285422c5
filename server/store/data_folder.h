// The data folder of a daemon: locks it, and makes again what is kept in it. What is in it:
//
//   lock        held by the daemon that uses the folder (journal/folder_lock.h)
//   secret      proves the sessions' tokens (folder_secret.h)
//   journal-*   the records (journal/format.h)
//   snapshot-*  the state after one of them (journal/snapshot.h)
#pragma once

#include <memory>
#include <string>

#include "server/engine/engine.h"
#include "server/journal/files.h"
#include "server/journal/folder_lock.h"
#include "server/journal/journal.h"
#include "server/recovery/recovery.h"

namespace coheld::store {

struct DataFolder {
  std::unique_ptr<journal::FolderLock> lock;  // Released last.
  std::string secret;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<journal::Journal> journal;
  recovery::Report report;
};

// Opens a folder, which is made if its parent is there. Faults: it is in use (EWOULDBLOCK); what
// the lock, the secret and recovery say.
[[nodiscard]] journal::Status OpenDataFolder(journal::Files& files, journal::JournalOptions options,
                                             const recovery::Progress& progress,
                                             DataFolder* folder);

}  // namespace coheld::store
