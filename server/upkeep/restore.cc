// See restore.h.
#include "server/upkeep/restore.h"

#include <algorithm>

#include "server/journal/failpoint.h"
#include "server/store/folder_secret.h"

namespace coheld::upkeep {
namespace {

// A folder that is the root of a file system has this one from the start.
constexpr std::string_view kMountLeftover = "lost+found";

}  // namespace

Status RequireEmpty(Files& files, const std::string& folder) {
  FolderContent content;
  if (Status fault = ListFolder(files, folder, &content)) return fault;
  std::erase(content.others, kMountLeftover);
  std::vector<std::string> names = content.snapshots;
  for (const auto& more : {content.segments, content.others}) {
    names.insert(names.end(), more.begin(), more.end());
  }
  if (content.has_secret) names.emplace_back(store::kSecretName);
  if (names.empty()) return std::nullopt;
  return Fault{0, folder + " is not empty: it has " + names.front() +
                      ". Restore into a new folder, or move away what is in this one"};
}

Status Restore(Files& files, const LoadedState& backup, const std::string& folder, int64_t now_ms,
               Restored* restored) {
  if (Status fault = files.MakeFolder(folder)) return fault;
  if (Status fault = RequireEmpty(files, folder)) return fault;
  COHELD_FAILPOINT("restore.made_folder");
  engine::Engine& engine = *backup.engine;
  restored->backup = FiguresOf(engine, backup.index);
  const int64_t elapsed_ms = now_ms - static_cast<int64_t>(engine.last_time());
  restored->renewal =
      Renew(engine, JumpOver(static_cast<uint64_t>(std::max<int64_t>(elapsed_ms, 0))));
  restored->state = FiguresOf(engine, backup.index);
  if (Status fault = SaveState(engine, {files, folder, backup.index})) return fault;
  COHELD_FAILPOINT("restore.saved");
  return std::nullopt;
}

}  // namespace coheld::upkeep
