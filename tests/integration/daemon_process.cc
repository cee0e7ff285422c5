// The child process behind daemon_process.h.
#include "tests/integration/daemon_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace coheld::testing {
namespace {

using Clock = std::chrono::steady_clock;

int MillisecondsUntil(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

std::string ErrorText(const std::string& what) { return what + ": " + std::strerror(errno); }

// Returns what is to be added to the arguments of a daemon so that it has as many shards as the
// tests are run with.
std::vector<std::string> ShardArguments(const std::vector<std::string>& arguments) {
  const char* const shards = std::getenv("COHELD_TEST_SHARDS");
  const auto has = [&arguments](const char* flag) {
    return std::find(arguments.begin(), arguments.end(), flag) != arguments.end();
  };
  if (shards == nullptr || !has("--listen") || has("--shards")) return {};
  return {"--shards", shards};
}

// In the child: never returns. Only async-signal-safe calls, because the test may have threads.
[[noreturn]] void RunProgram(const char* program, char* const* argv, int output, int log,
                             int inherited_fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (inherited_fd >= 0) fcntl(inherited_fd, F_SETFD, 0);
  execv(program, argv);
  _exit(127);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/coheld-test-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error(ErrorText("mkdtemp " + path_));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

DaemonProcess::~DaemonProcess() {
  Kill();
  WaitForExit();
  if (output_fd_ >= 0) close(output_fd_);
}

std::string DaemonProcess::Program() {
  if (const char* program = std::getenv("COHELD_DAEMON")) return program;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "coheld";
}

void DaemonProcess::Start(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"--listen", "unix:" + folder() + "/coheld.sock", "--listen",
                                  "127.0.0.1:0"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Spawn(all);
  if (WaitUntilReady()) return;
  Kill();
  WaitForExit();
  throw std::runtime_error(Program() + " did not become ready; it wrote:\n" + output_ + Log());
}

void DaemonProcess::Spawn(const std::vector<std::string>& arguments, int inherited_fd) {
  const std::string program = Program();
  const std::vector<std::string> shards = ShardArguments(arguments);
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : shards) argv.push_back(const_cast<char*>(argument.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error(ErrorText("pipe2"));
  const std::string log_path = folder() + "/daemon.log";
  const int log = open(log_path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) throw std::runtime_error(ErrorText("open " + log_path));
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(ErrorText("fork"));
  if (pid_ == 0) RunProgram(program.c_str(), argv.data(), ends[1], log, inherited_fd, parent);
  close(ends[1]);
  close(log);
  if (output_fd_ >= 0) close(output_fd_);
  output_fd_ = ends[0];
  output_.clear();
  addresses_.clear();
  address_unix_.clear();
  address_tcp_.clear();
  exit_code_.reset();
}

bool DaemonProcess::WaitUntilReady() {
  const auto until = Clock::now() + kPatience;
  size_t line_begin = 0;
  while (true) {
    for (size_t end; (end = output_.find('\n', line_begin)) != std::string::npos;) {
      const std::string line = output_.substr(line_begin, end - line_begin);
      line_begin = end + 1;
      if (line.rfind("ready ", 0) != 0) continue;
      ParseReadyLine(line);
      return true;
    }
    if (!ReadOutput(until)) return false;
  }
}

// Reads once. False at the end of the output or of time.
bool DaemonProcess::ReadOutput(Clock::time_point until) {
  pollfd readable = {.fd = output_fd_, .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, MillisecondsUntil(until)) <= 0) return false;
  char bytes[4096];
  const ssize_t count = read(output_fd_, bytes, sizeof bytes);
  if (count <= 0) return false;
  output_.append(bytes, static_cast<size_t>(count));
  return true;
}

void DaemonProcess::DrainOutput() {
  while (ReadOutput(Clock::now())) {
  }
}

void DaemonProcess::ParseReadyLine(const std::string& line) {
  std::istringstream words(line.substr(std::strlen("ready ")));
  for (std::string address; words >> address;) {
    addresses_.push_back(address);
    std::string& first = address.rfind("unix:", 0) == 0 ? address_unix_ : address_tcp_;
    if (first.empty()) first = address;
  }
}

bool DaemonProcess::WaitForLog(const std::string& text) {
  const auto until = Clock::now() + kPatience;
  while (Log().find(text) == std::string::npos) {
    // The log is a file, and files cannot be polled for growth: look again every 5 ms.
    if (Clock::now() > until || WaitForExit(std::chrono::milliseconds(5))) {
      return Log().find(text) != std::string::npos;
    }
  }
  return true;
}

std::string DaemonProcess::port() const { return address_tcp_.substr(address_tcp_.rfind(':') + 1); }

size_t DaemonProcess::AnonymousBytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    size_t kib = 0;
    std::istringstream words(line);
    std::string word;
    if (words >> word >> kib && word == "RssAnon:") return kib << 10;
  }
  return 0;
}

void DaemonProcess::Terminate() { Signal(SIGTERM); }

void DaemonProcess::Kill() { Signal(SIGKILL); }

void DaemonProcess::Signal(int signal) {
  if (pid_ > 0 && !exit_code_) ::kill(pid_, signal);
}

void DaemonProcess::Freeze() {
  Signal(SIGSTOP);
  siginfo_t stopped{};
  waitid(P_PID, static_cast<id_t>(pid_), &stopped, WSTOPPED);
}

std::optional<int> DaemonProcess::WaitForExit(std::chrono::milliseconds patience) {
  if (pid_ <= 0 || exit_code_) return exit_code_;
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended = {.fd = pidfd, .events = POLLIN, .revents = 0};
  const int count = poll(&ended, 1, static_cast<int>(patience.count()));
  close(pidfd);
  if (count <= 0) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  DrainOutput();
  return exit_code_;
}

std::string DaemonProcess::Log() const {
  std::ifstream file(folder() + "/daemon.log");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace coheld::testing
