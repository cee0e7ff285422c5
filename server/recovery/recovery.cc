// See recovery.h.
#include "server/recovery/recovery.h"

#include <utility>

#include "server/engine/input_log.h"
#include "server/journal/failpoint.h"
#include "server/journal/planted_bug.h"
#include "server/journal/reading.h"

namespace coheld::recovery {
namespace {

using journal::Fault;
using journal::Files;
using journal::Status;

constexpr uint64_t kRecordsToTell = 1024;

// Loads the newest snapshot, if there is one.
Status LoadNewest(Files& files, const std::string& folder, const Progress& progress,
                  engine::Engine* engine, Report* report) {
  std::optional<uint64_t> newest;
  if (Status fault = journal::FindSnapshot(files, folder, &newest)) return fault;
  if (!newest) return std::nullopt;
  std::unique_ptr<journal::SnapshotReader> reader;
  if (Status fault = journal::SnapshotReader::Open(files, folder, *newest, &reader)) return fault;
  return LoadSnapshot(*reader, progress, engine, report);
}

}  // namespace

Status LoadSnapshot(journal::SnapshotReader& reader, const Progress& progress,
                    engine::Engine* engine, Report* report) {
  report->snapshot = reader.index();
  report->last_index = reader.index();
  // At once, so that there are never two copies of it.
  uint64_t state_bytes = 0;
  if (Status fault = reader.StateBytes(&state_bytes)) return fault;
  std::string state;
  state.reserve(state_bytes);
  std::string part;
  do {
    if (Status fault = reader.Next(&part)) return fault;
    state += part;
    report->snapshot_bytes = state.size();
    report->snapshot_file_bytes = reader.bytes_read();
    progress(*report);
  } while (!part.empty());
  if (const std::optional<engine::Failure> failure = engine->Load(state)) {
    return Fault{0, reader.path() + " cannot be loaded: " + failure->message +
                        ". Use the program that wrote it, or a newer one, or restore a backup"};
  }
  COHELD_FAILPOINT("recovery.loaded");
  return std::nullopt;
}

Status Replayer::Replay(uint64_t index, std::string_view record) {
  engine::Input input;
  if (!engine::DecodeInput(record, &input)) {
    return Fault{0, "record " + std::to_string(index) + " of the journal in " + folder_ +
                        " is none that this program knows: use the one that wrote it, or a newer "
                        "one, or restore a backup"};
  }
  engine::Replay(*engine_, input, &replies_);
  COHELD_FAILPOINT("recovery.replayed");
  replies_.clear();
  if (engine_->has_ring_reports()) engine_->TakeRingReports();  // They were told at their time.
  ++report_->records;
  report_->record_bytes += record.size();
  report_->last_index = index;
  if (report_->records % kRecordsToTell == 0) progress_(*report_);
  return std::nullopt;
}

Status Recover(Files& files, const journal::JournalOptions& options, const Progress& progress,
               engine::Engine* engine, Report* report, std::unique_ptr<journal::Journal>* journal) {
  *report = {};
  // Opening makes the folder, and there is nothing to list before.
  if (Status fault = files.MakeFolder(options.folder)) return fault;
  if (Status fault = LoadNewest(files, options.folder, progress, engine, report)) return fault;
  Replayer replayer(options.folder, progress, engine, report);
  const auto visit = [&](uint64_t index, std::string_view record) -> Status {
    const bool skips = journal::Planted(journal::PlantedBug::kRecordSkipped) && report->snapshot &&
                       index == *report->snapshot + 1;
    return skips ? std::nullopt : replayer.Replay(index, record);
  };
  return journal::Journal::Open(files, options, report->last_index, visit, &report->journal,
                                journal);
}

Status Rebuild(Files& files, const std::string& folder, uint64_t up_to, const Progress& progress,
               engine::Engine* engine, Report* report) {
  *report = {};
  if (Status fault = LoadNewest(files, folder, progress, engine, report)) return fault;
  if (report->last_index > up_to) {
    return Fault{0, "the newest snapshot in " + folder + " has record " +
                        std::to_string(report->last_index) + " already, and the state after " +
                        std::to_string(up_to) + " was asked for"};
  }
  Replayer replayer(folder, progress, engine, report);
  const auto visit = [&](uint64_t index, std::string_view record) {
    return replayer.Replay(index, record);
  };
  journal::Reading reading;
  return journal::ReadJournal(
      files, {.folder = folder, .after = report->last_index, .up_to = up_to}, visit, &reading);
}

}  // namespace coheld::recovery
