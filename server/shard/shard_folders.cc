// See shard_folders.h.
#include "server/shard/shard_folders.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <thread>

#include "server/recovery/recovery_log.h"

namespace coheld::shard {
namespace {

using journal::Fault;
using journal::File;
using journal::Status;

constexpr size_t kNumberBytesMax = 16;

std::string LineOf(uint32_t shards) { return std::to_string(shards) + "\n"; }

Fault MadeForOthers(const std::string& folder, const std::string& made, uint32_t shards) {
  return {0, folder + " was made by a daemon with --shards " + made + ", not " +
                 std::to_string(shards) + ": where an object is kept follows from that number. " +
                 "Start the daemon with --shards " + made + ", or with another --data-dir"};
}

// Makes the file under another name and renames it, so that it is there whole or not at all.
Status WriteNumber(journal::Files& files, const std::string& folder, uint32_t shards) {
  const std::string path = folder + "/" + kShardsName;
  const std::string next = path + "-next";
  if (Status fault = files.Remove(next); fault && fault->code != ENOENT) return fault;
  std::unique_ptr<File> file;
  if (Status fault = files.Create(next, &file)) return fault;
  if (Status fault = file->WriteAt(0, LineOf(shards))) return fault;
  if (Status fault = file->Sync()) return fault;
  if (Status fault = files.Rename(next, path)) return fault;
  return files.SyncFolder(folder);
}

// True for the files that the only shard of a daemon keeps.
bool IsOfOneShard(const std::string& name) {
  return name.starts_with("journal-") || name.starts_with("snapshot-");
}

Status OpenOne(journal::Files& files, const config::Config& config, OpenFolder* open) {
  recovery::RecoveryLog log(open->path);
  Status fault = store::OpenDataFolder(
      files,
      {.folder = open->path,
       .segment_bytes = config.segment_bytes,
       .quick_syncs = config.durability == journal::Level::kSync},
      [&log](const recovery::Report& report) { log.Note(report); }, &open->folder);
  if (fault) return fault;
  log.Finish(open->folder.report);
  open->recovery_ms = log.elapsed_ms();
  return std::nullopt;
}

}  // namespace

Status ClaimFolder(journal::Files& files, const std::string& folder, uint32_t shards) {
  std::unique_ptr<File> file;
  if (Status fault = files.Open(folder + "/" + kShardsName, &file)) {
    if (fault->code != ENOENT) return fault;
    if (shards == 1) return std::nullopt;
    if (Status failed = files.MakeFolder(folder)) return failed;
    std::vector<std::string> names;
    if (Status failed = files.List(folder, &names)) return failed;
    if (std::any_of(names.begin(), names.end(), IsOfOneShard)) {
      return MadeForOthers(folder, "1", shards);
    }
    return WriteNumber(files, folder, shards);
  }
  std::string line;
  if (Status fault = file->ReadAt(0, kNumberBytesMax, &line)) return fault;
  if (line == LineOf(shards)) return std::nullopt;
  return MadeForOthers(folder, line.substr(0, line.find('\n')), shards);
}

Status OpenFolders(journal::Files& files, const config::Config& config,
                   std::vector<OpenFolder>* folders) {
  folders->resize(config.shards);
  if (config.data_dir.empty()) return std::nullopt;
  if (Status fault = ClaimFolder(files, config.data_dir, config.shards)) return fault;
  if (config.shards == 1) {
    folders->front().path = config.data_dir;
    return OpenOne(files, config, &folders->front());
  }
  std::vector<Status> faults(config.shards);
  std::vector<std::thread> threads;
  for (uint32_t shard = 0; shard < config.shards; ++shard) {
    (*folders)[shard].path = config.data_dir + "/shard-" + std::to_string(shard);
    threads.emplace_back(
        [&, shard] { faults[shard] = OpenOne(files, config, &(*folders)[shard]); });
  }
  for (std::thread& thread : threads) thread.join();
  for (Status& fault : faults) {
    if (fault) return std::move(fault);
  }
  return std::nullopt;
}

}  // namespace coheld::shard
