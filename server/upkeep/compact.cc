// See compact.h.
#include "server/upkeep/compact.h"

#include "server/recovery/recovery.h"

namespace coheld::upkeep {
namespace {

const recovery::Progress kSilent = [](const recovery::Report&) {};

Status RefuseEmpty(Files& files, const std::string& folder) {
  FolderContent content;
  if (Status fault = ListFolder(files, folder, &content)) return fault;
  if (!content.empty()) return std::nullopt;
  return Fault{0, folder + " is no data folder: it has no journal and no snapshot"};
}

}  // namespace

Status Compact(Files& files, const std::string& folder, Compacted* compacted) {
  if (Status fault = RefuseEmpty(files, folder)) return fault;
  engine::Engine engine;
  recovery::Report report;
  std::unique_ptr<journal::Journal> journal;
  if (Status fault =
          recovery::Recover(files, {.folder = folder}, kSilent, &engine, &report, &journal)) {
    return fault;
  }
  *compacted = {.state = FiguresOf(engine, report.last_index), .records = report.records};
  if (report.records == 0) return std::nullopt;
  if (Status fault = SaveState(engine, {files, folder, report.last_index})) return fault;
  if (Status fault = journal->TrimTo(report.last_index)) return fault;
  return journal::RemoveSnapshotsBefore(files, folder, report.last_index);
}

Status LoadFolder(Files& files, const std::string& folder, LoadedState* loaded) {
  if (Status fault = RefuseEmpty(files, folder)) return fault;
  *loaded = {.engine = std::make_unique<engine::Engine>()};
  recovery::Report report;
  if (Status fault =
          recovery::Rebuild(files, folder, UINT64_MAX, kSilent, loaded->engine.get(), &report)) {
    return fault;
  }
  loaded->index = report.last_index;
  loaded->state_bytes = report.snapshot_bytes;
  return std::nullopt;
}

}  // namespace coheld::upkeep
