// See listener.h. State owns the listening sockets, the connections, one timer for all deadlines,
// and the list of connections that have something to do at the end of the loop's turn.
//
// The connections' sockets share an epoll of their own, which Asio waits for: all that are ready
// are read, and then all that have replies are written, with two system calls for each and no
// other.
#include "server/transport/listener.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "server/transport/address.h"
#include "server/transport/ready_sockets.h"
#include "server/transport/socket_connection.h"
#include "server/transport/socket_options.h"

namespace coheld::transport {
namespace {

constexpr size_t kScratchBytes = 256 << 10;
constexpr int kAcceptsPerTurn = 64;
constexpr int kPollsPerTurn = 8;  // Then Asio's timers and listening sockets have their turn.
constexpr uint64_t kAcceptPauseMs = 100;
constexpr uint64_t kSweepMsMax = 250;
constexpr uint64_t kSweepMsMin = 5;
constexpr uint64_t kDrainSweepMs = 20;  // A drain waits for answers that take no time.
constexpr uint32_t kDrainPingMsMax = 500;
// A handshake takes as long as a hundred ops, which should not wait for many of them.
constexpr int kHandshakesPerPoll = 4;
constexpr uint64_t kTlsFailuresLoggedMax = 10;  // In a second; the next line tells of the others.

uint64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

uint64_t SweepInterval(const TransportLimits& limits) {
  uint64_t shortest = std::min(limits.write_stall_ms_max, limits.handshake_ms_max);
  if (limits.keepalive_interval_ms > 0) {
    shortest = std::min<uint64_t>(shortest, limits.keepalive_interval_ms);
  }
  return std::clamp<uint64_t>(shortest / 4, kSweepMsMin, kSweepMsMax);
}

}  // namespace

class Listener::State : public ConnectionOwner, public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& io, const TransportLimits& limits, Acceptor& acceptor)
      : io_(io),
        limits_(limits),
        connections_max_(ConnectionsAffordable(limits.connections_max)),
        acceptor_(acceptor),
        ready_sockets_(io),
        sweep_timer_(io),
        resume_timer_(io),
        drain_timer_(io),
        scratch_(kScratchBytes, '\0') {
    limits_.session.queued_bytes_max = limits_.queued_bytes_max;
  }

  void UseTls(const TlsIdentity& identity);
  bool Listen(const std::string& address, std::string* bound, std::string* error);
  void ShareWith(std::vector<Listener*> others, HandOver hand_over);
  void Adopt(const Handed& connection);
  void Drain(uint32_t grace_ms, std::function<void()> done);
  void Close();
  void Release();
  size_t connections() const { return connections_.size(); }

  void Watch(SocketConnection& connection, uint32_t events) override;
  void ScheduleTurnEnd(SocketConnection& connection) override;
  void AwaitRelease(SocketConnection& connection) override;
  void Forget(ConnectionId id) override;
  std::string& scratch() override { return scratch_; }
  PlainBytes& plain_bytes() override { return plain_bytes_; }
  bool MayShakeHands() override { return handshakes_ > 0 && handshakes_-- > 0; }
  void NoteTlsFailure(const Peer& peer, const std::string& error) override;

 private:
  // A listening socket; the file of a Unix socket is removed with it if it is still ours.
  struct Door {
    explicit Door(asio::io_context& io) : descriptor(io) {}
    asio::posix::stream_descriptor descriptor;
    int family = 0;
    std::string address;
    std::string unix_path;
    ino_t unix_inode = 0;
    bool waiting = false;
  };

  // Opens a door. `shared`: others may open it, too.
  bool Open(const std::string& address, bool shared, std::string* bound, std::string* error);
  // Hands a connection over if it is another listener's turn.
  bool HandsOver(int descriptor, const Door& door);
  void AwaitConnection(Door& door);
  void AcceptSome(Door& door);
  // False if accepting must pause or nothing waits.
  bool AcceptOne(Door& door);
  void PauseAccepting(int error_number);
  void ResumeAccepting();
  // `name` is null for a Unix socket.
  void Admit(int descriptor, const std::string& address, const sockaddr_storage* name);
  void CloseDoors();
  void AwaitSockets();
  void PollSockets();
  void OnReady(ConnectionId id, uint32_t events);
  void PostTurnEnd();
  void FinishTurn();
  void StartSweep();
  void Sweep();
  void TellDrained();

  asio::io_context& io_;
  TransportLimits limits_;
  const size_t connections_max_;
  Acceptor& acceptor_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::vector<Listener*> others_;  // That share the doors; empty if none does.
  HandOver hand_over_;
  size_t next_listener_ = 0;  // Whose turn it is: 0 is this one, the others from 1.
  ReadySockets ready_sockets_;
  std::unordered_map<ConnectionId, std::shared_ptr<SocketConnection>> connections_;
  std::vector<ConnectionId> turn_end_;
  std::vector<ConnectionId> turn_end_spare_;
  std::vector<ConnectionId> held_back_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer resume_timer_;
  asio::steady_timer drain_timer_;
  std::string scratch_;
  PlainBytes plain_bytes_;            // Empty without TLS.
  const TlsIdentity* tls_ = nullptr;  // Null: without TLS.
  int handshakes_ = 0;                // How many may go on in this turn.
  uint64_t tls_failures_ = 0;         // Not logged yet.
  uint64_t tls_failures_second_ = 0;
  uint64_t tls_failures_logged_ = 0;  // In that second.
  std::function<void()> drained_;
  uint64_t next_id_ = 1;
  bool turn_end_posted_ = false;
  bool polling_ = false;  // Inside PollSockets, which ends the turn itself.
  bool sockets_awaited_ = false;
  bool sweeping_ = false;
  bool accepting_paused_ = false;
  bool full_logged_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

void Listener::State::UseTls(const TlsIdentity& identity) {
  tls_ = &identity;
  // What one read of the socket gives, and the record that began before it.
  plain_bytes_.in.resize(kScratchBytes + 2 * wire::kTlsRecordBytes);
}

void Listener::State::NoteTlsFailure(const Peer& peer, const std::string& error) {
  ++tls_failures_;
  const uint64_t second = NowMs() / 1000;
  if (std::exchange(tls_failures_second_, second) != second) tls_failures_logged_ = 0;
  if (++tls_failures_logged_ > kTlsFailuresLoggedMax) return;
  spdlog::info("connection refused id={} peer={} reason=TLS failures={} error=\"{}\"",
               static_cast<uint64_t>(peer.id), peer.address, std::exchange(tls_failures_, 0),
               error);
}

void Listener::State::ShareWith(std::vector<Listener*> others, HandOver hand_over) {
  others_ = std::move(others);
  hand_over_ = std::move(hand_over);
}

bool Listener::State::Listen(const std::string& address, std::string* bound, std::string* error) {
  // Of sockets that may share a port none is told that another daemon of this user has it.
  if (!others_.empty() && !IsFree(address, error)) return false;
  if (!Open(address, !others_.empty(), bound, error)) return false;
  if (doors_.back()->family == AF_UNIX) return true;
  return std::all_of(others_.begin(), others_.end(), [&](Listener* other) {
    std::string same;
    return other->state_->Open(*bound, true, &same, error);
  });
}

bool Listener::State::Open(const std::string& address, bool shared, std::string* bound,
                           std::string* error) {
  ListeningSocket socket;
  if (!OpenListeningSocket(address, shared, &socket, error)) return false;
  auto door = std::make_unique<Door>(io_);
  door->descriptor.assign(socket.descriptor);
  door->family = socket.family;
  door->address = socket.address;
  door->unix_path = socket.unix_path;
  struct stat status {};
  if (!door->unix_path.empty() && ::lstat(door->unix_path.c_str(), &status) == 0) {
    door->unix_inode = status.st_ino;
  }
  *bound = door->address;
  AwaitConnection(*door);
  doors_.push_back(std::move(door));
  return true;
}

void Listener::State::AwaitConnection(Door& door) {
  if (door.waiting) return;
  door.waiting = true;
  door.descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                             [self = shared_from_this(), &door](const asio::error_code& error) {
                               // Without an error the door is still there: closing cancels.
                               if (self->closed_ || self->draining_ || error) return;
                               door.waiting = false;
                               self->AcceptSome(door);
                             });
}

void Listener::State::AcceptSome(Door& door) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!AcceptOne(door)) break;
  }
  if (!accepting_paused_) AwaitConnection(door);
}

bool Listener::State::AcceptOne(Door& door) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  const int descriptor =
      ::accept4(door.descriptor.native_handle(), reinterpret_cast<sockaddr*>(&name), &size,
                SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor >= 0) {
    if (HandsOver(descriptor, door)) return true;
    Admit(descriptor, door.address, door.family == AF_UNIX ? nullptr : &name);
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    PauseAccepting(errno);
    return false;
  }
  return true;  // That one connection failed (ECONNABORTED and the like); the next may not.
}

bool Listener::State::HandsOver(int descriptor, const Door& door) {
  if (others_.empty() || door.family != AF_UNIX) return false;
  const size_t turn = std::exchange(next_listener_, (next_listener_ + 1) % (others_.size() + 1));
  if (turn == 0) return false;
  hand_over_(turn, {.descriptor = descriptor, .address = door.address});
  return true;
}

void Listener::State::Adopt(const Handed& connection) {
  if (draining_ || closed_) {
    ::close(connection.descriptor);
    return;
  }
  Admit(connection.descriptor, connection.address, nullptr);
}

// Out of descriptors: those that knock wait in the kernel's queue until some are free again.
// Retrying at once would only burn the processor.
void Listener::State::PauseAccepting(int error_number) {
  if (accepting_paused_) return;
  accepting_paused_ = true;
  spdlog::warn("accepting paused connections={} error=\"{}\" hint=\"raise the descriptor limit\"",
               connections_.size(), std::strerror(error_number));
  resume_timer_.expires_after(std::chrono::milliseconds(kAcceptPauseMs));
  resume_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (!error && !self->closed_ && !self->draining_) self->ResumeAccepting();
  });
}

void Listener::State::ResumeAccepting() {
  accepting_paused_ = false;
  for (const auto& door : doors_) AwaitConnection(*door);
}

void Listener::State::Admit(int descriptor, const std::string& address,
                            const sockaddr_storage* name) {
  if (connections_.size() >= connections_max_) {
    ::close(descriptor);
    if (!std::exchange(full_logged_, true)) {
      spdlog::warn("connections refused connections_max={} hint=\"raise the limit\"",
                   connections_max_);
    }
    return;
  }
  if (!limits_.session.memory.AllowsEntry()) {
    ::close(descriptor);
    if (!std::exchange(full_logged_, true)) {
      spdlog::warn("connections refused memory_max={} hint=\"end some clients, or raise it\"",
                   limits_.session.memory.max);
    }
    return;
  }
  full_logged_ = false;
  if (!ready_sockets_.Add(descriptor, next_id_, SocketConnection::kWatchedAtFirst)) {
    spdlog::warn("connection refused error=\"{}\" hint=\"raise fs.epoll.max_user_watches\"",
                 std::strerror(errno));
    ::close(descriptor);
    return;
  }
  Peer peer;
  peer.id = ConnectionId{next_id_++};
  peer.unix_socket = name == nullptr;
  peer.address = peer.unix_socket ? address : FormatInternetAddress(*name);
  if (peer.unix_socket) {
    AskKernelWho(descriptor, &peer);
  } else {
    SetTcpOptions(descriptor, limits_);
  }
  std::unique_ptr<wire::TlsStream> tls;
  if (tls_ != nullptr && !peer.unix_socket) {
    tls = std::make_unique<wire::TlsStream>(*tls_->current());
  }
  const auto connection = std::make_shared<SocketConnection>(descriptor, std::move(peer), limits_,
                                                             *this, std::move(tls));
  connections_.emplace(connection->peer().id, connection);
  connection->Start(acceptor_, NowMs());
  AwaitSockets();
  StartSweep();
}

void Listener::State::Watch(SocketConnection& connection, uint32_t events) {
  ready_sockets_.Change(connection.descriptor(), static_cast<uint64_t>(connection.peer().id),
                        events);
}

void Listener::State::AwaitSockets() {
  if (std::exchange(sockets_awaited_, true)) return;
  ready_sockets_.Await([self = shared_from_this()](const asio::error_code& error) {
    self->sockets_awaited_ = false;
    if (self->closed_) return;
    if (!error) return self->PollSockets();
    // Cancelled when the last connection closed; perhaps there is a new one by now.
    if (!self->connections_.empty()) self->AwaitSockets();
  });
}

void Listener::State::PollSockets() {
  polling_ = true;
  for (int polls = 0; polls < kPollsPerTurn && !closed_; ++polls) {
    const auto ready = ready_sockets_.Take();
    handshakes_ = kHandshakesPerPoll;
    for (const epoll_event& event : ready) OnReady(ConnectionId{event.data.u64}, event.events);
    FinishTurn();
    // A single peer has just been answered: asking for its next call would be in vain.
    if (ready.size() <= 1) break;
  }
  polling_ = false;
  if (closed_) return;
  if (!turn_end_.empty()) PostTurnEnd();
  if (!connections_.empty()) AwaitSockets();
}

void Listener::State::OnReady(ConnectionId id, uint32_t events) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;  // Closed in this turn.
  const auto connection = found->second;    // It may close itself.
  connection->OnReady(events);
}

void Listener::State::ScheduleTurnEnd(SocketConnection& connection) {
  turn_end_.push_back(connection.peer().id);
  if (!polling_) PostTurnEnd();
}

void Listener::State::PostTurnEnd() {
  if (std::exchange(turn_end_posted_, true)) return;
  asio::post(io_, [self = shared_from_this()] {
    self->turn_end_posted_ = false;
    if (!self->closed_) self->FinishTurn();
  });
}

void Listener::State::AwaitRelease(SocketConnection& connection) {
  held_back_.push_back(connection.peer().id);
}

void Listener::State::Release() {
  acceptor_.OnTurnEnd();
  passed_ = acceptor_.Passed();
  for (const ConnectionId id : std::exchange(held_back_, {})) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    const auto connection = found->second;  // It may close itself.
    connection->OnRelease();
  }
  acceptor_.OnTurnEnd();
}

void Listener::State::FinishTurn() {
  acceptor_.OnTurnEnd();
  passed_ = acceptor_.Passed();
  turn_end_.swap(turn_end_spare_);
  for (const ConnectionId id : turn_end_spare_) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    const auto connection = found->second;  // It may close itself.
    connection->FinishTurn();
  }
  turn_end_spare_.clear();
  acceptor_.OnTurnEnd();  // Closing a connection is input, too.
}

void Listener::State::Forget(ConnectionId id) {
  connections_.erase(id);
  if (!connections_.empty()) return;
  ready_sockets_.Cancel();  // With nothing to wait for, the loop may end.
  if (draining_) TellDrained();
}

void Listener::State::StartSweep() {
  if (std::exchange(sweeping_, true)) return;
  const uint64_t interval_ms = draining_ ? kDrainSweepMs : SweepInterval(limits_);
  sweep_timer_.expires_after(std::chrono::milliseconds(interval_ms));
  sweep_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    self->sweeping_ = false;
    if ((!error || self->draining_) && !self->closed_) self->Sweep();
  });
}

void Listener::State::Sweep() {
  const uint64_t now_ms = NowMs();
  std::vector<std::shared_ptr<SocketConnection>> all;  // Sweeping may close some.
  all.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->Sweep(now_ms);
  acceptor_.OnTurnEnd();
  if (!connections_.empty()) StartSweep();
}

void Listener::State::CloseDoors() {
  for (const auto& door : doors_) {
    asio::error_code ignored;
    door->descriptor.close(ignored);
    struct stat status {};
    if (!door->unix_path.empty() && ::lstat(door->unix_path.c_str(), &status) == 0 &&
        status.st_ino == door->unix_inode) {
      ::unlink(door->unix_path.c_str());
    }
  }
  doors_.clear();
}

void Listener::State::Drain(uint32_t grace_ms, std::function<void()> done) {
  if (std::exchange(draining_, true)) return;
  drained_ = std::move(done);
  CloseDoors();
  if (connections_.empty()) {
    asio::post(io_, [self = shared_from_this()] { self->TellDrained(); });
    return;
  }
  const uint64_t finish_ms = NowMs() + std::min(kDrainPingMsMax, grace_ms / 4);
  for (const auto& [id, connection] : connections_) connection->Drain(finish_ms);
  sweep_timer_.cancel();  // Sweeps at once, and then as often as a drain needs.
  drain_timer_.expires_after(std::chrono::milliseconds(grace_ms));
  drain_timer_.async_wait([self = shared_from_this()](const asio::error_code& error) {
    if (error || self->closed_) return;
    spdlog::info("drain ended by its deadline connections={}", self->connections_.size());
    self->TellDrained();
  });
}

void Listener::State::TellDrained() {
  drain_timer_.cancel();
  if (const auto done = std::exchange(drained_, nullptr)) done();
}

void Listener::State::Close() {
  closed_ = true;
  drained_ = nullptr;
  CloseDoors();
  ready_sockets_.Close();
  sweep_timer_.cancel();
  resume_timer_.cancel();
  drain_timer_.cancel();
  while (!connections_.empty()) {
    const auto connection = connections_.begin()->second;
    connection->Close();
  }
}

Listener::Listener(asio::io_context& io, const TransportLimits& limits, Acceptor& acceptor)
    : state_(std::make_shared<State>(io, limits, acceptor)) {}
Listener::~Listener() { state_->Close(); }

void Listener::UseTls(const TlsIdentity& identity) { state_->UseTls(identity); }
bool Listener::Listen(const std::string& address, std::string* bound, std::string* error) {
  return state_->Listen(address, bound, error);
}
void Listener::ShareWith(std::vector<Listener*> others, HandOver hand_over) {
  state_->ShareWith(std::move(others), std::move(hand_over));
}
void Listener::Adopt(const Handed& connection) { state_->Adopt(connection); }
void Listener::Drain(uint32_t grace_ms, std::function<void()> done) {
  state_->Drain(grace_ms, std::move(done));
}
void Listener::Release() { state_->Release(); }
size_t Listener::connections() const { return state_->connections(); }

}  // namespace coheld::transport
