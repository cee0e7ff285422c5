// See data_folder.h.
#include "client/cli/data_folder.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iomanip>
#include <optional>
#include <sstream>

#include "server/store/shard_folders.h"
#include "server/upkeep/compact.h"

namespace coheld::cli {
namespace {

Locks LockEach(const std::vector<std::string>& folders,
               std::unique_ptr<journal::FolderLock> (*lock)(const std::string&)) {
  Locks locks;
  for (const std::string& folder : folders) {
    if (!IsFolder(folder)) throw UsageError(folder + " is no folder");
    locks.push_back(lock(folder));
  }
  return locks;
}

}  // namespace

void Check(const journal::Status& fault) {
  if (!fault) return;
  if (fault->code == 0) throw DamageFound(fault->message);
  throw std::runtime_error(fault->message);
}

bool IsFolder(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw UsageError(path + ": " + (error ? error.message() : "there is nothing"));
  }
  return std::filesystem::is_directory(status);
}

std::vector<std::string> PartsOf(const std::string& path) {
  if (!IsFolder(path)) return {path};
  journal::ReadOnlyPosixFiles files;
  std::optional<uint32_t> shards;
  Check(store::ReadShards(files, path, &shards));
  if (!shards) return {path};
  std::vector<std::string> parts;
  for (uint32_t shard = 0; shard < *shards; ++shard) {
    parts.push_back(store::ShardFolder(path, shard));
  }
  return parts;
}

bool IsDataFolder(const std::string& folder) {
  journal::ReadOnlyPosixFiles files;
  const std::vector<std::string> parts = PartsOf(folder);
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    if (!std::filesystem::is_directory(part)) return true;  // One that was only begun.
    upkeep::FolderContent content;
    Check(upkeep::ListFolder(files, part, &content));
    // Shards' folders without the file that says how many: a restore did not get to its end.
    const bool half_restored =
        std::any_of(content.others.begin(), content.others.end(), store::IsShardFolder);
    return half_restored || !content.segments.empty() || content.has_secret || content.has_traces;
  });
}

std::unique_ptr<journal::FolderLock> LockFolder(const std::string& folder) {
  std::unique_ptr<journal::FolderLock> lock;
  Check(journal::FolderLock::Take(folder, &lock));
  return lock;
}

std::unique_ptr<journal::FolderLock> LockToRead(const std::string& folder) {
  std::unique_ptr<journal::FolderLock> lock;
  Check(journal::FolderLock::TakeIfThere(folder, &lock));
  return lock;
}

Locks LockFolders(const std::vector<std::string>& folders) { return LockEach(folders, LockFolder); }

Locks LockToRead(const std::vector<std::string>& folders) { return LockEach(folders, LockToRead); }

upkeep::LoadedState Load(const std::string& path) {
  journal::ReadOnlyPosixFiles files;
  upkeep::LoadedState loaded;
  if (IsFolder(path)) {
    const auto lock = LockToRead(path);
    Check(upkeep::LoadFolder(files, path, &loaded));
  } else {
    Check(upkeep::LoadStateFile(files, path, &loaded));
  }
  return loaded;
}

int64_t NowMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string Grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string Bytes(uint64_t bytes) {
  constexpr std::array kUnits = {"bytes", "kB", "MB", "GB", "TB"};
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < kUnits.size(); ++unit) amount /= 1000;
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << amount << ' ' << kUnits.at(unit);
  return text.str();
}

std::string Counted(uint64_t count, const std::string& word) {
  return Grouped(count) + " " + word + (count == 1 ? "" : "s");
}

Json ToJson(const upkeep::Figures& figures) {
  return {{"index", figures.index},
          {"objects", figures.objects},
          {"sessions", figures.sessions},
          {"waiting", figures.waiting},
          {"digest", engine::ToText(figures.digest)}};
}

std::string ToText(const upkeep::Figures& figures) {
  return Counted(figures.objects, "object") + ", " + Counted(figures.sessions, "session") + ", " +
         Counted(figures.waiting, "waiting op");
}

}  // namespace coheld::cli
