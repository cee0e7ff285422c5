// See busy_machine.h.
#include "proto/wire/busy_machine.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>

namespace coheld::wire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration kCheckEvery = std::chrono::milliseconds(100);
// One that looks, one that it looks for, and as many again in the midst of what they do.
constexpr size_t kRunnablePerCpu = 2;

// Costs some microseconds.
size_t RunnableNow() {
  const int file = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text{};
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  return size > 0 ? RunnableIn({text.data(), static_cast<size_t>(size)}) : 0;
}

size_t Cpus() {
  static const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  return cpus > 0 ? static_cast<size_t>(cpus) : 1;
}

}  // namespace

size_t RunnableIn(std::string_view loadavg) {
  const size_t slash = loadavg.find('/');
  if (slash == std::string_view::npos) return 0;
  const size_t start = loadavg.rfind(' ', slash) + 1;  // 0 where there is no space.
  size_t runnable = 0;
  std::from_chars(loadavg.data() + start, loadavg.data() + slash, runnable);
  return runnable;
}

bool MachineIsBusy(Clock::time_point now) {
  static std::atomic<Clock::rep> next_check{0};
  static std::atomic<bool> busy{false};
  const Clock::rep ticks = now.time_since_epoch().count();
  Clock::rep due = next_check.load(std::memory_order_relaxed);
  const Clock::rep following = ticks + kCheckEvery.count();
  if (ticks >= due && next_check.compare_exchange_strong(due, following)) {
    busy.store(RunnableNow() > kRunnablePerCpu * Cpus(), std::memory_order_relaxed);
  }
  return busy.load(std::memory_order_relaxed);
}

}  // namespace coheld::wire
