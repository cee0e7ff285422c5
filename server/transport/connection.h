// What the layers above see of a connection: who the peer is, and how to send to it. The sockets
// behind it are listener.h's.
#pragma once

#include <sys/types.h>

#include <algorithm>
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

// How far a log of records has to be before output may leave that tells of them: written, and
// durable, up to these indices. 0 is nothing to wait for.
struct OutputMark {
  uint64_t written = 0;
  uint64_t durable = 0;

  bool empty() const { return written == 0 && durable == 0; }
  bool IsWithin(const OutputMark& reached) const {
    return written <= reached.written && durable <= reached.durable;
  }
  void Raise(const OutputMark& other) {
    written = std::max(written, other.written);
    durable = std::max(durable, other.durable);
  }
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
  // Holds back what is queued, and all that follows it, until Acceptor::Passed is as far as this.
  // What left the session before is not concerned.
  virtual void HoldOutput(const OutputMark& /*mark*/) {}
  // Stops reading, or goes on, apart from what was read and is still handed up.
  virtual void HoldInput(bool /*hold*/) {}
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
  // All input of a turn of the loop was handled: now its output goes out.
  virtual void OnTurnEnd() {}
  // Up to where output that was held back may leave. Whoever owns the connections is told when it
  // may have changed, and else asks after OnTurnEnd.
  virtual OutputMark Passed() const { return {.written = UINT64_MAX, .durable = UINT64_MAX}; }
};

}  // namespace coheld::transport
