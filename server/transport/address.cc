// See address.h.
#include "server/transport/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <memory>

namespace coheld::transport {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kBacklog = 4096;  // The kernel caps it at net.core.somaxconn.

std::string Describe(const std::string& address, std::string_view what) {
  return "cannot listen on " + address + ": " + std::string(what);
}

std::string DescribeErrno(const std::string& address, std::string_view call) {
  return Describe(address, std::string(call) + " failed: " + std::strerror(errno));
}

// An address that is taken is asked for again after these, a second in all: who has it may be about
// to end.
constexpr std::array<int, 8> kPausesMs = {4, 8, 16, 32, 64, 128, 256, 512};

// Returns true as soon as the address is free. A signal ends the wait: whoever sends one while the
// daemon starts wants it to end.
template <typename IsFree>
bool AwaitFree(IsFree is_free) {
  for (const int ms : kPausesMs) {
    if (is_free()) return true;
    const timespec pause{.tv_sec = 0, .tv_nsec = ms * 1'000'000L};
    if (::nanosleep(&pause, nullptr) != 0) return false;
  }
  return is_free();
}

// Returns true if a process accepts connections on the Unix socket.
bool SomebodyAnswers(const sockaddr_un& name) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  const int code = ::connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  // A full backlog (EAGAIN) is a live process too.
  const bool dead = code != 0 && (errno == ECONNREFUSED || errno == ENOENT);
  ::close(probe);
  return !dead;
}

bool BindUnix(int descriptor, const sockaddr_un& name, const std::string& address,
              std::string* error) {
  const auto* plain = reinterpret_cast<const sockaddr*>(&name);
  if (::bind(descriptor, plain, sizeof(name)) == 0) return true;
  struct stat status {};
  if (errno != EADDRINUSE || ::lstat(name.sun_path, &status) != 0) {
    *error = DescribeErrno(address, "bind");
    return false;
  }
  if (!S_ISSOCK(status.st_mode)) {
    *error = Describe(address, "the file exists and is not a socket; remove it or choose another");
    return false;
  }
  if (!AwaitFree([&name] { return !SomebodyAnswers(name); })) {
    *error = Describe(address, "another process listens there; stop it or choose another path");
    return false;
  }
  // Who ended meanwhile may have removed it.
  const bool removed = ::unlink(name.sun_path) == 0 || errno == ENOENT;
  if (removed && ::bind(descriptor, plain, sizeof(name)) == 0) return true;
  *error = DescribeErrno(address, "replacing the stale socket file");
  return false;
}

bool OpenUnix(const std::string& address, ListeningSocket* out, std::string* error) {
  out->unix_path = address.substr(kUnixPrefix.size());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (out->unix_path.empty() || out->unix_path.size() >= sizeof(name.sun_path)) {
    *error = Describe(
        address, "the path must have 1 to " + std::to_string(sizeof(name.sun_path) - 1) + " bytes");
    return false;
  }
  std::memcpy(name.sun_path, out->unix_path.data(), out->unix_path.size());
  out->family = AF_UNIX;
  out->address = address;
  out->descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return BindUnix(out->descriptor, name, address, error);
}

// Splits "host:port" and "[host]:port".
bool Split(const std::string& address, std::string* host, std::string* port) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) return false;
  *host = address.substr(0, colon);
  *port = address.substr(colon + 1);
  if (host->starts_with('[') && host->ends_with(']')) *host = host->substr(1, host->size() - 2);
  // getaddrinfo would take a larger number and cut it to 16 bits.
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), number);
  return !host->empty() && error == std::errc() && end == port->data() + port->size();
}

bool BindInternet(const addrinfo& found, const std::string& address, bool shared,
                  ListeningSocket* out, std::string* error) {
  out->family = found.ai_family;
  out->descriptor =
      ::socket(found.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  const int on = 1;
  ::setsockopt(out->descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (shared) ::setsockopt(out->descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  int failed = 0;
  AwaitFree([&] {
    failed = ::bind(out->descriptor, found.ai_addr, found.ai_addrlen) == 0 ? 0 : errno;
    return failed != EADDRINUSE;
  });
  if (failed != 0) {
    errno = failed;
    *error = DescribeErrno(address, "bind");
    return false;
  }
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  ::getsockname(out->descriptor, reinterpret_cast<sockaddr*>(&name), &size);
  out->address = FormatInternetAddress(name);
  return true;
}

bool OpenInternet(const std::string& address, bool shared, ListeningSocket* out,
                  std::string* error) {
  std::string host;
  std::string port;
  if (!Split(address, &host, &port)) {
    *error = Describe(address,
                      "it must be unix:/path, host:port or [host]:port, with a port of 0 to 65535");
    return false;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0) {
    *error = Describe(address, std::string("the host is unknown: ") + ::gai_strerror(code));
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  return BindInternet(*found, address, shared, out, error);
}

}  // namespace

bool OpenListeningSocket(const std::string& address, bool shared, ListeningSocket* socket,
                         std::string* error) {
  const bool bound = address.starts_with(kUnixPrefix)
                         ? OpenUnix(address, socket, error)
                         : OpenInternet(address, shared, socket, error);
  if (bound && ::listen(socket->descriptor, kBacklog) == 0) return true;
  if (bound) *error = DescribeErrno(address, "listen");
  if (socket->descriptor >= 0) ::close(socket->descriptor);
  socket->descriptor = -1;
  return false;
}

bool StaysOnHost(std::string_view address) {
  return address.starts_with(kUnixPrefix) || address.starts_with("127.") ||
         address.starts_with("[::1]:");
}

std::string FormatInternetAddress(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(in6.sin6_port));
  }
  const auto& in = reinterpret_cast<const sockaddr_in&>(address);
  ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
  return std::string(text) + ":" + std::to_string(ntohs(in.sin_port));
}

}  // namespace coheld::transport
