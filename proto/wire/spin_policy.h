// Decides how long a wait, for a reply or for the next op, looks for it before it sleeps. Pure: the
// caller does the looking and tells the time.
//
// Waking a sleeping thread costs more than most ops, tens of microseconds in a virtual machine. So
// a wait first looks, giving the core to whoever wants it before each look. Where clients and
// daemon take turns in that way nobody has to be woken. Where it fails, for nothing comes soon or
// whoever got the core uses it to the full, the next waits sleep at once for a time that grows with
// each failure in a row, so that looking in vain takes a thousandth of the time in the end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace coheld::wire {

// For one channel, or one loop; used by one thread at a time:
//
//   for (policy.Begin(now()); policy.looking();) {
//     sched_yield();
//     const TimePoint back = now();
//     const bool found = look();
//     policy.Looked(back, found);
//   }
class SpinPolicy {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // The pause after a failure is at most this often what the failure took ...
  static constexpr int64_t kPauseFactorMax = 1024;
  // ... and at most this.
  static constexpr std::chrono::milliseconds kPauseMax{500};
  // No look takes longer by itself: the rest was the turn of somebody else who wanted the core.
  static constexpr std::chrono::microseconds kLook{2};
  // One that took this long met a program that uses its core to the full: the pause is at least
  // kStolenFactor times as long. No wait looks for longer in all.
  static constexpr std::chrono::milliseconds kStolen{1};
  static constexpr int64_t kStolenFactor = 64;

  // `longest`: how long one wait may look, without the turns of others; 0: never.
  explicit SpinPolicy(Duration longest) : longest_(longest) {}

  // Begins a wait, which may look for so much longer, as what it waits for is many things, and
  // which ends at `until`: no look begins after it.
  void Begin(TimePoint now, Duration more = Duration(0), TimePoint until = TimePoint::max()) {
    begin_ = last_ = now;
    end_ = std::min(now + kStolen, until);
    const bool may_look = now >= pause_until_ && longest_ > Duration(0) && now < end_;
    left_ = may_look ? longest_ + more : Duration(0);
  }
  // Returns whether the wait is to look, or to look once more.
  bool looking() const { return left_ > Duration(0); }

  // Takes how a look went, for which the core came back at `back`. One that lost it for long is a
  // failure even if what it looked for had come meanwhile.
  void Looked(TimePoint back, bool found) {
    const Duration took = back - last_;
    last_ = back;
    if (took >= kStolen) {
      pause_factor_ = std::max(pause_factor_, kStolenFactor);
      return Fail();
    }
    if (found) {
      pause_factor_ = std::max<int64_t>(1, pause_factor_ / 2);
      left_ = Duration(0);
      return;
    }
    left_ -= std::min<Duration>(took, kLook);
    if (!looking() || back >= end_) Fail();
  }

 private:
  void Fail() {
    left_ = Duration(0);
    pause_until_ = last_ + std::min<Duration>(kPauseMax, (last_ - begin_) * pause_factor_);
    pause_factor_ = std::min(kPauseFactorMax, pause_factor_ * 2);
  }

  Duration longest_;
  TimePoint begin_{};  // Of this wait.
  TimePoint end_{};    // When it looks no more, at the latest.
  TimePoint last_{};   // When it last had the core back.
  Duration left_{0};   // What it may still look.
  TimePoint pause_until_{};
  int64_t pause_factor_ = 1;
};

// Looking is in vain where whoever would answer needs the same CPU: false if the process may use
// one only.
bool MayUseManyCpus();

}  // namespace coheld::wire
