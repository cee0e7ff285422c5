// One accepted socket and its GrpcSession: reads, writes, backpressure, deadlines. The same code
// for Unix and TCP sockets; with TLS a wire::TlsStream stands between the session and the socket.
// Internal to the listener.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/wire/tls_stream.h"
#include "server/transport/connection.h"
#include "server/transport/listener.h"
#include "server/transport/output.h"

namespace coheld::transport {

class SocketConnection;

// Plain bytes of a connection with TLS on their way: buffers for use within one call.
struct PlainBytes {
  std::string in;  // Its size is what one read may decrypt.
  std::string out;
};

// What a connection needs of the listener that owns it. Outlives the connection's open life.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Calls the connection's OnReady when its socket is ready for one of these epoll events, until
  // this is called with others.
  virtual void Watch(SocketConnection& connection, uint32_t events) = 0;
  // Calls the connection's FinishTurn at the end of this turn of the event loop.
  virtual void ScheduleTurnEnd(SocketConnection& connection) = 0;
  // Calls the connection's OnRelease when held output may leave that could not before.
  virtual void AwaitRelease(SocketConnection& connection) = 0;
  // As Acceptor::Passed, when it was last asked.
  const OutputMark& passed() const { return passed_; }
  // The connection is closed; forgets it.
  virtual void Forget(ConnectionId id) = 0;
  // A large buffer that any connection may use within one call.
  virtual std::string& scratch() = 0;
  // The same, for connections with TLS.
  virtual PlainBytes& plain_bytes() = 0;
  // True if a handshake may go on now; else its bytes wait in the kernel for the next turn.
  virtual bool MayShakeHands() = 0;
  // TLS ended with an error; logs it, unless there are many.
  virtual void NoteTlsFailure(const Peer& peer, const std::string& error) = 0;

 protected:
  OutputMark passed_;
};

// A connection from accept to close. Shared, because it may close itself, and so leave the
// listener's table, within its own calls.
class SocketConnection : public Connection, public std::enable_shared_from_this<SocketConnection> {
 public:
  // What the owner watches the socket for from the start.
  static constexpr uint32_t kWatchedAtFirst = EPOLLIN;

  // Owns the descriptor, which is non-blocking. `tls` is null for a connection without.
  SocketConnection(int descriptor, Peer peer, const TransportLimits& limits, ConnectionOwner& owner,
                   std::unique_ptr<wire::TlsStream> tls);
  ~SocketConnection() override;

  // Makes the handler, sends SETTINGS and begins to read.
  void Start(Acceptor& acceptor, uint64_t now_ms);
  // Reads or writes, as the epoll events say.
  void OnReady(uint32_t events);
  // Looks at the deadlines. To be called regularly.
  void Sweep(uint64_t now_ms);
  // Writes what is queued, or closes if Drop was called.
  void FinishTurn();
  // Looks again whether what is held back may leave.
  void OnRelease();
  // Begins the two-step GOAWAY: the second step follows when the peer answered a ping, or at
  // `finish_ms` of the clock that Sweep is told.
  void Drain(uint64_t finish_ms);
  // Closes at once, without a log line.
  void Close();

  int descriptor() const { return descriptor_; }

  const Peer& peer() const override { return peer_; }
  GrpcSession& session() override { return *session_; }
  void RequestFlush() override;
  void HoldOutput(const OutputMark& mark) override { queued_mark_.Raise(mark); }
  void HoldInput(bool hold) override;
  void LimitSilence(uint64_t silence_ms) override;
  uint64_t silent_ms() const override { return silent_ms_; }
  void Drop(std::string_view why) override;

 private:
  void OnReadable();
  void OnWritable();
  // Decrypts; OnBytes gets the rest.
  void OnCipher(std::string_view cipher);
  void OnBytes(std::string_view bytes);
  bool Take(std::string_view bytes);
  // Tells the owner what the socket has to be watched for, if that changed.
  void UpdateWatch();
  void Flush();
  // Gets the next bytes for the socket into out_, which is empty.
  void Refill();
  void Encrypt();
  // False if out_ is held back.
  bool MayLeave();
  // Writes out_; false if the socket is full or gone.
  bool Transmit();
  // One system call of Transmit's.
  ssize_t SendSome();
  void ReadOrRest();
  bool OutputFull() const;
  size_t QueuedBytes() const { return session_->queued_bytes() + out_.size(); }
  // Closes for our direction and waits shortly for the peer's end, so that the last bytes arrive.
  void Linger();
  void FinishDrain();
  // Asks the kernel how long the peer's host has been silent, and drops one that is gone.
  void CheckSilence(uint64_t now_ms);

  int descriptor_;
  Peer peer_;
  const TransportLimits& limits_;
  ConnectionOwner& owner_;
  std::unique_ptr<CallHandler> handler_;
  std::unique_ptr<GrpcSession> session_;
  const std::unique_ptr<wire::TlsStream> tls_;  // Null: what is sent is plain.
  Output out_;
  OutputMark queued_mark_;  // What the newest output in the session waits for.
  OutputMark out_mark_;     // What out_ waits for.
  std::string drop_reason_;
  uint64_t started_ms_ = 0;
  uint64_t last_read_ms_ = 0;
  uint64_t last_progress_ms_ = 0;
  uint64_t finish_drain_ms_ = 0;  // 0: not draining, or the second GOAWAY is out.
  uint64_t linger_until_ms_ = 0;
  uint64_t silence_ms_max_ = 0;  // 0: no matter.
  uint64_t ask_silence_ms_ = 0;
  uint64_t silent_ms_ = 0;  // When it was dropped for that.
  bool read_since_sweep_ = false;
  bool gave_back_ = false;  // Since it was read last.
  bool progress_since_sweep_ = false;
  uint32_t watched_ = kWatchedAtFirst;
  bool input_held_ = false;
  bool reads_ = true;  // False while the peer must read first.
  bool writable_awaited_ = false;
  bool release_awaited_ = false;
  bool turn_end_scheduled_ = false;
  bool in_turn_ = false;  // Inside our own OnBytes: it schedules a flush.
  bool broken_ = false;   // The session refuses to read on.
  bool lingering_ = false;
  bool closed_ = false;
};

}  // namespace coheld::transport
