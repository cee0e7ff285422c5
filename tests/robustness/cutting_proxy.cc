// The proxy's sockets, loop and plans. See cutting_proxy.h.
#include "tests/robustness/cutting_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include "tests/robustness/proxy_link.h"

namespace coheld::testing {
namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 1024;
constexpr milliseconds kLingersMax{40};
constexpr std::chrono::microseconds kDelayMax{2000};

// A socket address of either family.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool is_unix = false;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress Parse(const std::string& text) {
  SocketAddress address;
  if (text.rfind("unix:", 0) == 0) {
    auto* path = reinterpret_cast<sockaddr_un*>(&address.storage);
    path->sun_family = AF_UNIX;
    text.copy(path->sun_path, sizeof path->sun_path - 1, std::strlen("unix:"));
    address.size = sizeof *path;
    address.is_unix = true;
    return address;
  }
  const size_t colon = text.rfind(':');
  auto* place = reinterpret_cast<sockaddr_in*>(&address.storage);
  place->sin_family = AF_INET;
  place->sin_port = htons(static_cast<uint16_t>(std::stoi(text.substr(colon + 1))));
  address.size = sizeof *place;
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &place->sin_addr) == 1) return address;
  throw std::runtime_error("\"" + text + "\" is neither unix:/path nor a.b.c.d:port");
}

int MakeSocket(const SocketAddress& address) {
  const int made = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
  return made;
}

void MakeReady(int socket, bool is_unix) {
  const int on = 1;
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  if (!is_unix) setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Returns the address with the port that was given.
std::string BoundAddress(int listener, const std::string& asked) {
  if (asked.rfind("unix:", 0) == 0) return asked;
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
  return asked.substr(0, asked.rfind(':') + 1) + std::to_string(ntohs(bound.sin_port));
}

// Draws the plan of the k-th connection.
LinkPlan Draw(const ProxyOptions& options, uint64_t k) {
  std::seed_seq seeds{options.seed, options.seed >> 32, k};
  std::mt19937_64 random(seeds);
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  const uint64_t sum = std::accumulate(options.weights.begin(), options.weights.end(), uint64_t{0});
  uint64_t drawn = below(sum);
  size_t fault = 0;
  while (drawn >= options.weights[fault]) drawn -= options.weights[fault++];
  LinkPlan plan;
  plan.fault = static_cast<Fault>(fault);
  plan.bytes = below(options.bytes_max);
  if (below(100) < options.delayed_percent) {
    plan.delay = std::chrono::microseconds(1 + below(kDelayMax.count()));
  }
  plan.dribbles = below(100) < options.dribbling_percent;
  const uint64_t harmed = below(3);
  plan.silences_requests = harmed != 0;
  plan.silences_replies = harmed != 1;
  plan.lingers = milliseconds(1 + below(kLingersMax.count()));
  return plan;
}

}  // namespace

uint64_t ProxyCounts::cuts() const {
  return std::accumulate(by_fault.begin() + 1, by_fault.end(), uint64_t{0});
}

// What the thread runs.
class CuttingProxy::Loop {
 public:
  explicit Loop(const ProxyOptions& options)
      : options_(options), target_(Parse(options.target)), wake_(eventfd(0, EFD_CLOEXEC)) {
    const SocketAddress own = Parse(options.listen);
    listener_ = MakeSocket(own);
    const int on = 1;  // A proxy may take the port of one before.
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener_, own.get(), own.size) != 0 || listen(listener_, kBacklog) != 0) {
      throw std::runtime_error("listen on " + options.listen + ": " + std::strerror(errno));
    }
    MakeReady(listener_, own.is_unix);
    is_unix_ = own.is_unix;
  }
  ~Loop() {
    if (is_unix_) unlink(options_.listen.c_str() + std::strlen("unix:"));
    close(listener_);
    close(wake_);
  }

  std::string address() const { return BoundAddress(listener_, options_.listen); }

  void Run() {
    while (!stop_.load()) {
      Poll();
      const auto now = ProxyClock::now();
      // The listener and the wake-up come first; each link has two places after them.
      for (size_t i = 0; i < polled_; ++i) {
        links_[i]->Turn(now, places_[2 + 2 * i].revents, places_[3 + 2 * i].revents);
      }
      Sweep();
      if (places_[0].revents != 0) Accept();
    }
    links_.clear();
  }

  void Stop() {
    stop_.store(true);
    Wake();
  }
  void Calm() {
    calm_.store(true);
    Wake();
  }

  ProxyCounts counts() const {
    const std::lock_guard guard(mutex_);
    return counts_;
  }
  bool WaitForCuts(uint64_t count, milliseconds patience) const {
    std::unique_lock guard(mutex_);
    return cut_.wait_for(guard, patience, [&] { return counts_.cuts() >= count; });
  }

 private:
  void Wake() {
    const uint64_t one = 1;
    (void)!write(wake_, &one, sizeof one);
  }

  void Poll() {
    places_.clear();
    places_.push_back({.fd = listener_, .events = POLLIN, .revents = 0});
    places_.push_back({.fd = wake_, .events = POLLIN, .revents = 0});
    const auto now = ProxyClock::now();
    auto until = now + std::chrono::seconds(1);
    for (const auto& link : links_) {
      places_.push_back({.fd = link->client(), .events = link->ClientEvents(), .revents = 0});
      places_.push_back({.fd = link->daemon(), .events = link->DaemonEvents(), .revents = 0});
      if (const auto due = link->due()) until = std::min(until, *due);
    }
    polled_ = links_.size();
    const auto left = std::chrono::nanoseconds(std::max(until - now, ProxyClock::duration(0)));
    const timespec timeout{.tv_sec = left.count() / 1'000'000'000,
                           .tv_nsec = left.count() % 1'000'000'000};
    ppoll(places_.data(), places_.size(), &timeout, nullptr);
    uint64_t ignored = 0;
    if (places_[1].revents != 0) (void)!read(wake_, &ignored, sizeof ignored);
    if (calm_.load()) {
      for (const auto& link : links_) link->Calm();
    }
  }

  void Sweep() {
    for (size_t i = links_.size(); i-- > 0;) {
      if (!links_[i]->over()) continue;
      const Fault fault = links_[i]->ended_by();
      links_[i] = std::move(links_.back());
      links_.pop_back();
      const std::lock_guard guard(mutex_);
      ++counts_.by_fault[static_cast<size_t>(fault)];
      cut_.notify_all();
    }
  }

  void Accept() {
    while (true) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const int daemon = MakeSocket(target_);
      if (connect(daemon, target_.get(), target_.size) != 0) {
        close(daemon);
        close(client);
        continue;
      }
      MakeReady(client, is_unix_);
      MakeReady(daemon, target_.is_unix);
      uint64_t number = 0;
      {
        const std::lock_guard guard(mutex_);
        number = counts_.connections++;
      }
      const LinkPlan plan = calm_.load() ? LinkPlan{} : Draw(options_, number);
      links_.push_back(std::make_unique<ProxyLink>(client, daemon, plan));
    }
  }

  const ProxyOptions options_;
  const SocketAddress target_;
  bool is_unix_ = false;
  int listener_ = -1;
  int wake_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<bool> calm_{false};
  std::vector<std::unique_ptr<ProxyLink>> links_;
  std::vector<pollfd> places_;
  size_t polled_ = 0;  // Links that have places.
  mutable std::mutex mutex_;
  mutable std::condition_variable cut_;
  ProxyCounts counts_;
};

CuttingProxy::CuttingProxy(const ProxyOptions& options)
    : loop_(std::make_unique<Loop>(options)), thread_([this] { loop_->Run(); }) {
  address_ = loop_->address();
}

CuttingProxy::~CuttingProxy() {
  loop_->Stop();
  thread_.join();
}

ProxyCounts CuttingProxy::counts() const { return loop_->counts(); }

bool CuttingProxy::WaitForCuts(uint64_t count, milliseconds patience) const {
  return loop_->WaitForCuts(count, patience);
}

void CuttingProxy::Calm() { loop_->Calm(); }

}  // namespace coheld::testing
