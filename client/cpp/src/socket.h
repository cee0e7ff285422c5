// A stream socket, the addresses it connects to, and what a wait obeys. No HTTP.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/error.h"

namespace coheld::core {

using Clock = std::chrono::steady_clock;

// What ends a wait besides the event itself.
struct WaitLimits {
  std::optional<Clock::time_point> until;
  // Null, or asked when a signal came and every kInterruptPoll; true ends the wait.
  const std::function<bool()>* on_interrupt = nullptr;
};

// Why a wait ended.
enum class WaitEnd { kReady, kTimeout, kInterrupted };

inline constexpr std::chrono::milliseconds kInterruptPoll{250};

// Where a daemon listens.
class Address {
 public:
  // Takes "unix:/path", "host:port", "[v6]:port", and the latter two after "tls://". Throws
  // InvalidArgument.
  static Address Parse(const std::string& text);

  const std::string& text() const { return text_; }
  bool is_unix() const { return !path_.empty(); }
  bool has_tls() const { return tls_; }
  // Without brackets; empty for a Unix socket.
  const std::string& host() const { return host_; }
  // What HTTP calls the daemon.
  std::string authority() const;

  // Returns the socket addresses, resolving the host name now. Throws ConnectFailed.
  struct Resolved {
    sockaddr_storage storage{};
    socklen_t length = 0;
  };
  std::vector<Resolved> Resolve() const;

 private:
  std::string text_;
  std::string path_;
  std::string host_;
  std::string port_;
  bool tls_ = false;
};

// Owns a descriptor. In a child process the descriptor of a parent's Socket is already closed, and
// is left alone.
class Socket {
 public:
  Socket() = default;
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  // Connects to the first of the addresses that answers. Throws ConnectFailed, Interrupted.
  static Socket Connect(const std::vector<Address::Resolved>& addresses, const std::string& text,
                        const WaitLimits& limits);

  // Sends what the kernel takes at once and returns how much, 0 if it takes nothing now; nothing
  // when the connection is broken (errno tells why).
  std::optional<size_t> Send(std::string_view bytes);

  // Receives what is there: nothing now (0), or nothing ever again (no value; errno is 0 at the
  // end).
  std::optional<size_t> Receive(char* buffer, size_t size) const;

  // Waits until bytes came and receives them, with one system call where nothing but a signal
  // limits the wait. Sets `received` to what Receive returns if that is the end: kReady.
  WaitEnd WaitAndReceive(char* buffer, size_t size, const WaitLimits& limits,
                         std::optional<size_t>* received) const;

  // Waits until the socket is readable, or writable if that is asked for too.
  WaitEnd Wait(bool also_writable, const WaitLimits& limits) const;

  // True unless this process is a child of the one that made the socket.
  bool own() const;

 private:
  explicit Socket(int fd);
  void Close();
  // Makes recv wait, for kInterruptPoll at a time. What must not wait says so.
  void LetReceiveWait() const;
  std::optional<size_t> ReceiveWith(int flags, char* buffer, size_t size) const;
  // Waits for poll events.
  WaitEnd WaitFor(short events, const WaitLimits& limits) const;
  // Returns 0, or the errno of the failed connect; kInterrupted and kTimeout as EINTR and
  // ETIMEDOUT.
  int FinishConnect(const Address::Resolved& address, const WaitLimits& limits) const;

  int fd_ = -1;
  uint64_t generation_ = 0;
};

}  // namespace coheld::core
