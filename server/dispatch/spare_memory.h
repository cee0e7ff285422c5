// Gives the system back what the daemon freed. malloc keeps freed memory that is not at the heap's
// very end, so that a daemon which once held much would look as large for ever.
#pragma once

#include <cstddef>

#include "server/engine/ids.h"

namespace coheld::dispatch {

class SpareMemory {
 public:
  // Tells that ops were applied: something may be free a little later.
  void NoteWork(engine::TimeMs now) {
    worked_ = true;
    if (due_ == engine::kNever) due_ = engine::After(now, kDelayMs);
  }
  // When ReturnIfDue has something to look at, or kNever: an idle daemon is not woken for it.
  engine::TimeMs due() const { return due_; }
  // Returns free memory if it has become much, compared with what is in use: the cost, which grows
  // with the heap, is spread over the ops that freed it. When no op has come since the last look,
  // the cost delays nobody, and little is worth it.
  void ReturnIfDue(engine::TimeMs now);

 private:
  static constexpr uint64_t kDelayMs = 2'000;
  static constexpr size_t kWorthBytes = size_t{16} << 20;
  static constexpr size_t kWorthBytesIdle = size_t{1} << 20;

  bool worked_ = false;  // Since the last look.
  engine::TimeMs due_ = engine::kNever;
  size_t kept_bytes_ = 0;  // Free bytes that malloc still counts, although they were given back.
};

}  // namespace coheld::dispatch
