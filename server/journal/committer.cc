// See committer.h.
#include "server/journal/committer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/journal/failpoint.h"

namespace coheld::journal {
namespace {

constexpr uint64_t kPrepareBytes = uint64_t{1} << 20;     // At a time: some 2 ms.
constexpr std::chrono::milliseconds kRoomInterval{1000};  // Until a full disk is tried again.
constexpr std::chrono::milliseconds kQuiet{2};            // Without a batch: time for chores.
// A batch has at most so many, and one record more.
constexpr size_t kGatheredBytesMax = size_t{256} << 20;

}  // namespace

Committer::Committer(std::unique_ptr<Journal> journal, Options options)
    : journal_(std::move(journal)),
      options_(std::move(options)),
      last_index_(journal_->next_index() - 1),
      written_index_(last_index_),
      durable_index_(journal_->durable_index()),
      thread_([this] { Run(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  work_.notify_one();
  thread_.join();
  // Now the journal is this thread's.
  Status fault;
  if (!failed_ && !gathered_.empty()) fault = journal_->Write(&gathered_);
  if (!failed_ && !fault) fault = journal_->Sync();
  if (!failed_ && !fault) fault = journal_->Mark();
  if (fault) options_.on_fault(*fault);
}

uint64_t Committer::Add(std::string_view record) {
  if (gathered_.bytes() >= kGatheredBytesMax) Submit(0);
  gathered_.Add(record);
  bytes_added_ += record.size();
  return ++last_index_;
}

void Committer::Submit(uint64_t durable) {
  if (gathered_.empty() && durable <= submitted_durable_) return;
  submitted_durable_ = std::max(submitted_durable_, durable);
  {
    std::unique_lock lock(mutex_);
    wanted_ = submitted_durable_;
    if (gathered_.bytes() >= kGatheredBytesMax) {
      taken_.wait(lock, [this] { return handed_.empty() || failed_; });
    }
    // Else it calls on_progress when it has written that.
    if (handed_.empty()) std::swap(gathered_, handed_);
  }
  work_.notify_one();
}

void Committer::Roll(std::function<void(uint64_t index)> sealed) {
  {
    const std::lock_guard guard(mutex_);
    roll_ = std::move(sealed);
  }
  work_.notify_one();
}

void Committer::Trim(uint64_t index) {
  {
    const std::lock_guard guard(mutex_);
    trim_to_ = index;
  }
  work_.notify_one();
}

void Committer::Run() {
  PendingBatch batch;
  uint64_t trim_to = 0;
  Status fault;
  while (!fault && TakeWork(&batch, &trim_to)) {
    COHELD_FAILPOINT("committer.took");
    if (!batch.empty() || sync_to_ > journal_->durable_index()) fault = Commit(&batch);
    if (!fault) fault = DoChores();
    if (!fault) fault = RollOnceThereIsRoom();
    if (!fault && trim_to != 0) fault = journal_->TrimTo(trim_to);
  }
  if (!fault) return;
  {
    const std::lock_guard guard(mutex_);
    failed_ = true;
  }
  taken_.notify_one();
  options_.on_fault(*fault);
}

bool Committer::TakeWork(PendingBatch* batch, uint64_t* trim_to) {
  const Clock::time_point chore = NextChore();
  const auto has_work = [this] {
    return !handed_.empty() || wanted_ > sync_to_ || trim_to_ != 0 || roll_ || ending_;
  };
  std::unique_lock lock(mutex_);
  if (chore == Clock::time_point::max()) {
    work_.wait(lock, has_work);
  } else {
    work_.wait_until(lock, chore, has_work);
  }
  std::swap(*batch, handed_);
  sync_to_ = wanted_;
  *trim_to = std::exchange(trim_to_, 0);
  if (roll_) rolling_ = std::exchange(roll_, nullptr);
  taken_.notify_one();
  return !ending_ || !batch->empty();
}

Status Committer::Commit(PendingBatch* batch) {
  if (!batch->empty()) {
    if (Status fault = journal_->Write(batch)) return fault;
    written_ = Clock::now();
  }
  // What is waited for may still be on its way here.
  if (sync_to_ > journal_->durable_index()) {
    if (Status fault = journal_->Sync()) return fault;
  }
  COHELD_FAILPOINT("committer.committed");
  Confirm();
  return std::nullopt;
}

void Committer::Note() {
  written_index_.store(journal_->next_index() - 1, std::memory_order_release);
  durable_index_.store(journal_->durable_index(), std::memory_order_release);
}

void Committer::Confirm() {
  Note();
  COHELD_FAILPOINT("committer.confirmed");
  options_.on_progress();
  COHELD_FAILPOINT("committer.told");
}

Committer::Clock::time_point Committer::NextChore() const {
  Clock::time_point next = Clock::time_point::max();
  if (!journal_->settled()) next = std::max(written_, synced_) + kSyncInterval;
  if (!journal_->prepared()) {
    next = std::min(next, rolling_ ? prepare_again_ : std::max(prepare_again_, written_ + kQuiet));
  }
  return next;
}

Status Committer::DoChores() {
  const Clock::time_point now = Clock::now();
  const bool is_quiet = now - written_ >= kSyncInterval;
  if (now - synced_ >= kSyncInterval) {
    if (Status fault = journal_->Sync()) return fault;
    Note();
    COHELD_FAILPOINT("committer.synced_later");
    synced_ = now;
  }
  if (is_quiet) {
    if (Status fault = journal_->Mark()) return fault;
  }
  const bool is_time = rolling_ || journal_->nearly_full() || now - written_ >= kQuiet;
  return is_time && now >= prepare_again_ ? Prepare() : std::nullopt;
}

Status Committer::Prepare() {
  const Status fault = journal_->PrepareNext(kPrepareBytes);
  if (fault && fault->code != ENOSPC && fault->code != EDQUOT) return fault;
  prepare_again_ = fault ? Clock::now() + kRoomInterval : Clock::time_point();
  if (has_room_.exchange(!fault, std::memory_order_acq_rel) == fault.has_value()) {
    options_.on_progress();
  }
  return std::nullopt;
}

Status Committer::RollOnceThereIsRoom() {
  if (!rolling_) return std::nullopt;
  const bool is_full = !has_room_.load(std::memory_order_relaxed);
  if (!journal_->prepared() && !is_full) return std::nullopt;
  if (journal_->prepared()) {
    if (Status fault = journal_->Roll()) return fault;
    Confirm();
  }
  std::exchange(rolling_, nullptr)(journal_->sealed_index());
  COHELD_FAILPOINT("committer.rolled");
  return std::nullopt;
}

}  // namespace coheld::journal
