// What the daemon asks of whatever makes its records durable: add them, and be told how far they
// got. The daemon's is committer.h; the simulator brings one without threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace coheld::journal {

// What a reply waits for.
enum class Level {
  kMemory,  // Nothing.
  kAsync,   // Its records are written: they survive the process; a power cut may take the last few.
  kSync,    // Its records are durable.
};

class CommitLog {
 public:
  virtual ~CommitLog() = default;

  // Adds a record and returns its index. It is written some time after Submit.
  uint64_t Add(std::string_view record) { return AddParts({&record, 1}); }
  // The same for one that is these parts in a row, which are copied once.
  virtual uint64_t AddParts(std::span<const std::string_view> parts) = 0;
  // Has what was added written as soon as may be, and made durable up to this index if that is
  // waited for; 0 if nobody waits. Called at the end of each turn of the loop, and when there was
  // progress.
  virtual void Submit(uint64_t durable) = 0;

  // The index of the last record added; 0 if there is none.
  uint64_t last_index() const { return last_index_; }
  // The index of the last record that is written, and that is durable. Both only grow.
  virtual uint64_t written() const = 0;
  virtual uint64_t durable() const = 0;
  // False when there was no room on the disk for the next segment: what makes the state grow has to
  // be refused, so that what makes it shrink can still be written.
  virtual bool has_room() const = 0;
  // True if a record of so many bytes surely has room, whatever it does, after all that was added.
  // If not it may have, too. To be asked before it is added; nothing is cheaper.
  bool has_plenty_for(uint64_t bytes) const {
    return added_bytes_ + bytes <= plenty_until_.load(std::memory_order_acquire);
  }
  // Whether a record of so many bytes that makes the state grow surely has room. Waits while that
  // is not known: if records come faster than the disk takes room for them.
  virtual bool has_room_for(uint64_t /*bytes*/) { return has_room(); }
  // The same of a record that gives room back, when the other answer was no. If this is false too,
  // the room that is left is needed for what time brings about, such as the ends of leases and
  // sessions: everything else that is recorded has to be refused.
  virtual bool has_reserve_for(uint64_t /*bytes*/) const { return true; }

 protected:
  uint64_t last_index_ = 0;
  // What all records take that were added, and up to where of that there is plenty of room. The
  // latter is for any thread; 0 is not known.
  uint64_t added_bytes_ = 0;
  std::atomic<uint64_t> plenty_until_{0};
};

}  // namespace coheld::journal
