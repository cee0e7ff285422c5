// The daemon: reads the config, builds the parts in order, runs them, and drains on SIGTERM.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <spdlog/spdlog.h>

#include "server/config/config.h"
#include "server/dispatch/asio_loop.h"
#include "server/dispatch/dispatcher.h"
#include "server/engine/value.h"
#include "server/journal/failpoint.h"
#include "server/observe/log.h"
#include "server/observe/notify.h"
#include "server/transport/listener.h"

namespace coheld {
namespace {

constexpr int kExitFailed = 1;
constexpr char kDurability[] = "memory";

class Daemon {
 public:
  explicit Daemon(const config::Config& config)
      : config_(config),
        loop_(io_),
        dispatcher_(loop_, config.dispatch,
                    {.version = COHELD_VERSION,
                     .durability = kDurability,
                     .message_bytes_max = config.transport.session.message_bytes_max},
                    config.key),
        listener_(io_, config.transport, dispatcher_),
        signals_(io_, SIGTERM, SIGINT) {}

  int Run() {
    if (!CheckReadyDescriptor() || !MakeDefaultFolder()) return kExitFailed;
    if (!Listen() || !WatchParent()) return kExitFailed;
    WaitForSignal();
    Announce();
    io_.run();
    spdlog::info("stopped");
    return 0;
  }

 private:
  bool CheckReadyDescriptor() {
    if (config_.ready_fd < 0 || fcntl(config_.ready_fd, F_GETFD) >= 0) return true;
    spdlog::error("ready_fd_failed fd={} error=\"{}\"", config_.ready_fd, std::strerror(errno));
    return false;
  }

  // The default address below /tmp is in a folder of the user's own, because whoever owns the
  // folder can put another socket there.
  bool MakeDefaultFolder() {
    const std::string address = config::DefaultAddress();
    if (config_.listen != std::vector{address} || !address.starts_with("unix:/tmp/")) return true;
    const size_t path = std::strlen("unix:");
    const std::string folder = address.substr(path, address.rfind('/') - path);
    mkdir(folder.c_str(), 0700);
    struct stat status {};
    if (lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
        status.st_uid == getuid() && (status.st_mode & 022) == 0) {
      return true;
    }
    spdlog::error("folder_unsafe path={} error=\"others can write to it or own it\"", folder);
    return false;
  }

  bool Listen() {
    for (const std::string& address : config_.listen) {
      std::string bound, error;
      if (!listener_.Listen(address, &bound, &error)) {
        spdlog::error("listen_failed address={} error=\"{}\"", address, error);
        return false;
      }
      bound_.push_back(bound);
    }
    return true;
  }

  bool WatchParent() {
    if (!config_.exit_with_pid) return true;
    const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, *config_.exit_with_pid, 0));
    if (pidfd < 0) {
      spdlog::error("watch_failed pid={} error=\"{}\"", *config_.exit_with_pid,
                    std::strerror(errno));
      return false;
    }
    parent_watch_ = loop_.WatchProcess(pidfd, [this] {
      spdlog::info("parent_ended pid={}", *config_.exit_with_pid);
      Drain(0);
    });
    close(pidfd);
    return parent_watch_ != nullptr;
  }

  // The first signal drains, the second ends at once.
  void WaitForSignal() {
    signals_.async_wait([this](const asio::error_code& error, int signal) {
      if (error) return;
      spdlog::info("signal_received signal={}", signal);
      if (draining_) return io_.stop();
      Drain(config_.drain_ms);
      WaitForSignal();
    });
  }

  void Drain(uint32_t grace_ms) {
    if (std::exchange(draining_, true)) return io_.stop();
    observe::NotifySystemd("STOPPING=1");
    dispatcher_.Shutdown();
    listener_.Drain(grace_ms, [this] { io_.stop(); });
  }

  void Announce() {
    std::string ready = "ready";
    for (const std::string& address : bound_) ready += " " + address;
    std::printf("coheld %s, pid %d\n", COHELD_VERSION, getpid());
    for (const std::string& address : bound_) std::printf("  listens on   %s\n", address.c_str());
    std::printf("  clients      %s\n",
                config_.key.empty() ? "whoever can connect" : "those who prove to know the key");
    std::printf("  durability   %s (what is held ends with the daemon)\n", kDurability);
    std::printf("%s\n", ready.c_str());
    std::fflush(stdout);
    if (config_.ready_fd >= 0) observe::NotifyDescriptor(config_.ready_fd, ready + "\n");
    observe::NotifySystemd("READY=1");
  }

  const config::Config config_;
  asio::io_context io_{1};
  dispatch::AsioLoop loop_;
  dispatch::Dispatcher dispatcher_;
  transport::Listener listener_;
  asio::signal_set signals_;
  std::unique_ptr<dispatch::EdgeLoop::Watch> parent_watch_;
  std::vector<std::string> bound_;
  bool draining_ = false;
};

// Connections are descriptors: takes as many as the system allows.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Keys that a client makes up cannot be made to collide. Without randomness the hash is unkeyed.
void SeedHashes() {
  uint64_t seed[2] = {};
  if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
    spdlog::warn("hash_unseeded error=\"{}\"", std::strerror(errno));
  }
  engine::SeedValueHash(seed[0], seed[1]);
}

}  // namespace
}  // namespace coheld

int main(int argc, char** argv) {
  const auto parsed = coheld::config::Parse(argc, argv);
  if (const auto* end = std::get_if<coheld::config::Exit>(&parsed)) {
    std::fputs(end->text.c_str(), end->code == 0 ? stdout : stderr);
    return end->code;
  }
  const auto& config = std::get<coheld::config::Config>(parsed);
  coheld::observe::StartLog(config.log_level);
  if (const std::string error = coheld::journal::ArmFailpoint(); !error.empty()) {
    spdlog::error("failpoint_failed error=\"{}\"", error);
    return coheld::kExitFailed;
  }
  std::signal(SIGPIPE, SIG_IGN);
  coheld::RaiseDescriptorLimit();
  coheld::SeedHashes();
  return coheld::Daemon(config).Run();
}
