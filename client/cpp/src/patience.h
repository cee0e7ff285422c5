// How long a call goes on trying to reach its daemon, and how long it waits between two tries.
// Pure: the caller tells the time and throws the dice.
#pragma once

#include <chrono>
#include <optional>

namespace coheld::core {

// For one call.
class Patience {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // A connection that lasted this long was a good one: after it patience begins anew.
  static constexpr std::chrono::seconds kSteady{1};
  static constexpr std::chrono::milliseconds kFirstPause{2};
  static constexpr std::chrono::milliseconds kLongestPause{500};
  // One of many tries takes a quarter of the time at most, but may take this long.
  static constexpr std::chrono::seconds kTry{1};

  // Trouble may last `longest`, but not beyond `end`. `many`: whether there is more than one try
  // also before somebody was met.
  Patience(Duration longest, std::optional<TimePoint> end, bool many)
      : longest_(longest), end_(end), many_(many) {}

  // Takes that somebody listens there, who only could not be talked to: that passes.
  void Met() { many_ = true; }

  // Returns until when connecting may take; trouble begins with the first such question.
  TimePoint Until(TimePoint now);

  // Returns until when one try may take: a peer that accepts and says nothing must not take all the
  // time there is.
  TimePoint TryUntil(TimePoint now);

  // Takes that a connection broke, or was of no use, after so long.
  void Lost(Duration lasted);

  // Returns how long to wait before the next try; nothing if it is time to give up. `dice` in
  // [0, 1) spreads the tries of many clients.
  std::optional<Duration> Pause(TimePoint now, double dice);

 private:
  Duration longest_;
  std::optional<TimePoint> end_;
  bool many_;
  std::optional<TimePoint> give_up_;
  int pauses_ = 0;
};

}  // namespace coheld::core
