// See backup.h.
#include "client/cli/backup.h"

#include <cerrno>
#include <filesystem>

#include "client/cli/data_folder.h"
#include "server/journal/failpoint.h"
#include "server/upkeep/state_file.h"

namespace coheld::cli {
namespace {

namespace fs = std::filesystem;

// Returns the file for a backup of this index. A data folder is no place for one: a daemon would
// take it for its own.
std::string FileFor(const std::string& target, uint64_t index) {
  if (!fs::is_directory(target)) return target;
  journal::ReadOnlyPosixFiles files;
  upkeep::FolderContent content;
  Check(upkeep::ListFolder(files, target, &content));
  if (!content.segments.empty()) {
    throw UsageError(target + " is a data folder; put the backup elsewhere");
  }
  return target + "/" + journal::SnapshotName(index);
}

std::string FolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

// Copies the snapshot to a file, and makes it durable.
uint64_t Download(const Admin& admin, uint64_t index, const std::string& path) {
  journal::PosixFiles files;
  std::unique_ptr<journal::File> file;
  if (journal::Status fault = files.Remove(path); fault && fault->code != ENOENT) Check(fault);
  Check(files.Create(path, &file));
  uint64_t offset = 0;
  while (true) {
    const SnapshotPart part = admin.read_snapshot(index, offset);
    Check(file->WriteAt(offset, part.bytes));
    COHELD_FAILPOINT("backup.wrote");
    offset += part.bytes.size();
    if (offset >= part.total) break;
    if (part.bytes.empty()) throw std::runtime_error("the daemon sent less than it said");
  }
  Check(file->Sync());
  COHELD_FAILPOINT("backup.synced");
  return offset;
}

}  // namespace

Backup BackUpDaemon(const Client& client, const std::string& target) {
  const Admin admin(client);
  const SnapshotMade made = admin.snapshot();
  Backup backup{.path = FileFor(target, made.index), .index = made.index};
  const std::string next = backup.path + ".next";
  backup.bytes = Download(admin, made.index, next);
  journal::PosixFiles files;
  Check(journal::CheckSnapshot(files, next));
  Check(files.Rename(next, backup.path));
  COHELD_FAILPOINT("backup.renamed");
  Check(files.SyncFolder(FolderOf(backup.path)));
  return backup;
}

Backup BackUpFolder(const std::string& folder, const std::string& target) {
  if (!IsFolder(folder)) throw UsageError(folder + " is no folder");
  const upkeep::LoadedState state = Load(folder);
  Backup backup{.path = FileFor(target, state.index), .index = state.index};
  journal::PosixFiles files;
  Check(upkeep::SaveState(*state.engine,
                          journal::SnapshotWriter::InFile(files, backup.path, state.index)));
  backup.bytes = fs::file_size(backup.path);
  return backup;
}

}  // namespace coheld::cli
