// See asio_loop.h.
#include "server/dispatch/asio_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>

#include <ctime>
#include <memory>
#include <utility>

#include <asio/posix/stream_descriptor.hpp>

namespace coheld::dispatch {
namespace {

int64_t Milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

bool IsReadable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, 0) == 1;
}

// Waits for a pidfd to become readable, which it does when its process ends. Asio may complete a
// wait for nothing (an event of a closed socket whose descriptor state the pidfd got), and complete
// it just before the watch is destroyed.
class PidfdWait : public std::enable_shared_from_this<PidfdWait> {
 public:
  PidfdWait(asio::io_context& io, int fd, std::function<void()> gone)
      : descriptor_(io, fd), gone_(std::move(gone)) {}

  void Start() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const asio::error_code& error) {
                             if (!error && self->gone_) self->OnEvent();
                           });
  }
  void Stop() {
    gone_ = nullptr;
    asio::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  void OnEvent() {
    if (!IsReadable(descriptor_.native_handle())) return Start();
    const std::function<void()> gone = std::exchange(gone_, nullptr);
    gone();
  }

  asio::posix::stream_descriptor descriptor_;
  std::function<void()> gone_;  // Empty: the watch is over.
};

class PidfdWatch : public EdgeLoop::Watch {
 public:
  PidfdWatch(asio::io_context& io, int fd, std::function<void()> gone)
      : wait_(std::make_shared<PidfdWait>(io, fd, std::move(gone))) {
    wait_->Start();
  }
  ~PidfdWatch() override { wait_->Stop(); }

 private:
  const std::shared_ptr<PidfdWait> wait_;  // Between the watch and its handler in the loop.
};

}  // namespace

AsioLoop::AsioLoop(asio::io_context& io)
    : io_(io), ahead_ms_(Milliseconds(CLOCK_REALTIME) - Milliseconds(CLOCK_BOOTTIME)), timer_(io) {}

void AsioLoop::Run(std::chrono::microseconds longest_spin) {
  wire::SpinPolicy policy(wire::MayUseManyCpus() ? longest_spin : std::chrono::microseconds(0));
  runs_ = true;
  while (!io_.stopped()) {
    if (Poll() > 0 || io_.stopped() || Spin(policy)) continue;
    OnTurnEnd();
    io_.run_one();
  }
  runs_ = false;
}

size_t AsioLoop::Poll() {
  OnTurnEnd();
  return io_.poll();
}

bool AsioLoop::Spin(wire::SpinPolicy& policy) {
  using Clock = std::chrono::steady_clock;
  for (policy.Begin(Clock::now()); policy.looking();) {
    sched_yield();
    const Clock::time_point back = Clock::now();
    const bool found = Poll() > 0;
    policy.Looked(back, found);
    if (found) return true;
  }
  return false;
}

void AsioLoop::StartClockAt(engine::TimeMs time) {
  if (Now() < time) ahead_ms_ += static_cast<int64_t>(engine::Elapsed(Now(), time));
}

engine::TimeMs AsioLoop::Now() const {
  if (runs_ && turn_time_) return *turn_time_;
  turn_time_ = engine::TimeMs{Milliseconds(CLOCK_BOOTTIME) + ahead_ms_};
  return *turn_time_;
}

void AsioLoop::ArmTimer(engine::TimeMs when, std::function<void()> fire) {
  const auto ahead = static_cast<int64_t>(when) - static_cast<int64_t>(Now());
  // One more, because Now() cut the milliseconds when the deadline was made: never too early.
  timer_.expires_after(std::chrono::milliseconds(ahead < 0 ? 0 : ahead + 1));
  timer_.async_wait([fire = std::move(fire)](const asio::error_code& error) {
    if (!error) fire();
  });
}

std::unique_ptr<EdgeLoop::Watch> AsioLoop::WatchProcess(int pidfd, std::function<void()> gone) {
  const int fd = fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  return std::make_unique<PidfdWatch>(io_, fd, std::move(gone));
}

}  // namespace coheld::dispatch
