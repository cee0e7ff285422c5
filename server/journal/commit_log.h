// What the daemon asks of whatever makes its records durable: add them, and be told how far they
// got. The daemon's is committer.h; the simulator brings one without threads.
#pragma once

#include <cstddef>
#include <cstdint>
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
  virtual uint64_t Add(std::string_view record) = 0;
  // Has what was added written as soon as may be, and made durable up to this index if that is
  // waited for; 0 if nobody waits. Called at the end of each turn of the loop, and when there was
  // progress.
  virtual void Submit(uint64_t durable) = 0;

  // The index of the last record added; 0 if there is none.
  virtual uint64_t last_index() const = 0;
  // The index of the last record that is written, and that is durable. Both only grow.
  virtual uint64_t written() const = 0;
  virtual uint64_t durable() const = 0;
  // False when there was no room on the disk for the next segment: what makes the state grow has to
  // be refused, so that what makes it shrink can still be written.
  virtual bool has_room() const = 0;
  // Whether a record of so many bytes that makes the state grow surely has room, after all that was
  // added. To be asked before it is added. Waits while that is not known: if records come faster
  // than the disk takes room for them.
  virtual bool has_room_for(uint64_t /*bytes*/) { return has_room(); }
  // The same of a record that gives room back, when the other answer was no. If this is false too,
  // the room that is left is needed for what time brings about, such as the ends of leases and
  // sessions: everything else that is recorded has to be refused.
  virtual bool has_reserve_for(uint64_t /*bytes*/) const { return true; }
};

}  // namespace coheld::journal
