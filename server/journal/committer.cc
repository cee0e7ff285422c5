// See committer.h.
#include "server/journal/committer.h"

#include <algorithm>
#include <utility>

#include "server/journal/failpoint.h"

namespace coheld::journal {
namespace {

// A batch has at most so many, and one record more.
constexpr size_t kGatheredBytesMax = size_t{256} << 20;
// Commits that take longer, on average over the last few, are none for the loop ...
constexpr std::chrono::microseconds kQuick{1000};
constexpr int kFew = 8;
// ... counting each as this at most, so that it takes a few in a row and not one for which the
// processor was away ...
constexpr std::chrono::microseconds kCountedAsMost{4000};
// ... and go to the thread for so long.
constexpr std::chrono::milliseconds kSlowFor{1000};

}  // namespace

Committer::Committer(std::unique_ptr<Journal> journal, Options options)
    : committing_(std::move(journal), {.now = Clock::now,
                                       .aside = [this](const auto& call) { return Aside(call); },
                                       .on_progress =
                                           [this] {
                                             Confirm();
                                             options_.on_progress();
                                           }}),
      options_(std::move(options)),
      kept_for_frees_(committing_.kept_for_frees()),
      kept_for_time_(committing_.kept_for_time()) {
  last_index_ = committing_.written();
  Confirm();
  thread_ = std::thread([this] { Run(); });
}

Committer::~Committer() {
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  work_.notify_one();
  thread_.join();
  // Now the journal is this thread's.
  if (failed_) return;
  if (const Status fault = committing_.End(&gathered_)) options_.on_fault(*fault);
}

uint64_t Committer::AddParts(std::span<const std::string_view> parts) {
  if (gathered_.bytes() >= kGatheredBytesMax) Submit(0);
  const size_t before = gathered_.bytes();
  gathered_.Add(parts);
  added_bytes_ += gathered_.bytes() - before;
  return ++last_index_;
}

void Committer::Submit(uint64_t durable) {
  if (gathered_.empty() && durable <= submitted_durable_) return;
  submitted_durable_ = std::max(submitted_durable_, durable);
  if (!CommitHere()) HandOver();
}

bool Committer::CommitHere() {
  const Clock::time_point now = Clock::now();
  if (now < here_again_) return false;
  const std::unique_lock journal(journal_mutex_, std::try_to_lock);
  if (!journal.owns_lock() || !committing_.Fits(gathered_)) return false;
  {
    const std::lock_guard guard(mutex_);
    if (has_work() || failed_) return false;
  }
  if (const Status fault = WriteAndSyncHere(now)) {
    Fail(*fault);
  } else {
    WakeForChores();
  }
  return true;
}

Status Committer::WriteAndSyncHere(Clock::time_point now) {
  if (!gathered_.empty()) {
    if (Status fault = committing_.Write(&gathered_)) return fault;
    COHELD_FAILPOINT("committer.wrote_here");
  }
  if (submitted_durable_ > durable()) {
    if (Status fault = committing_.Sync()) return fault;
    COHELD_FAILPOINT("committer.synced_here");
  }
  Confirm();
  const Clock::duration taken = std::min<Clock::duration>(Clock::now() - now, kCountedAsMost);
  average_ += (taken - average_) / kFew;
  if (average_ > kQuick) {
    average_ = {};
    here_again_ = now + kSlowFor;
  }
  return std::nullopt;
}

void Committer::WakeForChores() {
  {
    const std::lock_guard guard(mutex_);
    if (committing_.NextTurn() >= next_turn_) return;
    next_turn_ = Clock::time_point::min();
  }
  work_.notify_one();
}

void Committer::HandOver() {
  {
    std::unique_lock lock(mutex_);
    handed_.durable = submitted_durable_;
    if (gathered_.bytes() >= kGatheredBytesMax) {
      taken_.wait(lock, [this] { return handed_.batch.empty() || failed_; });
    }
    // Else it calls on_progress when it has written that.
    if (handed_.batch.empty()) std::swap(gathered_, handed_.batch);
  }
  work_.notify_one();
}

bool Committer::has_room_for(uint64_t bytes) {
  const uint64_t until = added_bytes_ + bytes + kept_for_frees_;
  const auto is_sure = [&] { return until <= room_until_.load(std::memory_order_acquire); };
  if (!has_room()) return false;
  if (is_sure()) return true;
  AwaitRoom(until);
  return has_room() && is_sure();
}

bool Committer::has_reserve_for(uint64_t bytes) const {
  const uint64_t until = added_bytes_ + bytes + kept_for_time_;
  return until <= room_until_.load(std::memory_order_acquire);
}

void Committer::AwaitRoom(uint64_t until) {
  std::unique_lock lock(mutex_);
  if (failed_) return;
  room_asked_ = until;
  work_.notify_one();
  taken_.wait(lock, [this] { return room_asked_ == 0 || failed_; });
}

void Committer::Roll(std::function<void(uint64_t index)> sealed) {
  {
    const std::lock_guard guard(mutex_);
    handed_.sealed = std::move(sealed);
  }
  work_.notify_one();
}

void Committer::Trim(uint64_t index) {
  {
    const std::lock_guard guard(mutex_);
    handed_.trim_to = index;
  }
  work_.notify_one();
}

void Committer::Run() {
  Committing::Work work;
  std::unique_lock journal(journal_mutex_);
  thread_id_ = std::this_thread::get_id();
  while (true) {
    AwaitWork(&journal);
    if (!TakeWork(&work)) return;
    COHELD_FAILPOINT("committer.took");
    const bool room_asked = work.room_until != 0;
    if (const Status fault = committing_.DoTurn(&work)) return Fail(*fault);
    if (room_asked) AnswerRoom();
  }
}

bool Committer::has_work() const {
  return !handed_.batch.empty() || handed_.durable > taken_durable_ || handed_.trim_to != 0 ||
         handed_.sealed || room_asked_ != 0 || ending_;
}

// The loop may write and sync while this thread sleeps, so what is due changes. next_turn_ tells it
// when that matters.
void Committer::AwaitWork(std::unique_lock<std::mutex>* journal) {
  while (true) {
    std::unique_lock lock(mutex_);
    const Clock::time_point next = committing_.NextTurn();
    if (has_work() || next <= Clock::now()) return;
    next_turn_ = next;
    journal->unlock();
    const auto is_awake = [&] { return has_work() || next_turn_ != next; };
    if (next == Clock::time_point::max()) {
      work_.wait(lock, is_awake);
    } else {
      work_.wait_until(lock, next, is_awake);
    }
    next_turn_ = Clock::time_point::min();
    lock.unlock();
    journal->lock();
  }
}

bool Committer::TakeWork(Committing::Work* work) {
  const std::lock_guard guard(mutex_);
  if (failed_) return false;
  std::swap(work->batch, handed_.batch);
  work->durable = taken_durable_ = handed_.durable;
  work->trim_to = std::exchange(handed_.trim_to, 0);
  work->sealed = std::exchange(handed_.sealed, nullptr);
  work->room_until = room_asked_;
  taken_.notify_one();
  return !ending_ || !work->batch.empty();
}

// Called within DoTurn.
Status Committer::Aside(const Journal::Call& call) {
  if (std::this_thread::get_id() != thread_id_) return call();
  journal_mutex_.unlock();
  Status fault = call();
  journal_mutex_.lock();
  return fault;
}

void Committer::AnswerRoom() {
  Confirm();
  {
    const std::lock_guard guard(mutex_);
    room_asked_ = 0;
  }
  taken_.notify_one();
}

void Committer::Confirm() {
  written_index_.store(committing_.written(), std::memory_order_release);
  durable_index_.store(committing_.durable(), std::memory_order_release);
  has_room_.store(committing_.has_room(), std::memory_order_release);
  const uint64_t until = committing_.room_until();
  room_until_.store(until, std::memory_order_release);
  const bool has_plenty = committing_.has_room() && until > kept_for_frees_;
  plenty_until_.store(has_plenty ? until - kept_for_frees_ : 0, std::memory_order_release);
  COHELD_FAILPOINT("committer.confirmed");
}

void Committer::Fail(const Fault& fault) {
  {
    const std::lock_guard guard(mutex_);
    failed_ = true;
  }
  taken_.notify_one();
  options_.on_fault(fault);
}

}  // namespace coheld::journal
