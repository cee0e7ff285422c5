// See shard_folders.h.
#include "server/store/shard_folders.h"

#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

#include "server/engine/placement.h"

namespace coheld::store {
namespace {

using journal::File;
using journal::Status;

constexpr std::string_view kShardPrefix = "shard-";
constexpr size_t kNumberBytesMax = 16;

std::string LineOf(uint32_t shards) { return std::to_string(shards) + "\n"; }

}  // namespace

std::string ShardFolder(const std::string& folder, uint32_t shard) {
  return folder + "/" + std::string(kShardPrefix) + std::to_string(shard);
}

bool IsShardFolder(const std::string& name) { return name.starts_with(kShardPrefix); }

Status ReadShards(journal::Files& files, const std::string& folder,
                  std::optional<uint32_t>* shards) {
  const std::string path = folder + "/" + kShardsName;
  shards->reset();
  std::unique_ptr<File> file;
  if (Status fault = files.Open(path, &file)) {
    return fault->code == ENOENT ? std::nullopt : fault;
  }
  std::string line;
  if (Status fault = file->ReadAt(0, kNumberBytesMax, &line)) return fault;
  uint32_t number = 0;
  std::from_chars(line.data(), line.data() + line.size(), number);
  if (line != LineOf(number) || number < 2 || number > engine::kShardsMax) {
    return journal::Fault{0, path + " is damaged: it has to be a number from 2 to " +
                                 std::to_string(engine::kShardsMax) +
                                 " in a line, that of the folders shard-K beside it"};
  }
  *shards = number;
  return std::nullopt;
}

Status WriteShards(journal::Files& files, const std::string& folder, uint32_t shards) {
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

}  // namespace coheld::store
