// See socket_options.h.
#include "server/transport/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>

#include <spdlog/spdlog.h>

#include "server/transport/address.h"

namespace coheld::transport {
namespace {

// Descriptors that are never given to connections: files, listening sockets, the loop's own.
constexpr size_t kDescriptorsReserved = 64;
constexpr size_t kDescriptorsPerConnection = 2;  // The socket and the peer's pidfd.

void SetOption(int descriptor, int level, int option, int value) {
  ::setsockopt(descriptor, level, option, &value, sizeof(value));
}

}  // namespace

size_t ConnectionsAffordable(size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const size_t descriptors = std::max<size_t>(limit.rlim_cur, kDescriptorsReserved + 2);
  const size_t affordable = (descriptors - kDescriptorsReserved) / kDescriptorsPerConnection;
  if (affordable < wanted) {
    spdlog::debug("connections limited connections_max={} wanted={} descriptors={}", affordable,
                  wanted, descriptors);
  }
  return std::min(wanted, affordable);
}

void SetTcpOptions(int descriptor, const TransportLimits& limits) {
  SetOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (limits.keepalive_interval_ms == 0) return;
  constexpr int kProbes = 4;
  static constexpr uint64_t kSecondsMax = 32767;  // The kernel takes no more.
  const auto seconds = [](uint64_t ms) {
    return static_cast<int>(std::clamp<uint64_t>(ms / 1000, 1, kSecondsMax));
  };
  SetOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, seconds(limits.keepalive_interval_ms));
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, seconds(limits.keepalive_timeout_ms / kProbes));
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  // Not below our own patience with a peer that reads nothing: the kernel counts that too.
  const uint64_t silence_ms = uint64_t{limits.keepalive_interval_ms} + limits.keepalive_timeout_ms;
  const uint64_t patience_ms = std::max<uint64_t>(silence_ms, limits.write_stall_ms_max);
  SetOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(std::min<uint64_t>(patience_ms, INT_MAX)));
}

bool IsFree(const std::string& address, std::string* error) {
  if (address.starts_with("unix:") || address.ends_with(":0")) return true;
  ListeningSocket probe;
  if (!OpenListeningSocket(address, false, &probe, error)) return false;
  ::close(probe.descriptor);
  return true;
}

void AskKernelWho(int descriptor, Peer* peer) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
  peer->uid = credentials.uid;
  // 0: a process outside of our pid namespace.
  if (credentials.pid <= 0) return;
  peer->pid = credentials.pid;
  peer->pidfd = static_cast<int>(::syscall(SYS_pidfd_open, credentials.pid, 0));
}

}  // namespace coheld::transport
