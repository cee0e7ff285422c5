// The state of an engine in a snapshot's file, and what was in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/engine/engine.h"
#include "server/journal/files.h"
#include "server/journal/snapshot.h"

namespace coheld::upkeep {

using journal::Fault;
using journal::Files;
using journal::Status;

// What an engine holds, in numbers.
struct Figures {
  uint64_t index = 0;  // Of the last record that it has; 0 if there is none.
  uint64_t objects = 0;
  uint64_t sessions = 0;
  uint64_t waiting = 0;  // Ops.
  engine::StateDigest digest{};
};

Figures FiguresOf(const engine::Engine& engine, uint64_t index);

// A state that was read.
struct LoadedState {
  std::unique_ptr<engine::Engine> engine;
  uint64_t index = 0;
  uint64_t state_bytes = 0;  // Not compressed.
};

// Reads a snapshot, or a backup, which is one, from a file of any name. Faults: a call that failed;
// damage; kNewerFile if the file is whole and this program cannot read it.
[[nodiscard]] Status LoadStateFile(Files& files, const std::string& path, LoadedState* loaded);

// Writes the state of an engine and makes it durable.
[[nodiscard]] Status SaveState(const engine::Engine& engine, journal::SnapshotWriter writer);

// What is in a folder: names, sorted.
struct FolderContent {
  std::vector<std::string> snapshots;  // Oldest first.
  std::vector<std::string> segments;   // Oldest first.
  bool has_secret = false;
  bool has_traces = false;  // `lock`, or what an unfinished step left.
  std::vector<std::string> others;

  bool empty() const { return snapshots.empty() && segments.empty(); }
};
[[nodiscard]] Status ListFolder(Files& files, const std::string& folder, FolderContent* content);

}  // namespace coheld::upkeep
