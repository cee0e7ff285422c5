// See process.h.
#include "tests/bench/process.h"

#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace coheld::bench {
namespace {

constexpr int kSettledMs = 2500;  // Longer than a server takes to give freed memory back.
constexpr int kPatienceMs = 8000;
constexpr int kStepMs = 50;

}  // namespace

uint64_t NowNs(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

pid_t PeerProcess(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

uint64_t ProcessCpuNs(pid_t pid) {
  clockid_t clock{};
  return pid > 0 && clock_getcpuclockid(pid, &clock) == 0 ? NowNs(clock) : 0;
}

uint64_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  uint64_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t SettledBytes(pid_t pid) {
  uint64_t bytes = ResidentBytes(pid);
  int same_ms = 0;
  for (int waited_ms = 0; waited_ms < kPatienceMs && same_ms < kSettledMs; waited_ms += kStepMs) {
    usleep(kStepMs * 1000);
    const uint64_t now = ResidentBytes(pid);
    same_ms = now == bytes ? same_ms + kStepMs : 0;
    bytes = now;
  }
  return bytes;
}

}  // namespace coheld::bench
