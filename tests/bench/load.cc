// See load.h.
#include "tests/bench/load.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

#include "tests/bench/latency.h"
#include "tests/bench/protocol.h"

namespace coheld::bench {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr int kStallMs = 10'000;           // So long without any answer is an error; ...
constexpr int kSnapshotStallMs = 600'000;  // ... if snapshots are asked for.

uint64_t NowNs(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

int ConnectUnix(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX};
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int ConnectTcp(const std::string& host, const std::string& port) {
  const addrinfo hints{.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool connected = connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  if (connected) return fd;
  close(fd);
  return -1;
}

int Connect(const std::string& target) {
  if (target.starts_with("unix:")) return ConnectUnix(target.substr(5));
  const size_t colon = target.rfind(':');
  if (colon == std::string::npos) return -1;
  return ConnectTcp(target.substr(0, colon), target.substr(colon + 1));
}

// Returns the process that listens at the other end of a Unix socket, or 0.
pid_t PeerProcess(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

// Returns the CPU time that a process has used, or 0.
uint64_t ProcessCpuNs(pid_t pid) {
  clockid_t clock{};
  return pid > 0 && clock_getcpuclockid(pid, &clock) == 0 ? NowNs(clock) : 0;
}

// Returns the memory that a process has, or 0.
uint64_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  uint64_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

struct Client {
  int fd = -1;
  std::unique_ptr<Protocol> protocol;
  std::string in;                                      // Arrived, and not whole yet.
  std::string out;                                     // To send ...
  size_t sent = 0;                                     // ... of which so much is sent.
  bool wants_write = false;                            // The socket was full.
  const std::vector<Operation>* operations = nullptr;  // What to issue, in a circle; null: nothing.
  size_t next = 0;
  std::vector<uint64_t> issued_ns;  // By slot.
  std::vector<uint32_t> issued;     // How many ops, by slot; counted with LoadOptions::kept only.
};

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        stall_ms_(options.workload.mix.contains("snapshot") ? kSnapshotStallMs : kStallMs),
        workload_(MakeWorkload(options.workload)),
        read_(kReadBytes) {}

  ~Load() {
    for (const Client& client : clients_) {
      if (client.fd >= 0) close(client.fd);
    }
    close(epoll_);
  }

  Report Run() {
    if (options_.kept > 0) {
      if (Open() && Prepare()) MeasureKept();
    } else if (options_.filling.items > 0) {
      if (Open()) Fill();
    } else if (Open() && Prepare() && Start() && RunFor(options_.warmup_seconds)) {
      Measure();
    }
    for (const Client& client : clients_) {
      if (client.protocol == nullptr) break;
      if (report_.first_failure.empty()) report_.first_failure = client.protocol->failure();
    }
    return report_;
  }

 private:
  bool Fail(const std::string& why) {
    if (report_.error.empty()) report_.error = why;
    return false;
  }

  bool Open() {
    clients_.resize(options_.connections);
    for (Client& client : clients_) {
      client.protocol = MakeProtocol(options_.workload.wire, options_.depth, options_.promise);
      client.issued_ns.resize(options_.depth);
      client.issued.resize(options_.depth);
      client.fd = Connect(options_.target);
      if (client.fd < 0)
        return Fail("cannot connect to " + options_.target + ": " + strerror(errno));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &client}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
      client.protocol->Begin(&client.out);
      if (!Write(client)) return false;
    }
    if (options_.server_pid == 0 && options_.target.starts_with("unix:")) {
      options_.server_pid = PeerProcess(clients_[0].fd);
    }
    return RunUntil([this] {
      for (const Client& client : clients_) {
        if (!client.protocol->ready()) return false;
      }
      return true;
    });
  }

  // One connection, one op at a time.
  bool Prepare() {
    Client& client = clients_[0];
    for (const Operation& operation : workload_.preparation) {
      const uint64_t wanted = answered_ + 1;
      client.protocol->Issue(operation, 0);
      client.protocol->Flush(&client.out);
      if (!Write(client) || !RunUntil([&] { return answered_ == wanted; })) return false;
    }
    return failures_ == 0 || Fail("preparation failed: " + client.protocol->failure());
  }

  bool Start() {
    std::mt19937_64 random(options_.workload.seed);
    for (Client& client : clients_) {
      client.operations = &workload_.measured;
      client.next = workload_.starts[random() % workload_.starts.size()];
      const uint64_t now = NowNs();
      for (uint32_t slot = 0; slot < options_.depth; ++slot) Issue(client, slot, now);
      client.protocol->Flush(&client.out);
      if (!Write(client)) return false;
    }
    return true;
  }

  void Measure() {
    latency_ = Latency();
    failures_ = 0;
    const uint64_t server_before = ProcessCpuNs(options_.server_pid);
    const uint64_t client_before = NowNs(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t before = NowNs();
    if (!RunFor(options_.seconds)) return;
    const auto ns = static_cast<double>(NowNs() - before);
    const auto ops = static_cast<double>(latency_.total());
    report_.ops = latency_.total();
    report_.failures = failures_;
    report_.seconds = ns / 1e9;
    report_.ops_per_second = ops / report_.seconds;
    report_.p50_us = static_cast<double>(latency_.Quantile(0.5)) / 1e3;
    report_.p99_us = static_cast<double>(latency_.Quantile(0.99)) / 1e3;
    report_.p999_us = static_cast<double>(latency_.Quantile(0.999)) / 1e3;
    const auto server_ns = static_cast<double>(ProcessCpuNs(options_.server_pid) - server_before);
    const auto client_ns = static_cast<double>(NowNs(CLOCK_PROCESS_CPUTIME_ID) - client_before);
    if (ops == 0) return static_cast<void>(Fail("no op was answered"));
    report_.server_cpu_us_per_op = server_ns / ops / 1e3;
    report_.client_cpu_us_per_op = client_ns / ops / 1e3;
  }

  // Lets the server keep the replies of so many ops, and sees what they take.
  void MeasureKept() {
    const uint64_t before = ResidentBytes(options_.server_pid);
    const uint64_t wanted = uint64_t{options_.kept} * options_.depth * clients_.size();
    answered_ = 0;
    if (!Start() || !RunUntil([&] { return answered_ >= wanted; })) return;
    const uint64_t after = ResidentBytes(options_.server_pid);
    report_.ops = wanted;
    report_.failures = failures_;
    report_.server_bytes_per_op =
        (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(wanted);
  }

  void Fill() {
    Client& client = clients_[0];
    static const std::vector<Operation> generated;
    client.operations = &generated;
    const uint64_t before = NowNs();
    for (uint32_t slot = 0; slot < options_.depth; ++slot) IssueFilling(client, slot, before);
    client.protocol->Flush(&client.out);
    if (!Write(client) || !RunUntil([&] { return answered_ == options_.filling.ops(); })) return;
    report_.ops = answered_;
    report_.failures = failures_;
    report_.seconds = static_cast<double>(NowNs() - before) / 1e9;
    report_.ops_per_second = static_cast<double>(answered_) / report_.seconds;
  }

  void IssueFilling(Client& client, uint32_t slot, uint64_t now) {
    if (filled_ == options_.filling.ops()) return;
    client.issued_ns[slot] = now;
    client.protocol->Issue(FillingOperation(options_.workload.wire, options_.filling, filled_++),
                           slot);
  }

  bool RunFor(double seconds) {
    const uint64_t end = NowNs() + static_cast<uint64_t>(seconds * 1e9);
    return RunUntil([end] { return NowNs() >= end; });
  }

  template <typename Done>
  bool RunUntil(Done done) {
    epoll_event events[256];
    while (!done()) {
      const int count = epoll_wait(epoll_, events, 256, stall_ms_);
      if (count == 0) return Fail("no answer for " + std::to_string(stall_ms_ / 1000) + " s");
      for (int i = 0; i < count; ++i) {
        if (!OnReady(*static_cast<Client*>(events[i].data.ptr))) return false;
      }
    }
    return true;
  }

  bool OnReady(Client& client) {
    const ssize_t bytes = recv(client.fd, read_.data(), read_.size(), MSG_DONTWAIT);
    if (bytes == 0) return Fail("the server closed a connection");
    if (bytes < 0 && errno != EAGAIN) return Fail(std::string("recv: ") + strerror(errno));
    if (bytes > 0) Take(client, {read_.data(), static_cast<size_t>(bytes)});
    client.protocol->Flush(&client.out);
    if (!client.protocol->error().empty()) return Fail(client.protocol->error());
    return Write(client);
  }

  void Take(Client& client, std::string_view bytes) {
    answers_.clear();
    if (client.in.empty()) {
      client.in.assign(bytes.substr(client.protocol->Take(bytes, &answers_)));
    } else {
      client.in.append(bytes);
      client.in.erase(0, client.protocol->Take(client.in, &answers_));
    }
    const uint64_t now = NowNs();
    for (const Answer& answer : answers_) {
      ++answered_;
      if (!answer.ok) ++failures_;
      if (client.operations == nullptr) continue;
      latency_.Add(now - client.issued_ns[answer.slot]);
      Issue(client, answer.slot, now);
    }
  }

  void Issue(Client& client, uint32_t slot, uint64_t now) {
    if (options_.filling.items > 0) return IssueFilling(client, slot, now);
    if (options_.kept > 0 && client.issued[slot]++ >= options_.kept) return;
    client.issued_ns[slot] = now;
    client.protocol->Issue((*client.operations)[client.next], slot);
    if (++client.next == client.operations->size()) client.next = 0;
  }

  bool Write(Client& client) {
    while (client.sent < client.out.size()) {
      const ssize_t sent = send(client.fd, client.out.data() + client.sent,
                                client.out.size() - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) break;
      if (sent < 0) return Fail(std::string("send: ") + strerror(errno));
      client.sent += static_cast<size_t>(sent);
    }
    if (client.sent == client.out.size()) {
      client.out.clear();
      client.sent = 0;
    }
    if (client.wants_write == client.out.empty()) {
      client.wants_write = !client.out.empty();
      epoll_event event{.events = EPOLLIN | (client.wants_write ? EPOLLOUT : 0u),
                        .data = {.ptr = &client}};
      epoll_ctl(epoll_, EPOLL_CTL_MOD, client.fd, &event);
    }
    return true;
  }

  LoadOptions options_;
  const int stall_ms_;
  Workload workload_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Client> clients_;
  std::vector<char> read_;
  std::vector<Answer> answers_;
  Latency latency_;
  uint64_t answered_ = 0;
  uint64_t failures_ = 0;
  uint64_t filled_ = 0;  // Ops of the filling that were issued.
  Report report_;
};

}  // namespace

Report RunLoad(const LoadOptions& options) { return Load(options).Run(); }

}  // namespace coheld::bench
