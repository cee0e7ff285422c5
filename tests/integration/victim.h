// A client process for tests that need one to die. Tests only.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include <gtest/gtest.h>

namespace coheld::testing {

// A forked process that runs `task`, tells when it is done, and then waits to be killed.
class Victim {
 public:
  explicit Victim(const std::function<void()>& task) {
    int done[2];
    EXPECT_EQ(pipe(done), 0);
    pid_ = fork();
    if (pid_ == 0) {
      task();
      if (write(done[1], "x", 1) == 1) pause();
      _exit(0);
    }
    close(done[1]);
    char byte = 0;
    EXPECT_EQ(read(done[0], &byte, 1), 1);
    close(done[0]);
  }
  ~Victim() { Kill(); }

  void Kill() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace coheld::testing
