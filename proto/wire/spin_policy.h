// Decides how long a wait, for a reply or for the next op, looks for it before it sleeps. Pure: the
// caller does the looking and tells the time.
//
// Waking a sleeping thread costs more than most ops, tens of microseconds in a virtual machine. So
// a wait first looks, giving the core to whoever wants it between two looks. Where that fails, for
// nothing comes soon or the machine is busy, the next waits sleep at once for a time that grows
// with each failure in a row, so that looking in vain takes a thousandth of the time in the end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace coheld::wire {

// For one channel, or one loop; used by one thread at a time.
class SpinPolicy {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // The pause after a failure is at most this often what the failure took ...
  static constexpr int64_t kPauseFactorMax = 1024;
  // ... and at most this.
  static constexpr std::chrono::milliseconds kPauseMax{500};
  // A look that took this long met a program that uses its core to the full: the pause is at least
  // kStolenFactor times as long.
  static constexpr std::chrono::milliseconds kStolen{1};
  static constexpr int64_t kStolenFactor = 64;

  // `longest`: how long one wait may look; 0: never.
  explicit SpinPolicy(Duration longest) : longest_(longest) {}

  // Returns how long a wait that begins now may look, or 0.
  Duration Allowed(TimePoint now) const { return now < pause_until_ ? Duration(0) : longest_; }

  // Takes how a look went. One that took longer than allowed gave its core to somebody else, which
  // is a failure even if what it waited for had come meanwhile.
  void Looked(TimePoint begin, TimePoint end, bool answered) {
    const Duration took = end - begin;
    if (answered && took <= longest_) {
      pause_factor_ = std::max<int64_t>(1, pause_factor_ / 2);
      return;
    }
    if (took >= kStolen) pause_factor_ = std::max(pause_factor_, kStolenFactor);
    pause_until_ = end + std::min<Duration>(kPauseMax, took * pause_factor_);
    pause_factor_ = std::min(kPauseFactorMax, pause_factor_ * 2);
  }

 private:
  Duration longest_;
  TimePoint pause_until_{};
  int64_t pause_factor_ = 1;
};

// Looking is in vain where whoever would answer needs the same CPU: false if the process may use
// one only.
bool MayUseManyCpus();

}  // namespace coheld::wire
