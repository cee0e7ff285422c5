// What a committer does with its journal, turn by turn: writes and syncs batches, and what else has
// to be done when there is time. No thread and no clock of its own: committer.h runs it on its
// thread, the simulator in simulated time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "server/journal/journal.h"

namespace coheld::journal {

class Committing {
 public:
  using Clock = std::chrono::steady_clock;
  // How old what is written and not durable may become.
  static constexpr std::chrono::milliseconds kSyncInterval{100};

  struct Options {
    std::function<Clock::time_point()> now;
    // As Journal::SetAside. Null: DoTurn makes its calls itself.
    std::function<Status(const Journal::Call& call)> aside;
    // Called within DoTurn when written(), durable() or has_room() changed, and all is as they say.
    std::function<void()> on_progress;
  };
  Committing(std::unique_ptr<Journal> journal, Options options);

  // What there is to do.
  struct Work {
    PendingBatch batch;    // Empty, or to be written; then it is empty.
    uint64_t durable = 0;  // Up to where somebody waits for durability.
    uint64_t trim_to = 0;  // As Journal::TrimTo; 0 is nothing.
    // Up to where somebody waits to know whether there is room, as room_until().
    uint64_t room_until = 0;
    // Unless it is null: has all that is written by then sealed (Journal::Roll), and is called with
    // the last record that is; in this turn, or in a later one when the next segment has its room.
    // If the disk is full it is told what is sealed already.
    std::function<void(uint64_t index)> sealed;
  };
  // Does it, and what is due. After a Fault nothing must be done any more.
  [[nodiscard]] Status DoTurn(Work* work);
  // Parts of a turn, for who has no time for a whole one; they do not tell progress. Write does no
  // more than write what Fits.
  bool Fits(const PendingBatch& batch) const { return journal_->Fits(batch); }
  [[nodiscard]] Status Write(PendingBatch* batch);
  [[nodiscard]] Status Sync() { return journal_->Sync(); }
  // When a turn is due even if there is no work; time_point::max() is never.
  Clock::time_point NextTurn() const;
  // Writes what is left, makes it durable and says so: the last turn.
  [[nodiscard]] Status End(PendingBatch* batch);

  uint64_t written() const { return journal_->next_index() - 1; }
  uint64_t durable() const { return journal_->durable_index(); }
  // As CommitLog's.
  bool has_room() const { return has_room_; }
  // Records surely have room, even if the disk is full, up to so many bytes of them: counted from
  // the first that was written here, as PendingBatch::record_bytes().
  uint64_t room_until() const { return written_bytes_ + journal_->sure_bytes(); }
  // What of that only ops that give room back may use, and what of this nothing that can be
  // refused.
  uint64_t kept_for_frees() const { return journal_->segment_bytes() / 4; }
  uint64_t kept_for_time() const { return journal_->segment_bytes() / 16; }

 private:
  Status Commit(Work* work);
  // Syncs, marks, takes room for the next segment.
  Status DoChores();
  bool prepares_now() const { return rolling_ || journal_->half_used(); }
  Status Prepare(uint64_t bytes);
  // Takes the room that somebody waits for, if it can be had.
  Status PrepareUntil(uint64_t room_until);
  Status RollOnceThereIsRoom();

  const std::unique_ptr<Journal> journal_;
  const Options options_;
  bool has_room_ = true;
  uint64_t written_bytes_ = 0;       // Of records.
  Clock::time_point written_;        // The last batch.
  Clock::time_point unsynced_;       // The first that was not durable yet when it was written.
  Clock::time_point synced_;         // By a chore.
  Clock::time_point prepare_again_;  // Not before.
  std::chrono::milliseconds room_interval_{};
  std::function<void(uint64_t)> rolling_;
};

}  // namespace coheld::journal
