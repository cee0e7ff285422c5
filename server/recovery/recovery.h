// Recovery: makes the engine again from what is in a folder, the newest snapshot and the records
// after it. The daemon at its start, the snapshot process and the offline commands do the very
// same. No clock, thread or log here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/engine.h"
#include "server/journal/journal.h"
#include "server/journal/snapshot.h"

namespace coheld::recovery {

// How much was read; also while it is.
struct Report {
  std::optional<uint64_t> snapshot;  // The last record that it has; none: there is none.
  uint64_t snapshot_bytes = 0;       // Of the state in it, not compressed.
  uint64_t snapshot_file_bytes = 0;
  uint64_t records = 0;  // Replayed after it.
  uint64_t record_bytes = 0;
  uint64_t last_index = 0;  // Of the last record; 0 if there is none.
  // What opening the journal found: a tail that was cut. Not of Rebuild.
  journal::Journal::Found journal;

  // True if the folder had nothing: its first record is still to come.
  bool empty() const { return last_index == 0; }
};

// Called now and then while there is something to tell: after each part of a snapshot, and after
// some records.
using Progress = std::function<void(const Report&)>;

// Gives an engine that has done nothing yet the state of a folder, and opens its journal to be
// written on. Faults: those of the journal and of snapshots; a state or a record that this program
// does not know.
[[nodiscard]] journal::Status Recover(journal::Files& files, const journal::JournalOptions& options,
                                      const Progress& progress, engine::Engine* engine,
                                      Report* report, std::unique_ptr<journal::Journal>* journal);

// Gives an engine that has done nothing yet the state of a folder after record `up_to`, which has
// to be there. Writes nothing; up to a record in a sealed segment a daemon may be writing on.
[[nodiscard]] journal::Status Rebuild(journal::Files& files, const std::string& folder,
                                      uint64_t up_to, const Progress& progress,
                                      engine::Engine* engine, Report* report);

// Gives an engine that has done nothing yet the state that a snapshot has, which was opened and not
// read. For what comes after it there is a Replayer.
[[nodiscard]] journal::Status LoadSnapshot(journal::SnapshotReader& reader,
                                           const Progress& progress, engine::Engine* engine,
                                           Report* report);

// Has an engine take records again.
class Replayer {
 public:
  // All must outlive it. `folder` is for messages.
  Replayer(std::string folder, const Progress& progress, engine::Engine* engine, Report* report)
      : folder_(std::move(folder)), progress_(progress), engine_(engine), report_(report) {}

  // Replays one record; they have to come in order. A Fault if this program does not know it.
  [[nodiscard]] journal::Status Replay(uint64_t index, std::string_view record);

 private:
  const std::string folder_;
  const Progress& progress_;
  engine::Engine* const engine_;
  Report* const report_;
  std::vector<engine::Reply> replies_;  // Nobody waits for them.
};

}  // namespace coheld::recovery
