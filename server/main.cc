// The daemon: reads the config, builds the parts in order, runs them, and drains on SIGTERM.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <spdlog/spdlog.h>

#include "server/config/config.h"
#include "server/engine/value.h"
#include "server/journal/failpoint.h"
#include "server/journal/posix_files.h"
#include "server/observe/log.h"
#include "server/observe/notify.h"
#include "server/shard/shard_folders.h"
#include "server/shard/shards.h"
#include "server/snapshot/snapshot_command.h"
#include "server/transport/address.h"
#include "server/transport/tls_identity.h"

namespace coheld {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitFolderInUse = 4;

class Daemon {
 public:
  // With what was opened of its data folder.
  Daemon(const config::Config& config, std::vector<shard::OpenFolder> folders)
      : config_(config),
        shards_(config_, std::move(folders)),
        signals_(io_, SIGTERM, SIGINT),
        hangups_(io_) {}

  int Run() {
    if (!CheckReadyDescriptor() || !MakeDefaultFolder()) return kExitFailed;
    if (!LoadTls() || !Listen() || !WatchParent()) return kExitFailed;
    WaitForSignal();
    COHELD_FAILPOINT("daemon.listening");
    Announce();
    COHELD_FAILPOINT("daemon.ready");
    shards_.Run();
    COHELD_FAILPOINT("stop.drained");
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

  bool LoadTls() {
    if (config_.tls.empty()) return true;
    tls_ = std::make_unique<transport::TlsIdentity>(config_.tls);
    std::string error;
    if (!tls_->Load(&error)) {
      spdlog::error("tls_failed error=\"{}\"", error);
      return false;
    }
    shards_.UseTls(*tls_);
    hangups_.add(SIGHUP);
    WaitForHangup();
    return true;
  }

  void WaitForHangup() {
    hangups_.async_wait([this](const asio::error_code& failed, int /*signal*/) {
      if (failed) return;
      std::string error;
      if (!tls_->Load(&error)) {
        spdlog::error("tls_reload_failed error=\"{}\" hint=\"what was loaded before is in use\"",
                      error);
      }
      WaitForHangup();
    });
  }

  bool Listen() {
    for (const std::string& address : config_.listen) {
      std::string bound, error;
      if (!shards_.Listen(address, &bound, &error)) {
        spdlog::error("listen_failed address={} error=\"{}\"", address, error);
        return false;
      }
      bound_.push_back(bound);
      if (tls_ == nullptr && !transport::StaysOnHost(bound)) {
        spdlog::warn(
            "listens_unencrypted address={} hint=\"whoever is on the way reads and changes "
            "what is sent; use --tls-cert, or a network that you trust\"",
            bound);
      }
    }
    return true;
  }

  // A line of the banner.
  std::string Encryption() const {
    if (tls_ != nullptr) {
      return config_.tls.authorities.empty() ? "TLS on TCP (clients: tls://host:port)"
                                             : "TLS on TCP, for clients with a certificate";
    }
    for (const std::string& address : bound_) {
      if (!transport::StaysOnHost(address)) return "none, and " + address + " is open to others";
    }
    return "none needed on this host";
  }

  bool WatchParent() {
    if (!config_.exit_with_pid) return true;
    const auto pidfd = static_cast<int>(syscall(SYS_pidfd_open, *config_.exit_with_pid, 0));
    if (pidfd < 0) {
      spdlog::error("watch_failed pid={} error=\"{}\"", *config_.exit_with_pid,
                    std::strerror(errno));
      return false;
    }
    parent_watch_ = shards_.first().loop().WatchProcess(pidfd, [this] {
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
      if (draining_) return shards_.Stop();
      Drain(config_.drain_ms);
      WaitForSignal();
    });
  }

  void Drain(uint32_t grace_ms) {
    if (std::exchange(draining_, true)) return shards_.Stop();
    observe::NotifySystemd("STOPPING=1");
    shards_.Drain(grace_ms, [this] { shards_.Stop(); });
  }

  void Announce() {
    std::string ready = "ready";
    for (const std::string& address : bound_) ready += " " + address;
    std::printf("coheld %s, pid %d\n", COHELD_VERSION, getpid());
    for (const std::string& address : bound_) std::printf("  listens on   %s\n", address.c_str());
    std::printf("  clients      %s\n",
                config_.key.empty() ? "whoever can connect" : "those who prove to know the key");
    std::printf("  encryption   %s\n", Encryption().c_str());
    const config::DurabilityWords durability = config::WordsOf(config_.durability);
    std::printf("  durability   %s (%s)\n", durability.word.data(), durability.meaning.data());
    if (config_.shards > 1) std::printf("  shards       %u\n", config_.shards);
    if (!config_.data_dir.empty()) std::printf("  data         %s\n", config_.data_dir.c_str());
    std::printf("%s\n", ready.c_str());
    std::fflush(stdout);
    if (config_.ready_fd >= 0) observe::NotifyDescriptor(config_.ready_fd, ready + "\n");
    observe::NotifySystemd("READY=1");
  }

  const config::Config config_;
  std::unique_ptr<transport::TlsIdentity> tls_;  // Null without --tls-cert.
  shard::Shards shards_;
  asio::io_context& io_ = shards_.first().io();
  asio::signal_set signals_;
  asio::signal_set hangups_;
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

// Opens the data folder if there is to be one. Returns the exit code, 0 if all is well.
int Open(const config::Config& config, journal::Files& files,
         std::vector<shard::OpenFolder>* folders) {
  const journal::Status fault = shard::OpenFolders(files, config, folders);
  if (!fault) return 0;
  spdlog::error("data_folder_failed path={} error=\"{}\"", config.data_dir, fault->message);
  return fault->code == EWOULDBLOCK ? kExitFolderInUse : kExitFailed;
}

// What the daemon and the snapshot process begin with. False if they cannot.
bool Prepare() {
  if (const std::string error = journal::ArmFailpoint(); !error.empty()) {
    spdlog::error("failpoint_failed error=\"{}\"", error);
    return false;
  }
  SeedHashes();
  return true;
}

}  // namespace
}  // namespace coheld

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == coheld::snapshot::kVerb) {
    if (!coheld::Prepare()) return coheld::kExitFailed;
    return coheld::snapshot::RunSnapshotCommand(argc - 2, argv + 2);
  }
  const auto parsed = coheld::config::Parse(argc, argv);
  if (const auto* end = std::get_if<coheld::config::Exit>(&parsed)) {
    std::fputs(end->text.c_str(), end->code == 0 ? stdout : stderr);
    return end->code;
  }
  const auto& config = std::get<coheld::config::Config>(parsed);
  coheld::observe::StartLog(config.log_level);
  if (!coheld::Prepare()) return coheld::kExitFailed;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // A write beyond the limit fails, and says so.
  coheld::RaiseDescriptorLimit();
  coheld::journal::PosixFiles files;
  std::vector<coheld::shard::OpenFolder> folders;
  if (const int code = coheld::Open(config, files, &folders)) return code;
  return coheld::Daemon(config, std::move(folders)).Run();
}
