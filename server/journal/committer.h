// Commits records in groups, with a thread of its own, so that no slow disk holds up the event
// loop: while what was written is synced, the records that come gather for the next sync.
//
//   loop thread       Add* Submit: write ... Add* Submit: write ... durable() has grown: replies go
//   committer thread                 sync, progress(), sync, progress() ...
//
// Waking a thread takes longer than writing to the kernel, and on a good disk nearly as long as a
// sync. So as long as the disk is quick the loop writes by itself, and syncs too if the thread does
// not; the thread has what takes long: new segments, syncs that nobody waits for, and everything
// for a while after the disk was slow. What there is to do with the journal is committing.h's
// business; this is who does it when.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>

#include "server/journal/commit_log.h"
#include "server/journal/committing.h"
#include "server/journal/journal.h"

namespace coheld::journal {

// All but the constructor, the destructor and what says otherwise is for the loop's thread.
class Committer : public CommitLog {
 public:
  struct Options {
    // Called on the committer's thread when written() or durable() has grown, or has_room()
    // changed. The loop is to call Submit.
    std::function<void()> on_progress;
    // Called once, on either thread, when the journal failed: nothing more is confirmed, and the
    // process has to end.
    std::function<void(const Fault&)> on_fault;
  };
  Committer(std::unique_ptr<Journal> journal, Options options);
  // Writes what was added and makes it durable, unless the journal failed.
  ~Committer() override;
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Waits for the thread if very much was added that it has not taken: a disk that cannot keep up
  // holds up the loop rather than filling the memory.
  uint64_t AddParts(std::span<const std::string_view> parts) override;
  // written() and durable() may have grown when it returns; on_progress is not called for that.
  void Submit(uint64_t durable) override;
  // Has all that was handed over by then sealed (Journal::Roll), and calls `sealed` on the
  // committer's thread with the last record that is. It waits until the next segment has its room,
  // so that nobody waits for that; if the disk is full it tells what is sealed already. It is not
  // called if the journal fails or the committer ends before. One at a time.
  void Roll(std::function<void(uint64_t index)> sealed);
  // Lets the journal go of the records up to this one, which a snapshot has.
  void Trim(uint64_t index);

  // Any thread, as durable() and has_room().
  uint64_t written() const override { return written_index_.load(std::memory_order_acquire); }
  uint64_t durable() const override { return durable_index_.load(std::memory_order_acquire); }
  bool has_room() const override { return has_room_.load(std::memory_order_acquire); }
  bool has_room_for(uint64_t bytes) override;
  bool has_reserve_for(uint64_t bytes) const override;
  // What all records take that were added.
  uint64_t bytes_added() const { return added_bytes_; }
  // The bytes that were added and not handed over.
  size_t gathered_bytes() const { return gathered_.bytes(); }

 private:
  using Clock = Committing::Clock;

  // Writes what was gathered, and syncs if that is waited for. False if the thread has to.
  bool CommitHere();
  Status WriteAndSyncHere(Clock::time_point now);
  void HandOver();
  // Has the thread find out whether there is room up to there.
  void AwaitRoom(uint64_t until);
  // Has the thread look what is due, if that is sooner than it knows.
  void WakeForChores();

  void Run();
  // Waits for work, or until it is time for a chore.
  void AwaitWork(std::unique_lock<std::mutex>* journal);
  // Takes what waits. False at the end.
  bool TakeWork(Committing::Work* work);
  bool has_work() const;
  // Makes a call while the loop may write.
  Status Aside(const Journal::Call& call);
  // Tells the loop that what it asked about room is known.
  void AnswerRoom();
  // Notes how far the journal is.
  void Confirm();
  void Fail(const Fault& fault);

  // Whoever has it may use `committing_`. Taken before mutex_, and by the loop only if it is free.
  std::mutex journal_mutex_;
  Committing committing_;
  std::thread::id thread_id_;       // None before it runs.
  Clock::duration average_{};       // That commits of the loop take.
  Clock::time_point here_again_{};  // The loop leaves all to the thread until then.
  const Options options_;
  PendingBatch gathered_;
  uint64_t submitted_durable_ = 0;
  const uint64_t kept_for_frees_;
  const uint64_t kept_for_time_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable taken_;
  // Guarded by mutex_, as the next five.
  Committing::Work handed_;
  uint64_t room_asked_ = 0;  // 0: it is answered.
  // When the thread wakes by itself; min: it is awake.
  Clock::time_point next_turn_ = Clock::time_point::min();
  uint64_t taken_durable_ = 0;
  bool ending_ = false;
  bool failed_ = false;

  std::atomic<uint64_t> written_index_{0};
  std::atomic<uint64_t> durable_index_{0};
  std::atomic<bool> has_room_{true};
  std::atomic<uint64_t> room_until_{0};
  std::thread thread_;
};

}  // namespace coheld::journal
