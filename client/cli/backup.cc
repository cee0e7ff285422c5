// See backup.h.
#include "client/cli/backup.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "client/cli/data_folder.h"
#include "client/cli/draft.h"
#include "client/cli/interrupt.h"
#include "server/journal/failpoint.h"
#include "server/journal/format.h"
#include "server/store/shard_folders.h"
#include "server/upkeep/compact.h"
#include "server/upkeep/state_file.h"

namespace coheld::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kBackupPrefix[] = "backup-";  // Of several shards, in a folder for backups.

// A data folder is no place for a backup: a daemon would take it for its own.
void RefuseDataFolder(const std::string& folder) {
  if (!IsDataFolder(folder)) return;
  throw UsageError(folder + " is a data folder; put the backup elsewhere");
}

// What the backup of several shards replaces is removed: it has to be one, and nothing else.
void RequireBackup(const std::string& folder) {
  RefuseDataFolder(folder);
  const auto refuse = [&](const std::string& name) {
    throw UsageError(folder + " has " + name + ", so it is no backup; put the backup elsewhere");
  };
  const std::vector<std::string> parts = PartsOf(folder);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool is_part = std::find(parts.begin(), parts.end(), entry.path()) != parts.end();
    if (!is_part && entry.path().filename() != store::kShardsName) refuse(entry.path().filename());
  }
  journal::ReadOnlyPosixFiles files;
  for (const std::string& part : parts) {
    upkeep::FolderContent content;
    Check(upkeep::ListFolder(files, part, &content));
    if (!content.others.empty()) refuse(part + "/" + content.others.front());
  }
}

// Returns the file for a backup of this index.
std::string FileFor(const std::string& target, uint64_t index) {
  if (!fs::is_directory(target)) return target;
  RefuseDataFolder(target);
  return target + "/" + journal::SnapshotName(index);
}

std::string FolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

// Who presses Ctrl-C gets what was made until then removed.
void StopIfInterrupted() {
  if (Interrupted()) throw coheld::Interrupted("the backup was given up");
}

// Returns the path of a backup in one file while it is made.
std::string FileIn(const Draft& draft) { return draft.path() + "/backup"; }

void WriteState(const upkeep::LoadedState& state, const std::string& path) {
  journal::PosixFiles files;
  journal::SnapshotWriter writer = journal::SnapshotWriter::InFile(files, path, state.index);
  journal::Status fault;
  state.engine->Save([&](std::string_view bytes) {
    if (!fault && !Interrupted()) fault = writer.Add(bytes);
  });
  Check(fault);
  StopIfInterrupted();
  Check(writer.Finish());
}

// Gives a file its name, durably; one that has it already is replaced.
void PublishFile(const std::string& file, const std::string& path) {
  StopIfInterrupted();
  journal::PosixFiles files;
  Check(files.Rename(file, path));
  COHELD_FAILPOINT("backup.renamed");
  Check(files.SyncFolder(FolderOf(path)));
}

// Copies a snapshot to a file, part by part, and makes it durable.
class Download {
 public:
  Download(const Admin& admin, uint32_t shard, uint64_t index, std::string path)
      : admin_(admin), shard_(shard), index_(index), path_(std::move(path)) {
    Check(files_.Create(path_, &file_));
  }

  // Copies the next part. Returns whether there are more.
  bool Continue() {
    if (file_ == nullptr) return false;
    StopIfInterrupted();
    const SnapshotPart part = admin_.read_snapshot(index_, bytes_, shard_);
    Check(file_->WriteAt(bytes_, part.bytes));
    COHELD_FAILPOINT("backup.wrote");
    bytes_ += part.bytes.size();
    if (bytes_ < part.total && part.bytes.empty()) {
      throw std::runtime_error("the daemon sent less than it said");
    }
    if (bytes_ < part.total) return true;
    Check(file_->Sync());
    file_.reset();
    COHELD_FAILPOINT("backup.synced");
    Check(journal::CheckSnapshot(files_, path_));
    return false;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  const Admin& admin_;
  const uint32_t shard_;
  const uint64_t index_;
  const std::string path_;
  journal::PosixFiles files_;
  std::unique_ptr<journal::File> file_;  // Null when all is there.
  uint64_t bytes_ = 0;
};

// A backup of several shards while it is made.
class ShardsBackup {
 public:
  ShardsBackup(const std::string& target, size_t shards)
      : shards_(shards),
        path_(WithoutSlash(target)),
        named_for_index_(IsForBackups(path_)),
        draft_(named_for_index_ ? path_ + "/backup" : path_) {
    for (uint32_t shard = 0; shard < shards; ++shard) {
      Check(files_.MakeFolder(store::ShardFolder(draft_.path(), shard)));
    }
  }

  // Returns where the snapshot of a shard belongs.
  std::string FileOf(uint32_t shard, uint64_t index) const {
    return store::ShardFolder(draft_.path(), shard) + "/" + journal::SnapshotName(index);
  }

  // Makes it durable and gives it its name, which it returns. `index` is the sum of the shards'.
  std::string Publish(uint64_t index) {
    for (uint32_t shard = 0; shard < shards_; ++shard) {
      Check(files_.SyncFolder(store::ShardFolder(draft_.path(), shard)));
    }
    Check(store::WriteShards(files_, draft_.path(), static_cast<uint32_t>(shards_)));
    if (named_for_index_) path_ += "/" + journal::NumberedName(kBackupPrefix, index);
    StopIfInterrupted();
    Rename();
    COHELD_FAILPOINT("backup.renamed");
    draft_.Keep();  // What was replaced, until it is so durably.
    Check(files_.SyncFolder(FolderOf(path_)));
    fs::remove_all(draft_.path());
    return path_;
  }

 private:
  static std::string WithoutSlash(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }

  // True if the target is a folder to put backups in; else it is the backup's own name.
  static bool IsForBackups(const std::string& target) {
    if (!fs::exists(target)) return false;
    if (!fs::is_directory(target)) {
      throw UsageError(target + " is a file, and a backup of several shards is a folder");
    }
    if (fs::exists(target + "/" + store::kShardsName)) {
      RequireBackup(target);
      return false;
    }
    RefuseDataFolder(target);
    return true;
  }

  // A backup that has the name already is exchanged for the new one, so that one is always there.
  void Rename() {
    if (!fs::exists(path_)) {
      const journal::Status fault = files_.Rename(draft_.path(), path_);
      if (!fault) return;
      if (fault->code != ENOTEMPTY && fault->code != EEXIST) Check(fault);
      // Another one came first.
    }
    RequireBackup(path_);
    const char* const from = draft_.path().c_str();
    if (renameat2(AT_FDCWD, from, AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) return;
    draft_.Keep();
    throw std::runtime_error(path_ + " cannot be replaced: " + std::strerror(errno) +
                             "; the new backup is whole, as " + draft_.path());
  }

  const size_t shards_;
  std::string path_;
  const bool named_for_index_;
  Draft draft_;
  journal::PosixFiles files_;
};

// Reads all of them by turns: what was begun to be read stays there.
Backup BackUpShards(const Admin& admin, const SnapshotMade& made, const std::string& target) {
  ShardsBackup next(target, made.shards.size());
  Backup backup{.index = made.index};
  std::vector<std::unique_ptr<Download>> downloads;
  for (uint32_t shard = 0; shard < made.shards.size(); ++shard) {
    const uint64_t index = made.shards[shard].index;
    backup.shards.push_back(index);
    downloads.push_back(std::make_unique<Download>(admin, shard, index, next.FileOf(shard, index)));
  }
  for (bool more = true; std::exchange(more, false);) {
    for (const auto& download : downloads) more = download->Continue() || more;
  }
  for (const auto& download : downloads) backup.bytes += download->bytes();
  backup.path = next.Publish(made.index);
  return backup;
}

Backup BackUpShardFolders(const std::vector<std::string>& parts, const std::string& target) {
  const auto locks = LockToRead(parts);
  NoteInterrupts();
  ShardsBackup next(target, parts.size());
  journal::PosixFiles files;
  Backup backup;
  for (uint32_t shard = 0; shard < parts.size(); ++shard) {
    upkeep::LoadedState state;
    Check(upkeep::LoadFolder(files, parts[shard], &state));
    StopIfInterrupted();
    const std::string path = next.FileOf(shard, state.index);
    WriteState(state, path);
    backup.shards.push_back(state.index);
    backup.index += state.index;
    backup.bytes += fs::file_size(path);
  }
  backup.path = next.Publish(backup.index);
  return backup;
}

}  // namespace

Backup BackUpDaemon(const Client& client, const std::string& target) {
  const Admin admin(client);
  const SnapshotMade made = admin.snapshot();
  if (!made.shards.empty()) return BackUpShards(admin, made, target);
  Backup backup{.path = FileFor(target, made.index), .index = made.index};
  const Draft draft(backup.path);
  Download download(admin, 0, made.index, FileIn(draft));
  while (download.Continue()) {
  }
  backup.bytes = download.bytes();
  PublishFile(FileIn(draft), backup.path);
  return backup;
}

Backup BackUpFolder(const std::string& folder, const std::string& target) {
  if (!IsFolder(folder)) throw UsageError(folder + " is no folder");
  const std::vector<std::string> parts = PartsOf(folder);
  if (parts.size() > 1) return BackUpShardFolders(parts, target);
  const upkeep::LoadedState state = Load(folder);
  Backup backup{.path = FileFor(target, state.index), .index = state.index};
  NoteInterrupts();
  const Draft draft(backup.path);
  WriteState(state, FileIn(draft));
  backup.bytes = fs::file_size(FileIn(draft));
  PublishFile(FileIn(draft), backup.path);
  return backup;
}

std::string NewestIn(const std::string& path) {
  if (!IsFolder(path) || fs::exists(path + "/" + store::kShardsName)) return path;
  if (IsDataFolder(path)) return path;
  std::optional<uint64_t> newest;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename();
    newest = std::max(newest, journal::NumberIn(name, kBackupPrefix));
  }
  return newest ? path + "/" + journal::NumberedName(kBackupPrefix, *newest) : path;
}

}  // namespace coheld::cli
