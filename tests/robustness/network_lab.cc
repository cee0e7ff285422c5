// See network_lab.h.
#include "tests/robustness/network_lab.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "tests/robustness/forked_task.h"

namespace coheld::testing {
namespace {

constexpr int kPatienceMs = 30'000;

// Runs `ip` with arguments. False if it fails.
bool Ip(const std::string& arguments) {
  return std::system(("ip " + arguments).c_str()) == 0;  // NOLINT: our own words.
}

std::string Network(int number) { return "10.77." + std::to_string(number); }
std::string InnerEnd(int number) { return "lab" + std::to_string(number); }

// A byte from one process to another.
class Signal {
 public:
  Signal() {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
  ~Signal() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void Give() const { (void)!write(ends_[1], "x", 1); }
  bool Take() const {
    char byte = 0;
    pollfd readable{.fd = ends_[0], .events = POLLIN, .revents = 0};
    return poll(&readable, 1, kPatienceMs) == 1 && read(ends_[0], &byte, 1) == 1;
  }

 private:
  int ends_[2] = {-1, -1};
};

bool Succeeded(pid_t child) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  pollfd ended = {.fd = pidfd, .events = POLLIN, .revents = 0};
  if (poll(&ended, 1, kPatienceMs) <= 0) kill(child, SIGKILL);
  close(pidfd);
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

// The host's end of the cable, in the host's own namespace.
bool PlugIn(int number) {
  return Ip("link set lo up") && Ip("addr add " + Network(number) + ".2/24 dev cable") &&
         Ip("link set cable up");
}

}  // namespace

std::optional<std::string> NetworkLab::Enter() {
  if (std::system("ip -V >/dev/null 2>&1") != 0) return "the program ip (iproute2) is missing";
  if (!BecomeRoot()) return "user namespaces are not permitted";
  if (unshare(CLONE_NEWNET) != 0) {
    return std::string("network namespaces are not permitted: ") + std::strerror(errno);
  }
  if (!Ip("link set lo up")) return "the loopback of a network namespace cannot be used";
  if (!Ip("link add lab0 type veth peer name cable0 && ip link del lab0")) {
    return "the kernel has no virtual cables (veth)";
  }
  return std::nullopt;
}

NetworkLab::~NetworkLab() {
  for (const auto& [number, host] : hosts_) {
    kill(host, SIGKILL);
    waitpid(host, nullptr, 0);
  }
}

std::string NetworkLab::NameOf(int number) { return "lab-host-" + std::to_string(number); }

std::string NetworkLab::MiddleFor(int number) { return Network(number) + ".1"; }

void NetworkLab::AddHost(int number, const std::function<bool()>& task) {
  const Signal moved;
  const Signal plugged;
  const pid_t parent = getpid();
  const pid_t host = fork();
  if (host < 0) throw std::runtime_error("fork");
  if (host == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || unshare(CLONE_NEWNET | CLONE_NEWUTS) != 0) _exit(126);
    const std::string name = NetworkLab::NameOf(number);
    if (sethostname(name.data(), name.size()) != 0) _exit(126);
    moved.Give();
    bool good = false;
    try {
      good = plugged.Take() && PlugIn(number) && task();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "host %d: %s\n", number, error.what());
    }
    _exit(good ? 0 : 1);
  }
  hosts_[number] = host;
  const std::string end = InnerEnd(number);
  const bool good =
      moved.Take() &&
      Ip("link add " + end + " type veth peer name cable netns " + std::to_string(host)) &&
      Ip("addr add " + MiddleFor(number) + "/24 dev " + end) && Ip("link set " + end + " up");
  if (!good) throw std::runtime_error("a host cannot be connected");
  plugged.Give();
}

void NetworkLab::Cut(int number) const {
  if (!Ip("link set " + InnerEnd(number) + " down")) throw std::runtime_error("ip link set down");
}

bool NetworkLab::EndsWell(int number) {
  const auto place = hosts_.find(number);
  const pid_t host = place->second;
  hosts_.erase(place);
  return Succeeded(host);
}

std::string InNetworkLab(const std::function<std::string()>& task) {
  return InFork([&] {
    const auto reason = NetworkLab::Enter();
    return reason ? "skip: " + *reason : task();
  });
}

}  // namespace coheld::testing
