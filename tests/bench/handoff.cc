// See handoff.h.
#include "tests/bench/handoff.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace coheld::bench {
namespace {

// Waits until the queues are empty, and answers for ever. It ends with the first process.
[[noreturn]] void Answer(LoadOptions options, int prepared_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char byte = 0;
  if (read(prepared_fd, &byte, 1) != 1) _exit(1);
  options.workload.mix = {{"handed-on", 1}};
  options.warmup_seconds = 0;
  options.seconds += 3600;
  RunLoad(options);
  _exit(1);
}

}  // namespace

Report RunHandoff(LoadOptions options) {
  int prepared[2];
  if (pipe(prepared) != 0) return {.error = "cannot make a pipe"};
  const pid_t other = fork();
  if (other < 0) return {.error = "cannot start a process"};
  if (other == 0) {
    close(prepared[1]);
    Answer(options, prepared[0]);
  }
  options.on_prepared = [&] {
    if (write(prepared[1], "p", 1) != 1) kill(other, SIGKILL);  // The load will find no answer.
  };
  Report report = RunLoad(options);
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
  close(prepared[0]);
  close(prepared[1]);
  return report;
}

}  // namespace coheld::bench
