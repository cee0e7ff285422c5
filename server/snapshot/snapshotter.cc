// See snapshotter.h.
#include "server/snapshot/snapshotter.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace coheld::snapshot {
namespace {

constexpr uint64_t kRetryMsMin = 10'000;
constexpr uint64_t kRetryMsMax = 600'000;
constexpr uint64_t kLongJournal = 4;  // Times what makes a snapshot due.

}  // namespace

Snapshotter::Snapshotter(const journal::CommitLog& log, SnapshotMaker& maker, Options options)
    : log_(log), maker_(maker), options_(std::move(options)) {
  if (!options_.recovered.snapshot) return;
  newest_ = {.index = *options_.recovered.snapshot,
             .bytes = options_.recovered.snapshot_file_bytes};
  // The daemon may have ended between a snapshot and this.
  maker_.Trim(newest_.index);
}

uint64_t Snapshotter::due_bytes() const { return std::max(options_.after_bytes, newest_.bytes); }

void Snapshotter::Request(Tell tell) {
  askers_.push_back({.wanted = log_.last_index(), .tell = std::move(tell)});
  if (phase_ == Phase::kIdle) Continue();
}

void Snapshotter::Continue() {
  if (phase_ == Phase::kIdle) {
    if (newest_.index == log_.last_index()) return TellThoseServed();
    phase_ = Phase::kWriting;
    run_last_ = log_.last_index();
    run_bytes_ = recorded_bytes();
  }
  if (log_.written() < run_last_) return;
  phase_ = Phase::kSealing;
  maker_.Seal();
}

void Snapshotter::OnSealed(uint64_t index) {
  if (index <= newest_.index) {
    phase_ = Phase::kIdle;
    return NoteFailure("the disk has no room for another segment of the journal");
  }
  phase_ = Phase::kMaking;
  run_index_ = index;
  run_began_ = maker_.Now();
  const bool is_long = journal_bytes() >= kLongJournal * due_bytes();
  maker_.Make(index, askers_.empty() && !is_long ? Haste::kNone : Haste::kSome);
}

void Snapshotter::OnMade(uint64_t bytes) {
  phase_ = Phase::kIdle;
  newest_ = {.index = run_index_,
             .bytes = bytes,
             .duration_ms = engine::Elapsed(run_began_, maker_.Now())};
  covered_bytes_ = run_bytes_;
  failures_in_a_row_ = 0;
  not_before_ = {};
  ++made_;
  last_failure_.clear();
  spdlog::info("snapshot_made index={} bytes={} ms={}", newest_.index, newest_.bytes,
               newest_.duration_ms);
  maker_.Trim(newest_.index);
  TellThoseServed();
  // Others asked while it was made.
  if (!askers_.empty() && phase_ == Phase::kIdle) Continue();
}

void Snapshotter::OnFailed(std::string_view why) {
  phase_ = Phase::kIdle;
  NoteFailure(why);
}

void Snapshotter::NoteFailure(std::string_view why) {
  const uint64_t retry_ms =
      std::min(kRetryMsMax, kRetryMsMin << std::min(failures_in_a_row_++, uint32_t{10}));
  not_before_ = engine::After(maker_.Now(), retry_ms);
  ++failed_;
  last_failure_ = why;
  spdlog::warn(
      "snapshot_failed error=\"{}\" retry_ms={} hint=\"nothing is lost: the journal has it "
      "all, but grows\"",
      why, retry_ms);
  const engine::Failure failure{
      v1::ERROR_REASON_SNAPSHOT_FAILED,
      "no snapshot was made: " + last_failure_ + "; nothing is lost, the journal has it all"};
  for (const Asker& asker : std::exchange(askers_, {})) asker.tell(failure);
}

void Snapshotter::TellThoseServed() {
  const auto is_served = [this](const Asker& asker) { return asker.wanted <= newest_.index; };
  const auto served = std::stable_partition(askers_.begin(), askers_.end(),
                                            [&](const Asker& asker) { return !is_served(asker); });
  std::vector<Asker> told(std::make_move_iterator(served), std::make_move_iterator(askers_.end()));
  askers_.erase(served, askers_.end());
  for (const Asker& asker : told) asker.tell(newest_);
}

void Snapshotter::Describe(v1::AdminStatusReply* status) const {
  const recovery::Report& report = options_.recovered;
  v1::RecoveryStatus* recovery = status->mutable_recovery();
  recovery->set_snapshot_index(report.snapshot.value_or(0));
  recovery->set_snapshot_bytes(report.snapshot_bytes);
  recovery->set_records(report.records);
  recovery->set_record_bytes(report.record_bytes);
  recovery->set_duration_ms(options_.recovery_ms);
  v1::SnapshotStatus* snapshots = status->mutable_snapshots();
  snapshots->set_index(newest_.index);
  snapshots->set_bytes(newest_.bytes);
  snapshots->set_duration_ms(newest_.duration_ms);
  snapshots->set_journal_bytes(journal_bytes());
  snapshots->set_next_at_bytes(options_.after_bytes == 0 ? 0 : due_bytes());
  snapshots->set_running(phase_ != Phase::kIdle);
  snapshots->set_made(made_);
  snapshots->set_failed(failed_);
  snapshots->set_last_failure(last_failure_);
}

}  // namespace coheld::snapshot
