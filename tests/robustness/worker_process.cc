// See worker_process.h.
#include "tests/robustness/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace coheld::testing {

WorkerProcess::WorkerProcess(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    dup2(ends[0], STDIN_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[0]);
  input_ = ends[1];
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), input_(std::exchange(other.input_, -1)) {}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(input_, other.input_);
  return *this;
}

WorkerProcess::~WorkerProcess() {
  Kill();
  Stop();
}

void WorkerProcess::Stop() {
  if (input_ >= 0) close(std::exchange(input_, -1));
}

int WorkerProcess::Wait(std::chrono::milliseconds patience) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended = {.fd = pidfd, .events = POLLIN, .revents = 0};
  const int count = poll(&ended, 1, static_cast<int>(patience.count()));
  close(pidfd);
  int status = 0;
  if (count <= 0 || waitpid(pid_, &status, 0) != pid_) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool WorkerProcess::ended() const {
  siginfo_t end{};
  return pid_ < 0 ||
         waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         end.si_pid == pid_;
}

void WorkerProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string WorkerProcess::Program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "coheld_robustness_worker";
}

}  // namespace coheld::testing
