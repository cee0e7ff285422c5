// The one clock of the daemon: CLOCK_BOOTTIME, which neither jumps nor stops while the host sleeps.
#pragma once

#include <ctime>

#include "server/engine/ids.h"

namespace coheld::dispatch {

inline engine::TimeMs Now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return engine::TimeMs{now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

}  // namespace coheld::dispatch
