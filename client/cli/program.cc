// See program.h.
#include "client/cli/program.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "client/cli/interrupt.h"

namespace coheld::cli {
namespace {

// In the child.
[[noreturn]] void Exec(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  execvp(arguments[0], arguments.data());
  std::fprintf(stderr, "coheldctl: cannot run %s: %s\n", arguments[0], std::strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

void WaitForInterrupt() {
  sigset_t ours;
  sigset_t before;
  sigemptyset(&ours);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGTERM);
  sigprocmask(SIG_BLOCK, &ours, &before);
  while (!Interrupted()) sigsuspend(&before);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

int RunProgram(const std::vector<std::string>& words) {
  if (words.empty()) {
    WaitForInterrupt();
    return 0;
  }
  const pid_t child = fork();
  if (child == 0) Exec(words);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return 126;
    kill(child, SIGTERM);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace coheld::cli
