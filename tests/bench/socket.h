// A client's socket: Unix or TCP, plain or TLS, without waiting once it is open.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "tests/bench/output.h"

namespace coheld::bench {

class Socket {
 public:
  virtual ~Socket() = default;

  virtual int fd() const = 0;
  // Reads what is there. Returns 0 at the end, and -1 with errno set, EAGAIN if there is nothing.
  // Reads less than there is only if fewer than kRoomMin bytes of room are left.
  virtual ssize_t Read(char* bytes, size_t bytes_max) = 0;
  // Sends from the front what the socket takes. False with errno set if it is broken.
  virtual bool Write(Output* output) = 0;

  static constexpr size_t kRoomMin = 16 * 1024 + 1;
};

struct SocketOptions {
  std::string target;   // "unix:/path" or "host:port".
  std::string ca_file;  // What the server's certificate is checked with; empty: no TLS.
};

// Connects, and makes the TLS handshake. Null, with the reason in *error, if that fails.
std::unique_ptr<Socket> Connect(const SocketOptions& options, std::string* error);

// The rest is for socket.cc and tls_socket.cc.

// Takes over a connected descriptor. Null, with the reason in *error, if the handshake fails.
std::unique_ptr<Socket> MakeTlsSocket(int fd, const std::string& ca_file, std::string* error);

}  // namespace coheld::bench
