// See backup.h.
#include "client/cli/backup.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>

#include "client/cli/data_folder.h"
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
  journal::ReadOnlyPosixFiles files;
  for (const std::string& part : PartsOf(folder)) {
    if (!fs::is_directory(part)) continue;
    upkeep::FolderContent content;
    Check(upkeep::ListFolder(files, part, &content));
    if (content.segments.empty()) continue;
    throw UsageError(folder + " is a data folder; put the backup elsewhere");
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

// Copies a snapshot to a file, part by part, and makes it durable.
class Download {
 public:
  Download(const Admin& admin, uint32_t shard, uint64_t index, std::string path)
      : admin_(admin), shard_(shard), index_(index), path_(std::move(path)) {
    if (journal::Status fault = files_.Remove(path_); fault && fault->code != ENOENT) Check(fault);
    Check(files_.Create(path_, &file_));
  }

  // Copies the next part. Returns whether there are more.
  bool Continue() {
    if (file_ == nullptr) return false;
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

// A backup of several shards while it is made: a folder beside the one that it will be.
class ShardsBackup {
 public:
  ShardsBackup(std::string target, size_t shards) : shards_(shards), path_(std::move(target)) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    if (fs::exists(path_)) {
      if (!fs::is_directory(path_)) {
        throw UsageError(path_ + " is a file, and a backup of several shards is a folder");
      }
      RefuseDataFolder(path_);
      named_for_index_ = !fs::exists(path_ + "/" + store::kShardsName);
    }
    next_ = named_for_index_ ? path_ + "/" + kBackupPrefix + "next" : path_ + ".next";
    fs::remove_all(next_);
    Check(files_.MakeFolder(next_));
    for (uint32_t shard = 0; shard < shards; ++shard) {
      Check(files_.MakeFolder(store::ShardFolder(next_, shard)));
    }
  }

  // Returns where the snapshot of a shard belongs.
  std::string FileOf(uint32_t shard, uint64_t index) const {
    return store::ShardFolder(next_, shard) + "/" + journal::SnapshotName(index);
  }

  // Makes it durable and gives it its name, which it returns. `index` is the sum of the shards'.
  std::string Publish(uint64_t index) {
    for (uint32_t shard = 0; shard < shards_; ++shard) {
      Check(files_.SyncFolder(store::ShardFolder(next_, shard)));
    }
    Check(store::WriteShards(files_, next_, static_cast<uint32_t>(shards_)));
    if (named_for_index_) path_ += "/" + journal::NumberedName(kBackupPrefix, index);
    Rename();
    COHELD_FAILPOINT("backup.renamed");
    Check(files_.SyncFolder(FolderOf(path_)));
    fs::remove_all(next_);  // What was replaced.
    return path_;
  }

 private:
  // A backup that has the name already is exchanged for the new one, so that one is always there.
  void Rename() {
    if (!fs::exists(path_)) return Check(files_.Rename(next_, path_));
    if (renameat2(AT_FDCWD, next_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) return;
    throw std::runtime_error(path_ + " cannot be replaced: " + std::strerror(errno) +
                             "; the new backup is whole, as " + next_);
  }

  const size_t shards_;
  std::string path_;
  bool named_for_index_ = false;
  std::string next_;
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
  ShardsBackup next(target, parts.size());
  journal::PosixFiles files;
  Backup backup;
  for (uint32_t shard = 0; shard < parts.size(); ++shard) {
    upkeep::LoadedState state;
    Check(upkeep::LoadFolder(files, parts[shard], &state));
    const std::string path = next.FileOf(shard, state.index);
    Check(upkeep::SaveState(*state.engine,
                            journal::SnapshotWriter::InFile(files, path, state.index)));
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
  const std::string next = backup.path + ".next";
  Download download(admin, 0, made.index, next);
  while (download.Continue()) {
  }
  backup.bytes = download.bytes();
  journal::PosixFiles files;
  Check(files.Rename(next, backup.path));
  COHELD_FAILPOINT("backup.renamed");
  Check(files.SyncFolder(FolderOf(backup.path)));
  return backup;
}

Backup BackUpFolder(const std::string& folder, const std::string& target) {
  if (!IsFolder(folder)) throw UsageError(folder + " is no folder");
  const std::vector<std::string> parts = PartsOf(folder);
  if (parts.size() > 1) return BackUpShardFolders(parts, target);
  const upkeep::LoadedState state = Load(folder);
  Backup backup{.path = FileFor(target, state.index), .index = state.index};
  journal::PosixFiles files;
  Check(upkeep::SaveState(*state.engine,
                          journal::SnapshotWriter::InFile(files, backup.path, state.index)));
  backup.bytes = fs::file_size(backup.path);
  return backup;
}

std::string NewestIn(const std::string& path) {
  if (!IsFolder(path) || fs::exists(path + "/" + store::kShardsName)) return path;
  std::string newest;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kBackupPrefix) || name.ends_with("next")) continue;
    newest = std::max(newest, name);
  }
  return newest.empty() ? path : path + "/" + newest;
}

}  // namespace coheld::cli
