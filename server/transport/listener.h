// The sockets: accepts on Unix and TCP addresses with Asio and runs a GrpcSession over each
// connection, with keepalive, write deadlines, and limits. One thread: the io_context's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "server/transport/connection.h"
#include "server/transport/tls_identity.h"

namespace coheld::transport {

// Limits and intervals of all connections. server/config fills it.
struct TransportLimits {
  SessionLimits session;
  size_t connections_max = 10000;       // More are accepted and closed at once, with a log line.
  size_t queued_bytes_max = 8 << 20;    // A connection with more queued output is not read from ...
  uint32_t write_stall_ms_max = 30000;  // ... and dropped when its peer reads nothing for so long.
  uint32_t handshake_ms_max = 5000;     // From accept to the client's SETTINGS.
  uint32_t keepalive_interval_ms = 60000;  // PING after so much silence (0: never) ...
  uint32_t keepalive_timeout_ms =
      20000;  // ... and TCP peers that acknowledge no bytes are dropped.
};

// All listening sockets and their connections.
class Listener {
 public:
  Listener(asio::io_context& io, const TransportLimits& limits, Acceptor& acceptor);
  ~Listener();

  // All TCP connections of listening sockets that are opened from now on are made with TLS. The
  // identity was loaded, and outlives the listener.
  void UseTls(const TlsIdentity& identity);

  // Binds "unix:/path" or "host:port" (port 0: any; "[::1]:0" for IPv6). Returns the address with
  // the real port, or an error in *error. A stale Unix socket file (nobody answers) is replaced; a
  // live one is an error, and so is a port that is taken, after OpenListeningSocket's second. The
  // file is removed at the end.
  bool Listen(const std::string& address, std::string* bound, std::string* error);
  // Shares what this listens on from then on with other listeners, each on a thread of its own. To
  // be called before Listen and before any of them runs. The connections of a TCP port are divided
  // by the kernel; those of a Unix socket are handed out in turns: `hand_over` is called for each
  // that is another listener's, by its place in the list from 1, and has Adopt called there.
  struct Handed {
    int descriptor = -1;  // Whoever has it closes it.
    std::string address;
  };
  using HandOver = std::function<void(size_t listener, Handed connection)>;
  void ShareWith(std::vector<Listener*> others, HandOver hand_over);
  // Takes a connection of a Unix socket that another listener accepted.
  void Adopt(const Handed& connection);

  // Stops accepting and drains every connection (two-step GOAWAY); `done` is called when the last
  // is closed or `grace_ms` passed.
  void Drain(uint32_t grace_ms, std::function<void()> done);

  // Lets out what connections hold back, as far as the acceptor says now that it may leave. To be
  // called when that may have changed.
  void Release();

  size_t connections() const;

 private:
  class State;
  std::shared_ptr<State> state_;  // Shared with its own pending timers and waits.
};

}  // namespace coheld::transport
