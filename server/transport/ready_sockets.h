// An epoll for the connections' sockets, nested in Asio's loop. Asio's own asynchronous reads cost
// every op one more system call (a read that finds nothing, before it waits) and tell of one socket
// at a time; here a turn takes all sockets that are ready. Level-triggered.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

namespace coheld::transport {

class ReadySockets {
 public:
  // Ends the process if the kernel has no epoll to give: nothing can be served without.
  explicit ReadySockets(asio::io_context& io);

  // Watches a socket for these epoll events, until it is closed. `token` comes back with them.
  // False (errno says why) if the kernel has no room for it.
  bool Add(int descriptor, uint64_t token, uint32_t events);
  // Watches a socket that was added for other events.
  void Change(int descriptor, uint64_t token, uint32_t events);
  // Calls `handler(error)` once when Take would give something.
  template <typename Handler>
  void Await(Handler handler) {
    epoll_.async_wait(asio::posix::stream_descriptor::wait_read, std::move(handler));
  }
  // Returns sockets that are ready now, perhaps none; valid until the next call.
  std::span<const epoll_event> Take();
  // Makes Await's handler be called with an error.
  void Cancel();
  // Watches nothing any more, and cancels.
  void Close();

 private:
  bool Control(int operation, int descriptor, uint64_t token, uint32_t events);

  asio::posix::stream_descriptor epoll_;
  std::array<epoll_event, 128> events_;
};

}  // namespace coheld::transport
