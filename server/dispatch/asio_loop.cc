// See asio_loop.h.
#include "server/dispatch/asio_loop.h"

#include <fcntl.h>

#include <asio/posix/stream_descriptor.hpp>

#include "server/dispatch/clock.h"

namespace coheld::dispatch {
namespace {

// Waits for a pidfd to become readable, which it does when its process ends.
class PidfdWatch : public EdgeLoop::Watch {
 public:
  PidfdWatch(asio::io_context& io, int fd, std::function<void()> gone) : descriptor_(io, fd) {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [gone = std::move(gone)](const asio::error_code& error) {
                             if (!error) gone();
                           });
  }

 private:
  asio::posix::stream_descriptor descriptor_;
};

}  // namespace

void AsioLoop::ArmTimer(engine::TimeMs when, std::function<void()> fire) {
  const auto ahead = static_cast<int64_t>(when) - static_cast<int64_t>(Now());
  timer_.expires_after(std::chrono::milliseconds(ahead < 0 ? 0 : ahead));
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
