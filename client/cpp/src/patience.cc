// See patience.h.
#include "client/cpp/src/patience.h"

#include <algorithm>

namespace coheld::core {

Patience::TimePoint Patience::Until(TimePoint now) {
  if (!give_up_) give_up_ = now + longest_;
  return end_ ? std::min(*give_up_, *end_) : *give_up_;
}

Patience::TimePoint Patience::TryUntil(TimePoint now) {
  const TimePoint until = Until(now);
  return many_ ? std::min(until, now + std::max<Duration>(kTry, longest_ / 4)) : until;
}

void Patience::Lost(Duration lasted) {
  if (lasted < kSteady) return;
  give_up_.reset();
  pauses_ = 0;
}

// The first try after trouble began is made at once.
std::optional<Patience::Duration> Patience::Pause(TimePoint now, double dice) {
  const TimePoint until = Until(now);
  if (!many_) return std::nullopt;
  Duration pause{0};
  if (pauses_ > 0) {
    const Duration longest =
        std::min<Duration>(kLongestPause, kFirstPause * (1 << std::min(pauses_ - 1, 10)));
    pause = std::chrono::duration_cast<Duration>(longest * (0.5 + dice / 2));
  }
  ++pauses_;
  if (now + pause >= until) return std::nullopt;
  return pause;
}

}  // namespace coheld::core
