// See storage.h.
#include "tests/simulation/storage.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/journal/snapshot.h"
#include "server/recovery/recovery.h"
#include "tests/simulation/check.h"

namespace coheld::simulation {
namespace {

constexpr char kFolder[] = "data";
constexpr int64_t kWakeUs = 30;  // Of a thread.
constexpr int64_t kSnapshotUsMax = 1000 * kMs;

void Nothing(const recovery::Report&) {}

}  // namespace

Storage::Storage(Schedule& schedule, Hooks hooks, Random random)
    : schedule_(schedule),
      hooks_(std::move(hooks)),
      random_(random),
      segment_bytes_(uint64_t{1024} << random_.Pick(3)) {}

Storage::~Storage() = default;

Storage::Clock::time_point Storage::Now() const {
  // Not near the clock's zero, which stands for never.
  return Clock::time_point(std::chrono::seconds(1000) +
                           std::chrono::microseconds(static_cast<int64_t>(schedule_.now())));
}

// --- Lives ---

std::unique_ptr<engine::Engine> Storage::Open(std::string* why) {
  files_ = std::make_unique<ProcessFiles>(disk_);
  files_->EndAfter(std::exchange(opening_calls_, UINT64_MAX));
  auto engine = std::make_unique<engine::Engine>();
  recovery::Report report;
  std::unique_ptr<journal::Journal> journal;
  const journal::Status fault = recovery::Recover(
      *files_, {.folder = kFolder, .segment_bytes = segment_bytes_, .salt = random_.Next()},
      Nothing, engine.get(), &report, &journal);
  if (fault) {
    *why = fault->message;
    return nullptr;
  }
  files_->EndAfter(UINT64_MAX);
  if (!report.journal.cut.empty()) hooks_.on_note("a tail is cut: " + report.journal.cut);
  committing_ = std::make_unique<journal::Committing>(
      std::move(journal),
      journal::Committing::Options{.now = [this] { return Now(); }, .on_progress = [] {}});
  last_index_ = written_ = committing_->written();
  durable_ = taken_durable_ = committing_->durable();
  has_room_ = has_reserve_ = true;
  added_bytes_ = 0;
  WakeAt(schedule_.now());
  return engine;
}

void Storage::End() {
  ++life_;
  ++wake_;
  committing_.reset();
  files_.reset();
  gathered_.Clear();
  handed_ = turn_ = {};
  busy_ = snapshot_runs_ = false;
  disk_.FailNoMore();
  fails_ = false;
}

void Storage::CutPower() {
  Require(committing_ == nullptr, "the power is cut while the daemon runs");
  disk_ = journal::SimulatedDisk(disk_.AfterPowerCut(random_.Next()));
}

void Storage::Settle() {
  Require(!busy_, "the committer is busy before anything happens");
  Submit(last_index_);
  while (durable_ < last_index_) {
    HandOver();
    Require(!committing_->DoTurn(&handed_), "the disk fails where nothing fails");
    Tell();
  }
}

void Storage::EndAtCall(uint64_t calls) {
  if (files_ != nullptr) files_->EndAfter(calls);
}

void Storage::FailAtCall(uint64_t calls) {
  disk_.FailAt(calls, EIO);
  fails_ = true;
}

void Storage::Heal() {
  disk_.FailNoMore();
  fails_ = false;
  SetFull(false);
  EndAtCall(UINT64_MAX);
  opening_calls_ = snapshot_calls_ = UINT64_MAX;
}

void Storage::SetFull(bool full) { disk_.FailGrowth(full ? ENOSPC : 0); }

int64_t Storage::durable_since_us() const {
  const auto interval =
      std::chrono::duration_cast<std::chrono::microseconds>(journal::Committing::kSyncInterval);
  return static_cast<int64_t>(schedule_.now()) - interval.count() - 3 * worst_us_ - 2 * kMs;
}

// --- Commits ---

uint64_t Storage::AddParts(std::span<const std::string_view> parts) {
  const size_t before = gathered_.bytes();
  gathered_.Add(parts);
  added_bytes_ += gathered_.bytes() - before;
  ++last_index_;
  std::string record;
  for (const std::string_view part : parts) record += part;
  hooks_.on_record(record);
  return last_index_;
}

void Storage::Submit(uint64_t durable) {
  handed_.durable = std::max(handed_.durable, durable);
  HandOver();
  Wake();
}

void Storage::HandOver() {
  if (handed_.batch.empty()) std::swap(gathered_, handed_.batch);
}

void Storage::Wake() {
  const bool has_work = !handed_.batch.empty() || handed_.durable > taken_durable_ ||
                        handed_.trim_to != 0 || handed_.sealed;
  if (has_work && !busy_ && committing_ != nullptr) WakeAt(schedule_.now() + kWakeUs);
}

void Storage::WakeAt(Time when) {
  schedule_.At(when, [this, wake = ++wake_] {
    if (wake == wake_) DoTurn();
  });
}

void Storage::DoTurn() {
  const auto cost =
      static_cast<int64_t>(random_.Between(1, 2 * static_cast<uint64_t>(latency_us_)));
  worst_us_ = std::max(worst_us_, cost);
  busy_ = true;
  taken_durable_ = handed_.durable;
  // What is handed over meanwhile goes with the next turn.
  turn_ = std::exchange(handed_, {.durable = handed_.durable});
  schedule_.After(cost, [this, life = life_] {
    if (life == life_) FinishTurn();
  });
}

void Storage::FinishTurn() {
  busy_ = false;
  if (const journal::Status fault = committing_->DoTurn(&turn_)) {
    hooks_.on_note(fault->message);
    return hooks_.on_end();
  }
  Tell();
  const Clock::time_point next = committing_->NextTurn();
  if (next != Clock::time_point::max()) {
    const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(next - Now());
    WakeAt(schedule_.now() + std::max<int64_t>(wait.count(), 0));
  }
  Wake();
}

void Storage::Tell() {
  written_ = committing_->written();
  durable_ = committing_->durable();
  has_room_ = committing_->has_room();
  has_reserve_ =
      has_room_ || added_bytes_ + committing_->kept_for_time() <= committing_->room_until();
  hooks_.on_progress();
}

// --- Snapshots ---

void Storage::MakeSnapshot() {
  if (committing_ == nullptr || std::exchange(snapshot_runs_, true)) return;
  handed_.sealed = [this](uint64_t index) {
    const auto us = static_cast<int64_t>(random_.Pick(kSnapshotUsMax));
    schedule_.After(us, [this, index, life = life_] {
      if (life == life_) RunSnapshot(index);
    });
  };
  Wake();
}

void Storage::RunSnapshot(uint64_t index) {
  ProcessFiles files(disk_);
  files.EndAfter(std::exchange(snapshot_calls_, UINT64_MAX));
  engine::Engine copy;
  recovery::Report report;
  journal::Status fault = recovery::Rebuild(files, kFolder, index, Nothing, &copy, &report);
  if (!fault) {
    journal::SnapshotWriter writer(files, kFolder, index);
    copy.Save([&](std::string_view bytes) {
      if (!fault) fault = writer.Add(bytes);
    });
    if (!fault) fault = writer.Finish();
  }
  snapshot_runs_ = false;
  Require(!fault || fault->code != 0, fault ? "no snapshot: " + fault->message : "");
  if (fault) return hooks_.on_note("no snapshot: " + fault->message);
  hooks_.on_note("a snapshot has the first " + std::to_string(index) + " inputs");
  TakeSnapshot(index);
}

void Storage::TakeSnapshot(uint64_t index) {
  if (const journal::Status fault = journal::RemoveSnapshotsBefore(*files_, kFolder, index)) {
    hooks_.on_note(fault->message);
    return hooks_.on_end();
  }
  handed_.trim_to = index;
  Wake();
}

}  // namespace coheld::simulation
