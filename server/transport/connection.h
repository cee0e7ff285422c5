// What the layers above see of a connection: who the peer is, and how to send to it. The sockets
// behind it are listener.h's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "server/transport/grpc_session.h"

namespace coheld::transport {

// A connection, never reused.
enum class ConnectionId : uint64_t {};

// Who is at the other end.
struct Peer {
  ConnectionId id{};
  std::string address;  // "unix:/run/coheld.sock" or "127.0.0.1:40112".
  bool unix_socket = false;
  // Unix sockets only: the peer's process and user as the kernel tells them; -1 if it does not.
  pid_t pid = -1;
  uid_t uid = static_cast<uid_t>(-1);
  // Unix sockets only: becomes readable when that process ends; -1 if not known. Owned by the
  // connection; dup it to keep it.
  int pidfd = -1;
};

// An open connection. Everything sent on it is flushed once at the end of the event loop's turn.
// All calls from the loop's thread.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual const Peer& peer() const = 0;
  virtual GrpcSession& session() = 0;
  // To call after queueing output outside of the handler's own calls.
  virtual void RequestFlush() = 0;
  // Drops the connection soon after the host at the other end has acknowledged nothing for so long,
  // though its kernel was asked: it is gone, or the network is. Whether its program does anything
  // is no matter. Of several calls the shortest counts; about a second is the grain. Not for Unix
  // sockets.
  virtual void LimitSilence(uint64_t /*silence_ms*/) {}
  // How long that host had been silent when the connection was dropped for it, else 0.
  virtual uint64_t silent_ms() const { return 0; }
  // Drops the connection; `why` is logged.
  virtual void Drop(std::string_view why) = 0;
};

// Makes the handler of each new connection, and owns what they share.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // The connection outlives the handler. The handler's destructor is the news that the connection
  // is closed: its calls end there, without OnAbort.
  virtual std::unique_ptr<CallHandler> OnConnection(Connection& connection) = 0;
};

}  // namespace coheld::transport
