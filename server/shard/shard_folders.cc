// See shard_folders.h.
#include "server/shard/shard_folders.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "server/recovery/recovery_log.h"
#include "server/store/shard_folders.h"

namespace coheld::shard {
namespace {

using journal::Fault;
using journal::Status;

Fault MadeForOthers(const std::string& folder, uint32_t made, uint32_t shards) {
  const std::string number = std::to_string(made);
  return {0, folder + " was made by a daemon with --shards " + number + ", not " +
                 std::to_string(shards) + ": where an object is kept follows from that number. " +
                 "Start the daemon with --shards " + number + ", or with another --data-dir"};
}

Fault HalfRestored(const std::string& folder) {
  return {0, folder +
                 " has folders of shards, but no file that says how many: a restore did not "
                 "get to its end. Remove it and restore again"};
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
  std::optional<uint32_t> made;
  if (Status fault = store::ReadShards(files, folder, &made)) return fault;
  if (made) {
    if (*made == shards) return std::nullopt;
    return MadeForOthers(folder, *made, shards);
  }
  if (Status fault = files.MakeFolder(folder)) return fault;
  std::vector<std::string> names;
  if (Status fault = files.List(folder, &names)) return fault;
  if (std::any_of(names.begin(), names.end(), store::IsShardFolder)) return HalfRestored(folder);
  if (shards == 1) return std::nullopt;
  if (std::any_of(names.begin(), names.end(), IsOfOneShard)) {
    return MadeForOthers(folder, 1, shards);
  }
  return store::WriteShards(files, folder, shards);
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
    (*folders)[shard].path = store::ShardFolder(config.data_dir, shard);
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
