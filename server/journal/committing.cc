// See committing.h.
#include "server/journal/committing.h"

#include <algorithm>
#include <utility>

#include "server/journal/failpoint.h"

namespace coheld::journal {
namespace {

constexpr uint64_t kPrepareBytes = uint64_t{1} << 20;  // At a time: some 2 ms.
constexpr uint64_t kWholeSegment = UINT64_MAX / 2;
constexpr std::chrono::milliseconds kRoomInterval{1000};  // Until a full disk is tried again ...
constexpr std::chrono::milliseconds kRoomIntervalMax{
    8000};                                       // ... and each time longer, up to this.
constexpr std::chrono::milliseconds kQuiet{20};  // Without a batch: time for chores.

}  // namespace

Committing::Committing(std::unique_ptr<Journal> journal, Options options)
    : journal_(std::move(journal)), options_(std::move(options)) {
  journal_->SetAside(options_.aside);
}

Status Committing::DoTurn(Work* work) {
  if (work->sealed) rolling_ = std::exchange(work->sealed, nullptr);
  if (Status fault = Commit(work)) return fault;
  if (Status fault = DoChores()) return fault;
  if (Status fault = PrepareUntil(std::exchange(work->room_until, 0))) return fault;
  if (Status fault = RollOnceThereIsRoom()) return fault;
  const uint64_t trim_to = std::exchange(work->trim_to, 0);
  return trim_to != 0 ? journal_->TrimTo(trim_to) : std::nullopt;
}

Status Committing::Commit(Work* work) {
  // What is waited for may still be on its way here.
  const bool syncs = work->durable > durable();
  if (work->batch.empty() && !syncs) return std::nullopt;
  if (!work->batch.empty()) {
    if (Status fault = Write(&work->batch)) return fault;
  }
  if (syncs) {
    if (Status fault = journal_->Sync()) return fault;
  }
  COHELD_FAILPOINT("committer.committed");
  options_.on_progress();
  COHELD_FAILPOINT("committer.told");
  return std::nullopt;
}

Status Committing::Write(PendingBatch* batch) {
  const bool was_durable = durable() == written();
  const size_t bytes = batch->record_bytes();
  if (Status fault = journal_->Write(batch)) return fault;
  written_bytes_ += bytes;
  written_ = options_.now();
  if (was_durable) unsynced_ = written_;
  return std::nullopt;
}

Committing::Clock::time_point Committing::NextTurn() const {
  Clock::time_point next = Clock::time_point::max();
  if (!journal_->settled()) {
    const Clock::time_point since = durable() < written() ? unsynced_ : written_;
    next = std::max(since, synced_) + kSyncInterval;
  }
  if (!journal_->prepared()) {
    const Clock::time_point quiet = prepares_now() ? prepare_again_ : written_ + kQuiet;
    next = std::min(next, std::max(prepare_again_, quiet));
  }
  return next;
}

Status Committing::DoChores() {
  const Clock::time_point now = options_.now();
  const bool is_quiet = now - written_ >= kSyncInterval;
  if (now - synced_ >= kSyncInterval) {
    const uint64_t before = durable();
    if (Status fault = journal_->Sync()) return fault;
    COHELD_FAILPOINT("committer.synced_later");
    synced_ = now;
    if (durable() != before) options_.on_progress();
  }
  if (is_quiet) {
    if (Status fault = journal_->Mark()) return fault;
  }
  const bool is_time = prepares_now() || now - written_ >= kQuiet;
  if (!is_time || now < prepare_again_) return std::nullopt;
  return Prepare(journal_->almost_full() ? kWholeSegment : kPrepareBytes);
}

Status Committing::Prepare(uint64_t bytes) {
  const Status fault = journal_->PrepareNext(bytes);
  if (fault && !IsFull(*fault)) return fault;
  if (fault) {
    if (Status failed = journal_->DropNext()) return failed;
  }
  room_interval_ =
      fault && !has_room_ ? std::min(2 * room_interval_, kRoomIntervalMax) : kRoomInterval;
  prepare_again_ = fault ? options_.now() + room_interval_ : Clock::time_point();
  if (std::exchange(has_room_, !fault) == fault.has_value()) options_.on_progress();
  return std::nullopt;
}

Status Committing::PrepareUntil(uint64_t until) {
  if (until <= room_until() || options_.now() < prepare_again_) return std::nullopt;
  if (Status fault = Prepare(kWholeSegment)) return fault;
  return has_room_ ? journal_->ExtendNext(until - written_bytes_) : std::nullopt;
}

Status Committing::RollOnceThereIsRoom() {
  if (!rolling_) return std::nullopt;
  if (!journal_->prepared() && has_room_) return std::nullopt;
  if (journal_->prepared()) {
    if (Status fault = journal_->Roll()) return fault;
    options_.on_progress();
  }
  std::exchange(rolling_, nullptr)(journal_->sealed_index());
  COHELD_FAILPOINT("committer.rolled");
  return std::nullopt;
}

Status Committing::End(PendingBatch* batch) {
  if (!batch->empty()) {
    if (Status fault = journal_->Write(batch)) return fault;
  }
  COHELD_FAILPOINT("stop.wrote");
  if (Status fault = journal_->Sync()) return fault;
  COHELD_FAILPOINT("stop.synced");
  if (Status fault = journal_->Mark()) return fault;
  COHELD_FAILPOINT("stop.marked");
  return std::nullopt;
}

}  // namespace coheld::journal
