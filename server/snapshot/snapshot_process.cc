// See snapshot_process.h.
#include "server/snapshot/snapshot_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/journal/failpoint.h"
#include "server/snapshot/snapshot_command.h"

namespace coheld::snapshot {
namespace {

constexpr char kOwnProgram[] = "/proc/self/exe";
// A process that did not get one part in kFairShare of a core for so long starves.
constexpr std::chrono::seconds kPatience{10};
constexpr int kFairShare = 20;

std::string SystemError(const char* call, int error) {
  return std::string(call) + ": " + std::strerror(error);
}

// How a process is to begin: its output goes to `output`, and it has no other descriptor of this
// one, which are clients' connections, but the standard error. Signals are as usual.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    posix_spawn_file_actions_init(&actions_);
    // First of all: if this process is killed now, its addresses are taken until they are closed.
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Reads what an ended process wrote; it fits into the pipe.
std::string ReadAll(int descriptor) {
  std::string text;
  std::array<char, 4096> part{};
  ssize_t size = 0;
  while ((size = read(descriptor, part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<size_t>(size));
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Returns how a process ended that did not do what it was for.
std::string EndInWords(int status, const std::string& output) {
  if (WIFSIGNALED(status)) {
    return "the snapshot process was ended by signal " + std::to_string(WTERMSIG(status));
  }
  if (!output.empty()) return output;
  return "the snapshot process ended with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

SnapshotProcess::SnapshotProcess(asio::io_context& io, dispatch::EdgeLoop& loop,
                                 journal::Committer& committer, std::string folder)
    : io_(io), loop_(loop), committer_(committer), folder_(std::move(folder)), patience_(io) {}

SnapshotProcess::~SnapshotProcess() { Stop(); }

void SnapshotProcess::Stop() {
  patience_.cancel();
  watch_.reset();
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(std::exchange(pid_, 0), nullptr, 0);
  close(pidfd_);
  close(output_);
}

void SnapshotProcess::Seal() {
  // The committer may outlive this, the loop's handlers do not.
  committer_.Roll([this, &io = io_](uint64_t index) {
    asio::post(io, [this, index] { snapshotter_->OnSealed(index); });
  });
}

void SnapshotProcess::Make(uint64_t index, Haste haste) {
  if (const std::string error = Start(index, haste); !error.empty()) {
    return snapshotter_->OnFailed(error);
  }
  if (haste == Haste::kNone) GuardAgainstStarving(index);
}

void SnapshotProcess::GuardAgainstStarving(uint64_t index) {
  patience_.expires_after(kPatience);
  patience_.async_wait([this, index](const asio::error_code& error) {
    if (error || pid_ == 0 || !IsStarving()) return;
    spdlog::info(
        "snapshot_starved hint=\"the machine is busy; it begins again with a small share\"");
    Stop();
    Make(index, Haste::kSome);
  });
}

bool SnapshotProcess::IsStarving() const {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0) return false;
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec) <
         kPatience / kFairShare;
}

std::string SnapshotProcess::Start(uint64_t index, Haste haste) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return SystemError("pipe", errno);
  const auto [output, input] = pipe_ends;
  const SpawnPlan plan(input);
  std::array<std::string, 6> words = {"coheld",
                                      std::string(kVerb),
                                      folder_,
                                      std::to_string(index),
                                      std::to_string(getpid()),
                                      haste == Haste::kNone ? kWithoutHaste : kWithHaste};
  std::array<char*, 7> arguments{};
  for (size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, kOwnProgram, plan.actions(), plan.attributes(), arguments.data(), environ);
  close(input);
  if (error != 0) {
    close(output);
    return SystemError("start the snapshot process", error);
  }
  COHELD_FAILPOINT("snapshotter.started");
  pid_ = pid;
  output_ = output;
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd_ >= 0) watch_ = loop_.WatchProcess(pidfd_, [this] { OnEnd(); });
  if (watch_ != nullptr) return "";
  const int watch_error = errno;
  Stop();
  return SystemError("watch the snapshot process", watch_error);
}

void SnapshotProcess::OnEnd() {
  patience_.cancel();
  int status = 0;
  waitpid(std::exchange(pid_, 0), &status, 0);
  const std::string output = ReadAll(output_);
  close(output_);
  close(pidfd_);
  watch_.reset();
  COHELD_FAILPOINT("snapshotter.ended");
  uint64_t bytes = 0;
  const char* const last = output.data() + output.size();
  const auto [end, error] = std::from_chars(output.data(), last, bytes);
  const bool is_made = WIFEXITED(status) && WEXITSTATUS(status) == 0 && error == std::errc() &&
                       end == last && !output.empty();
  if (is_made) return snapshotter_->OnMade(bytes);
  snapshotter_->OnFailed(EndInWords(status, output));
}

}  // namespace coheld::snapshot
