// See committer.h.
#include "server/journal/committer.h"

#include <algorithm>
#include <utility>

#include "server/journal/failpoint.h"

namespace coheld::journal {
namespace {

// A batch has at most so many, and one record more.
constexpr size_t kGatheredBytesMax = size_t{256} << 20;

}  // namespace

Committer::Committer(std::unique_ptr<Journal> journal, Options options)
    : committing_(std::move(journal), {.now = Clock::now, .on_progress = [this] { Confirm(); }}),
      options_(std::move(options)),
      last_index_(committing_.written()),
      written_index_(last_index_),
      durable_index_(committing_.durable()),
      thread_([this] { Run(); }) {}

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
    handed_.durable = submitted_durable_;
    if (gathered_.bytes() >= kGatheredBytesMax) {
      taken_.wait(lock, [this] { return handed_.batch.empty() || failed_; });
    }
    // Else it calls on_progress when it has written that.
    if (handed_.batch.empty()) std::swap(gathered_, handed_.batch);
  }
  work_.notify_one();
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
  Status fault;
  while (!fault && TakeWork(&work)) {
    COHELD_FAILPOINT("committer.took");
    fault = committing_.DoTurn(&work);
  }
  if (!fault) return;
  {
    const std::lock_guard guard(mutex_);
    failed_ = true;
  }
  taken_.notify_one();
  options_.on_fault(*fault);
}

bool Committer::TakeWork(Committing::Work* work) {
  const Clock::time_point next = committing_.NextTurn();
  const auto has_work = [this] {
    return !handed_.batch.empty() || handed_.durable > taken_durable_ || handed_.trim_to != 0 ||
           handed_.sealed || ending_;
  };
  std::unique_lock lock(mutex_);
  if (next == Clock::time_point::max()) {
    work_.wait(lock, has_work);
  } else {
    work_.wait_until(lock, next, has_work);
  }
  std::swap(work->batch, handed_.batch);
  work->durable = taken_durable_ = handed_.durable;
  work->trim_to = std::exchange(handed_.trim_to, 0);
  work->sealed = std::exchange(handed_.sealed, nullptr);
  taken_.notify_one();
  return !ending_ || !work->batch.empty();
}

void Committer::Confirm() {
  written_index_.store(committing_.written(), std::memory_order_release);
  durable_index_.store(committing_.durable(), std::memory_order_release);
  has_room_.store(committing_.has_room(), std::memory_order_release);
  COHELD_FAILPOINT("committer.confirmed");
  options_.on_progress();
}

}  // namespace coheld::journal
