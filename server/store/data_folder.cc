// See data_folder.h.
#include "server/store/data_folder.h"

#include <cstring>
#include <utility>

#include "proto/wire/key_proof.h"
#include "server/journal/failpoint.h"
#include "server/store/folder_secret.h"

namespace coheld::store {
namespace {

using journal::Status;

uint64_t RandomNumber() {
  const std::string bytes = wire::RandomBytes(sizeof(uint64_t));
  uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

// Returns the folder that this one is in.
std::string ParentOf(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const size_t slash = folder.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : folder.substr(0, slash);
}

}  // namespace

Status OpenDataFolder(journal::Files& files, journal::JournalOptions options,
                      const recovery::Progress& progress, DataFolder* folder) {
  if (Status fault = files.MakeFolder(options.folder)) return fault;
  COHELD_FAILPOINT("folder.made");
  if (Status fault = files.SyncFolder(ParentOf(options.folder))) return fault;
  COHELD_FAILPOINT("folder.synced_parent");
  if (Status fault = journal::FolderLock::Take(options.folder, &folder->lock)) return fault;
  if (Status fault = LoadSecret(files, options.folder, &folder->secret)) return fault;
  options.salt = RandomNumber();
  folder->engine = std::make_unique<engine::Engine>();
  return recovery::Recover(files, options, progress, folder->engine.get(), &folder->report,
                           &folder->journal);
}

}  // namespace coheld::store
