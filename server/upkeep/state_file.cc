// See state_file.h.
#include "server/upkeep/state_file.h"

#include <utility>

#include "server/journal/format.h"
#include "server/store/folder_secret.h"

namespace coheld::upkeep {

Figures FiguresOf(const engine::Engine& engine, uint64_t index) {
  return {.index = index,
          .objects = engine.store().objects().size(),
          .sessions = engine.sessions().all().size(),
          .waiting = engine.parked().size(),
          .digest = engine.Digest()};
}

Status LoadStateFile(Files& files, const std::string& path, LoadedState* loaded) {
  std::unique_ptr<journal::SnapshotReader> reader;
  if (Status fault = journal::SnapshotReader::OpenFile(files, path, &reader)) return fault;
  std::string state;
  std::string part;
  do {
    if (Status fault = reader->Next(&part)) return fault;
    state += part;
  } while (!part.empty());
  auto engine = std::make_unique<engine::Engine>();
  if (const std::optional<engine::Failure> failure = engine->Load(state)) {
    // Its checksums are right: these are the bytes that were written.
    return Fault{journal::kNewerFile, path + " is whole but cannot be loaded: " + failure->message +
                                          ". Use the coheld that wrote it, or a newer one"};
  }
  *loaded = {.engine = std::move(engine), .index = reader->index(), .state_bytes = state.size()};
  return std::nullopt;
}

Status SaveState(const engine::Engine& engine, journal::SnapshotWriter writer) {
  Status fault;
  engine.Save([&](std::string_view bytes) {
    if (!fault) fault = writer.Add(bytes);
  });
  return fault ? fault : writer.Finish();
}

Status ListFolder(Files& files, const std::string& folder, FolderContent* content) {
  std::vector<std::string> names;
  if (Status fault = files.List(folder, &names)) return fault;
  for (std::string& name : names) {
    if (journal::SnapshotIndexOf(name)) {
      content->snapshots.push_back(std::move(name));
    } else if (journal::FirstOf(name)) {
      content->segments.push_back(std::move(name));
    } else if (name == store::kSecretName) {
      content->has_secret = true;
    } else if (name == "lock" || name == "snapshot-lock" || name == journal::kNextSegmentName ||
               name == journal::kNextSnapshotName) {
      content->has_traces = true;
    } else {
      content->others.push_back(std::move(name));
    }
  }
  return std::nullopt;
}

}  // namespace coheld::upkeep
