// Logs how a recovery goes: each second while it runs, and how long and how much it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "server/recovery/recovery.h"

namespace coheld::recovery {

class RecoveryLog {
 public:
  // It begins now.
  explicit RecoveryLog(std::string folder);

  // As Progress wants it.
  void Note(const Report& report);
  // It ended well.
  void Finish(const Report& report);
  uint64_t elapsed_ms() const;

 private:
  using Clock = std::chrono::steady_clock;

  const std::string folder_;
  const Clock::time_point began_ = Clock::now();
  Clock::time_point noted_ = began_;
};

}  // namespace coheld::recovery
