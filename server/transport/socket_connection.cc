// See socket_connection.h.
#include "server/transport/socket_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/transport/system_calls.h"

namespace coheld::transport {
namespace {

constexpr size_t kWriteBytes = 256 << 10;    // What one Pump takes.
constexpr size_t kTurnWriteBytes = 1 << 20;  // Then the other connections have their turn.
constexpr size_t kPartsMax = 64;  // What one system call sends: a header and a frame each.
constexpr size_t kBufferBytesKept = 16 << 10;  // Larger output buffers are given back when empty.
constexpr uint64_t kLingerMs = 500;
// How often the host is probed, and the kernel is asked, while it may be silent.
constexpr uint64_t kProbesInSilence = 3;
constexpr uint64_t kAsksInSilence = 8;

uint64_t Id(const Peer& peer) { return static_cast<uint64_t>(peer.id); }

}  // namespace

SocketConnection::SocketConnection(int descriptor, Peer peer, const TransportLimits& limits,
                                   ConnectionOwner& owner, std::unique_ptr<wire::TlsStream> tls)
    : descriptor_(descriptor),
      peer_(std::move(peer)),
      limits_(limits),
      owner_(owner),
      tls_(std::move(tls)) {}

SocketConnection::~SocketConnection() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (peer_.pidfd >= 0) ::close(peer_.pidfd);
}

void SocketConnection::Start(Acceptor& acceptor, uint64_t now_ms) {
  started_ms_ = last_read_ms_ = last_progress_ms_ = now_ms;
  handler_ = acceptor.OnConnection(*this);
  session_ = std::make_unique<GrpcSession>(limits_.session, *handler_);
  session_->Advance(now_ms);
  Flush();
}

void SocketConnection::RequestFlush() {
  if (in_turn_ || turn_end_scheduled_ || closed_) return;
  turn_end_scheduled_ = true;
  owner_.ScheduleTurnEnd(*this);
}

void SocketConnection::Drop(std::string_view why) {
  if (closed_ || lingering_ || !drop_reason_.empty()) return;
  drop_reason_ = why;
  // Closing now would end the handler, perhaps inside one of its own calls.
  if (turn_end_scheduled_) return;
  turn_end_scheduled_ = true;
  owner_.ScheduleTurnEnd(*this);
}

void SocketConnection::FinishTurn() {
  turn_end_scheduled_ = false;
  if (closed_) return;
  if (drop_reason_.empty()) return Flush();
  spdlog::info("connection dropped id={} peer={} reason={} queued_bytes={}", Id(peer_),
               peer_.address, drop_reason_, QueuedBytes());
  Close();
}

void SocketConnection::Close() {
  if (closed_) return;
  closed_ = true;
  ::close(std::exchange(descriptor_, -1));  // Nobody watches it any more.
  const auto self = shared_from_this();     // The owner's may be the last other one.
  handler_.reset();
  owner_.Forget(peer_.id);
}

void SocketConnection::OnReady(uint32_t events) {
  if (closed_) return;
  if ((events & EPOLLOUT) != 0 && writable_awaited_) OnWritable();
  if (closed_ || (events & ~uint32_t{EPOLLOUT}) == 0) return;
  if (reads_) return OnReadable();
  // A peer that hung up is told without being asked for; writing finds out how it went.
  OnWritable();
}

void SocketConnection::OnReadable() {
  if (tls_ != nullptr && !tls_->established() && !lingering_ && !owner_.MayShakeHands()) return;
  std::string& buffer = owner_.scratch();
  const ssize_t size = Receive(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size > 0) {
    const std::string_view bytes(buffer.data(), static_cast<size_t>(size));
    return tls_ == nullptr ? OnBytes(bytes) : OnCipher(bytes);
  }
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  Close();
}

void SocketConnection::OnCipher(std::string_view cipher) {
  if (lingering_) return;
  read_since_sweep_ = true;
  std::string& plain = owner_.plain_bytes().in;
  tls_->Feed(cipher);
  size_t filled = 0;
  do {
    filled = 0;
    while (filled < plain.size()) {
      const size_t size = tls_->Read(plain.data() + filled, plain.size() - filled);
      if (size == 0) break;
      filled += size;
    }
    if (filled > 0) OnBytes({plain.data(), filled});
  } while (filled == plain.size() && !broken_);
  if (tls_->ended()) return Close();
  if (!tls_->error().empty()) broken_ = true;
  RequestFlush();  // TLS may have something to say by itself.
}

void SocketConnection::OnBytes(std::string_view bytes) {
  if (lingering_) return;
  read_since_sweep_ = true;
  in_turn_ = true;
  Take(bytes);
  in_turn_ = false;
  if (finish_drain_ms_ != 0 && session_->pings_unanswered() == 0) FinishDrain();
  // Not yet: with all replies of a turn sent in a row, a process that holds many connections is
  // woken once, and not put to sleep and woken for each.
  RequestFlush();
}

void SocketConnection::OnWritable() {
  writable_awaited_ = false;
  progress_since_sweep_ = true;
  Flush();
}

bool SocketConnection::Take(std::string_view bytes) {
  broken_ = !session_->Feed(bytes);
  return !broken_;
}

void SocketConnection::Flush() {
  if (closed_ || lingering_) return;
  size_t turn_bytes = 0;
  while (turn_bytes < kTurnWriteBytes) {
    if (out_.empty()) {
      const size_t queued = session_->queued_bytes();
      // What comes next would make it grow again.
      out_.Clear(queued == 0 ? kBufferBytesKept : SIZE_MAX);
      Refill();
      out_mark_ = queued_mark_;
      if (session_->queued_bytes() < queued) progress_since_sweep_ = true;
      if (out_.empty()) break;
    }
    if (!out_mark_.empty() && !MayLeave()) break;
    turn_bytes += out_.size();
    if (!Transmit()) break;
  }
  if (closed_) return;
  if (turn_bytes >= kTurnWriteBytes && !writable_awaited_) RequestFlush();
  ReadOrRest();
}

void SocketConnection::Refill() {
  if (tls_ == nullptr) {
    session_->Pump(kWriteBytes, &out_);
  } else {
    Encrypt();
  }
}

void SocketConnection::Encrypt() {
  tls_->TakeOutput(&out_.buffer());
  if (!tls_->established() || !tls_->error().empty()) return;
  std::string& plain = owner_.plain_bytes().out;
  plain.clear();
  session_->Pump(kWriteBytes, &plain);
  if (!plain.empty() && !tls_->Write(plain, &out_.buffer())) broken_ = true;
}

bool SocketConnection::MayLeave() {
  if (out_mark_.IsWithin(owner_.passed())) {
    // What the session has by now was queued before and may leave, too.
    if (queued_mark_.IsWithin(owner_.passed())) queued_mark_ = {};
    out_mark_ = {};
    return true;
  }
  if (!std::exchange(release_awaited_, true)) owner_.AwaitRelease(*this);
  return false;
}

void SocketConnection::OnRelease() {
  release_awaited_ = false;
  if (!turn_end_scheduled_) FinishTurn();
}

bool SocketConnection::Transmit() {
  while (!out_.empty()) {
    const ssize_t size = SendSome();
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      writable_awaited_ = true;
      return false;
    }
    if (size < 0) {
      Close();
      return false;
    }
    out_.Pop(static_cast<size_t>(size));
    if (writable_awaited_) progress_since_sweep_ = true;
  }
  if (session_->queued_bytes() == 0) out_.Clear(kBufferBytesKept);
  return true;
}

ssize_t SocketConnection::SendSome() {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  std::array<iovec, kPartsMax> parts;
  const size_t count = out_.Gather(parts);
  if (count == 1) return Send(descriptor_, parts[0].iov_base, parts[0].iov_len, kFlags);
  return SendParts(descriptor_, std::span(parts).first(count), kFlags);
}

// What follows a flush: close what is finished, read on unless the peer must read first.
void SocketConnection::HoldInput(bool hold) {
  input_held_ = hold;
  RequestFlush();
}

void SocketConnection::ReadOrRest() {
  if (broken_ || (out_.empty() && session_->Finished())) return Linger();
  if (session_->HoldsMessages()) {
    in_turn_ = true;
    Take({});
    in_turn_ = false;
    RequestFlush();
  }
  // Reading on while HTTP/2's own windows are shut is what lets them open again.
  const bool socket_full = writable_awaited_ && OutputFull();
  reads_ = !socket_full && !input_held_;
  UpdateWatch();
}

void SocketConnection::UpdateWatch() {
  const uint32_t events = (reads_ ? EPOLLIN : 0u) | (writable_awaited_ ? EPOLLOUT : 0u);
  if (events == watched_) return;
  owner_.Watch(*this, events);
  watched_ = events;
}

bool SocketConnection::OutputFull() const { return limits_.session.IsMuchOutput(QueuedBytes()); }

void SocketConnection::Linger() {
  if (!session_->error().empty()) {
    spdlog::info("connection refused id={} peer={} reason=PROTOCOL_ERROR error=\"{}\"", Id(peer_),
                 peer_.address, session_->error());
  }
  lingering_ = true;
  if (tls_ != nullptr) {
    if (!tls_->error().empty()) owner_.NoteTlsFailure(peer_, tls_->error());
    tls_->Close();
    tls_->TakeOutput(&out_.buffer());
    (void)Transmit();
    if (closed_) return;
  }
  // What the peer made us keep is not kept while it lingers.
  handler_.reset();
  session_.reset();
  out_.Clear(0);
  ::shutdown(descriptor_, SHUT_WR);
  reads_ = true;
  writable_awaited_ = false;
  UpdateWatch();
}

void SocketConnection::Drain(uint64_t finish_ms) {
  if (closed_ || lingering_) return;
  finish_drain_ms_ = finish_ms;
  session_->BeginDrain();
  session_->Ping();
  RequestFlush();
}

void SocketConnection::FinishDrain() {
  finish_drain_ms_ = 0;
  session_->FinishDrain();
  RequestFlush();
}

void SocketConnection::LimitSilence(uint64_t silence_ms) {
  if (peer_.unix_socket || (silence_ms_max_ != 0 && silence_ms_max_ <= silence_ms)) return;
  // The kernel's probes come in whole seconds, and one may be lost.
  silence_ms_max_ = std::max<uint64_t>(silence_ms, 2500);
  const int seconds =
      static_cast<int>(std::clamp<uint64_t>(silence_ms_max_ / kProbesInSilence / 1000, 1, 3600));
  const int on = 1;
  ::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
}

// Not TCP_USER_TIMEOUT: the kernel counts that against a host that lives and has a full window too.
void SocketConnection::CheckSilence(uint64_t now_ms) {
  if (silence_ms_max_ == 0 || now_ms < ask_silence_ms_) return;
  // After a pause of the whole machine the probes, which paused as well, come first.
  const bool paused = now_ms - ask_silence_ms_ > silence_ms_max_ / 2;
  ask_silence_ms_ = now_ms + silence_ms_max_ / (paused ? 2 : kAsksInSilence);
  if (paused) return;
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(descriptor_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return;
  const uint64_t silent_ms = std::min(info.tcpi_last_ack_recv, info.tcpi_last_data_recv);
  if (silent_ms < silence_ms_max_) return;
  silent_ms_ = silent_ms;
  Drop("HOST_SILENT");
}

void SocketConnection::Sweep(uint64_t now_ms) {
  if (closed_) return;
  if (lingering_) {
    if (linger_until_ms_ == 0) linger_until_ms_ = now_ms + kLingerMs;
    if (now_ms >= linger_until_ms_) Close();
    return;
  }
  session_->Advance(now_ms);
  if (session_->HoldsMessages()) RequestFlush();  // There is memory again.
  if (std::exchange(read_since_sweep_, false)) {
    last_read_ms_ = now_ms;
    gave_back_ = false;
  } else if (!std::exchange(gave_back_, true)) {
    session_->GiveBack();
    if (out_.empty()) out_.Clear(0);
  }
  // A peer is not to blame for what it is not sent.
  const bool progress = std::exchange(progress_since_sweep_, false) || release_awaited_;
  if (progress || !OutputFull()) last_progress_ms_ = now_ms;
  if (!session_->Greeted() && now_ms - started_ms_ >= limits_.handshake_ms_max) {
    return Drop("HANDSHAKE_TIMEOUT");
  }
  if (now_ms - last_progress_ms_ >= limits_.write_stall_ms_max) return Drop("SLOW_CONSUMER");
  if (finish_drain_ms_ != 0 && now_ms >= finish_drain_ms_) FinishDrain();
  CheckSilence(now_ms);
  // A client without threads answers pings only inside its calls: one is enough, the answer may
  // take for ever, and the kernel's own keepalive tells whether the host is alive.
  const uint32_t interval_ms = limits_.keepalive_interval_ms;
  if (!peer_.unix_socket && interval_ms > 0 && now_ms - last_read_ms_ >= interval_ms &&
      session_->pings_unanswered() == 0) {
    session_->Ping();
    RequestFlush();
  }
}

}  // namespace coheld::transport
