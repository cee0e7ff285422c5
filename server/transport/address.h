// Addresses in text: "unix:/path" and "host:port", to listening sockets and back. Blocking name
// look-up; used at start only.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace coheld::transport {

// A bound, listening, non-blocking socket.
struct ListeningSocket {
  int descriptor = -1;    // Owned by whoever asked.
  int family = 0;         // AF_UNIX, AF_INET or AF_INET6.
  std::string address;    // With the real port.
  std::string unix_path;  // Empty for TCP.
};

// Binds and listens; false with a message in *error. A Unix socket file that nobody answers on is
// replaced. An address that is taken is waited for, for a second or until a signal comes. `shared`:
// a TCP port may be bound by several sockets of this user (SO_REUSEPORT), among which the kernel
// divides the connections.
bool OpenListeningSocket(const std::string& address, bool shared, ListeningSocket* socket,
                         std::string* error);

// True if an address that was bound is reached from this host only: a Unix socket or a loopback
// address.
bool StaysOnHost(std::string_view address);

// Returns the numeric "host:port" or "[host]:port".
std::string FormatInternetAddress(const sockaddr_storage& address);

}  // namespace coheld::transport
