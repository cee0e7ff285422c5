// See ready_sockets.h.
#include "server/transport/ready_sockets.h"

#include "proto/wire/check.h"

namespace coheld::transport {

ReadySockets::ReadySockets(asio::io_context& io) : epoll_(io) {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  COHELD_CHECK(descriptor >= 0);
  epoll_.assign(descriptor);
}

bool ReadySockets::Add(int descriptor, uint64_t token, uint32_t events) {
  return Control(EPOLL_CTL_ADD, descriptor, token, events);
}

void ReadySockets::Change(int descriptor, uint64_t token, uint32_t events) {
  COHELD_CHECK(Control(EPOLL_CTL_MOD, descriptor, token, events));  // It was added, and is open.
}

bool ReadySockets::Control(int operation, int descriptor, uint64_t token, uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = token}};
  return ::epoll_ctl(epoll_.native_handle(), operation, descriptor, &event) == 0;
}

std::span<const epoll_event> ReadySockets::Take() {
  const int count =
      ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
  return {events_.data(), static_cast<size_t>(count < 0 ? 0 : count)};
}

void ReadySockets::Cancel() {
  asio::error_code ignored;
  epoll_.cancel(ignored);
}

void ReadySockets::Close() {
  asio::error_code ignored;
  epoll_.close(ignored);
}

}  // namespace coheld::transport
