// Plain POSIX sockets with poll. See socket.h.
#include "client/cpp/src/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "client/cpp/src/fork_guard.h"

namespace coheld::core {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kTlsPrefix = "tls://";

[[noreturn]] void RefuseAddress(const std::string& text, const char* why) {
  throw InvalidArgument(Reason::kInvalidArgument,
                        "bad address \"" + text + "\": " + why +
                            "; use unix:/path, host:port, [v6]:port or tls://host:port");
}

bool IsPort(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  return std::stoi(std::string(text)) <= 65535;
}

// Makes the kernel find out about a peer that vanished: within a minute, without any traffic.
void TuneTcp(int fd) {
  const auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60000);
}

// Returns the next timeout for poll, in milliseconds, rounded up; -1 for ever.
int PollTimeout(const WaitLimits& limits) {
  std::optional<std::chrono::milliseconds> wait;
  if (limits.until) {
    wait = std::max(std::chrono::milliseconds(0),
                    std::chrono::ceil<std::chrono::milliseconds>(*limits.until - Clock::now()));
  }
  if (limits.on_interrupt != nullptr)
    wait = std::min(wait.value_or(kInterruptPoll), kInterruptPoll);
  if (!wait) return -1;
  return static_cast<int>(std::min<int64_t>(wait->count(), 1000 * 1000 * 1000));
}

bool AskedToStop(const WaitLimits& limits) {
  return limits.on_interrupt != nullptr && (*limits.on_interrupt)();
}

}  // namespace

Address Address::Parse(const std::string& text) {
  Address address;
  address.text_ = text;
  if (text.starts_with(kUnixPrefix)) {
    address.path_ = text.substr(kUnixPrefix.size());
    if (address.path_.empty()) RefuseAddress(text, "the path is empty");
    if (address.path_.size() >= sizeof(sockaddr_un::sun_path)) {
      RefuseAddress(text, "the path is longer than 107 bytes");
    }
    return address;
  }
  address.tls_ = text.starts_with(kTlsPrefix);
  const std::string place = address.tls_ ? text.substr(kTlsPrefix.size()) : text;
  const size_t colon = place.rfind(':');
  if (colon == std::string::npos) RefuseAddress(text, "there is no port");
  address.host_ = place.substr(0, colon);
  address.port_ = place.substr(colon + 1);
  if (!IsPort(address.port_)) RefuseAddress(text, "the port is not a number up to 65535");
  if (address.host_.starts_with('[') && address.host_.ends_with(']')) {
    address.host_ = address.host_.substr(1, address.host_.size() - 2);
  } else if (address.host_.find(':') != std::string::npos) {
    RefuseAddress(text, "an IPv6 address needs brackets");
  }
  if (address.host_.empty()) RefuseAddress(text, "the host is empty");
  return address;
}

std::string Address::authority() const {
  if (is_unix()) return "localhost";
  return tls_ ? text_.substr(kTlsPrefix.size()) : text_;
}

std::vector<Address::Resolved> Address::Resolve() const {
  std::vector<Resolved> found;
  if (is_unix()) {
    auto& name = reinterpret_cast<sockaddr_un&>(found.emplace_back().storage);
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.c_str(), path_.size() + 1);
    found.back().length = sizeof(sockaddr_un);
    return found;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  int failure = getaddrinfo(host_.c_str(), port_.c_str(), &hints, &list);
  if (failure == EAI_NONAME) {  // Not a number: ask the resolver.
    hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    failure = getaddrinfo(host_.c_str(), port_.c_str(), &hints, &list);
  }
  if (failure != 0) {
    throw ConnectFailed("cannot resolve " + text_ + ": " + gai_strerror(failure));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    Resolved& resolved = found.emplace_back();
    std::memcpy(&resolved.storage, entry->ai_addr, entry->ai_addrlen);
    resolved.length = entry->ai_addrlen;
  }
  return found;
}

Socket::Socket(int fd) : fd_(fd), generation_(ForkGeneration()) { MarkOwned(fd); }

Socket::~Socket() { Close(); }

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), generation_(other.generation_) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    generation_ = other.generation_;
  }
  return *this;
}

bool Socket::own() const { return generation_ == ForkGeneration(); }

void Socket::Close() {
  if (fd_ < 0 || !own()) return;
  UnmarkOwned(fd_);
  close(fd_);
  fd_ = -1;
}

Socket Socket::Connect(const std::vector<Address::Resolved>& addresses, const std::string& text,
                       const WaitLimits& limits) {
  int failure = EADDRNOTAVAIL;
  for (const Address::Resolved& address : addresses) {
    const int family = address.storage.ss_family;
    const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      failure = errno;
      continue;
    }
    Socket made(fd);
    if (family != AF_UNIX) TuneTcp(fd);
    failure = made.FinishConnect(address, limits);
    if (failure == 0) {
      made.LetReceiveWait();
      return made;
    }
    if (failure == EINTR) throw Interrupted("interrupted while connecting to " + text);
  }
  throw ConnectFailed("cannot connect to " + text + ": " + std::strerror(failure), failure);
}

int Socket::FinishConnect(const Address::Resolved& address, const WaitLimits& limits) const {
  const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
  if (connect(fd_, name, address.length) == 0) return 0;
  // A signal or a full backlog leaves a Unix socket unconnected (EAGAIN: the caller tries again).
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  const WaitEnd end = WaitFor(POLLOUT, limits);
  if (end == WaitEnd::kTimeout) return ETIMEDOUT;
  if (end == WaitEnd::kInterrupted) return EINTR;
  int failure = 0;
  socklen_t size = sizeof failure;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
  return failure;
}

std::optional<size_t> Socket::Send(std::string_view bytes) {
  while (true) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
    if (errno != EINTR) return std::nullopt;
  }
}

void Socket::LetReceiveWait() const {
  timeval limit{};
  limit.tv_usec = std::chrono::microseconds(kInterruptPoll).count();
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  fcntl(fd_, F_SETFL, 0);
}

std::optional<size_t> Socket::ReceiveWith(int flags, char* buffer, size_t size) const {
  const ssize_t received = recv(fd_, buffer, size, flags);
  if (received > 0) return static_cast<size_t>(received);
  if (received == 0) {
    errno = 0;
    return std::nullopt;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  return std::nullopt;
}

std::optional<size_t> Socket::Receive(char* buffer, size_t size) const {
  return ReceiveWith(MSG_DONTWAIT, buffer, size);
}

WaitEnd Socket::WaitAndReceive(char* buffer, size_t size, const WaitLimits& limits,
                               std::optional<size_t>* received) const {
  if (limits.until) {
    const WaitEnd end = WaitFor(POLLIN, limits);
    if (end == WaitEnd::kReady) *received = Receive(buffer, size);
    return end;
  }
  while (true) {
    *received = ReceiveWith(0, buffer, size);
    if (*received != 0u) return WaitEnd::kReady;
    if (AskedToStop(limits)) return WaitEnd::kInterrupted;
  }
}

WaitEnd Socket::Wait(bool also_writable, const WaitLimits& limits) const {
  return WaitFor(static_cast<short>(also_writable ? POLLIN | POLLOUT : POLLIN), limits);
}

WaitEnd Socket::WaitFor(short events, const WaitLimits& limits) const {
  while (true) {
    pollfd entry{.fd = fd_, .events = events, .revents = 0};
    const int ready = poll(&entry, 1, PollTimeout(limits));
    if (ready > 0) return WaitEnd::kReady;
    if (AskedToStop(limits)) return WaitEnd::kInterrupted;
    if (ready == 0 && limits.until && Clock::now() >= *limits.until) return WaitEnd::kTimeout;
  }
}

}  // namespace coheld::core
