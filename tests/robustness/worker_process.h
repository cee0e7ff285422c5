// A client process of a robustness test: started, stopped, killed. Tests only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace coheld::testing {

// One process that works until its standard input ends. It dies with the test, also when the test
// crashes.
class WorkerProcess {
 public:
  // Starts a program with arguments. Throws std::runtime_error if there can be no process.
  explicit WorkerProcess(const std::vector<std::string>& command);
  // Kills it, if it still runs.
  ~WorkerProcess();
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;

  // Tells it to finish what it does and end. Does not wait.
  void Stop();
  // Waits for its end. Its exit code, or 128 plus the signal's number; -1 if it still runs then.
  int Wait(std::chrono::milliseconds patience);
  // It has ended, by itself or by a kill.
  bool ended() const;
  // Kills it by SIGKILL and waits for its end.
  void Kill();

  // The C++ worker, beside the test's own program.
  static std::string Program();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
};

}  // namespace coheld::testing
