// What the C++ SDK's tests share: one daemon for each test program, and each test over a Unix
// socket and over TCP. Tests only.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"

namespace coheld::testing {

enum class Socket { kUnix, kTcp };

// Returns the program's daemon, started at the first call.
inline DaemonProcess& SharedDaemon() {
  static DaemonProcess daemon;
  if (daemon.addresses().empty()) daemon.Start();
  return daemon;
}

// Waits until so many ops are parked on an object.
inline void WaitForWaiters(const Client& client, const std::string& name, size_t count) {
  const Admin admin(client);
  while (admin.describe(name).waiters.size() < count) std::this_thread::yield();
}

// Starts a task in a forked child, which ends within 30 s; EndsWell waits for it and says whether
// the task returned true.
inline pid_t StartChild(const std::function<bool()>& task) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    bool good = false;
    try {
      good = task();
    } catch (const std::exception& error) {
      fprintf(stderr, "child: %s\n", error.what());
    }
    _exit(good ? 0 : 1);
  }
  return pid;
}

inline bool EndsWell(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

// Runs a task in a forked child. Returns whether it returned true, and did so within half a minute.
inline bool InChild(const std::function<bool()>& task) { return EndsWell(StartChild(task)); }

// Runs a task in a forked child, which is then killed.
inline void InKilledChild(const std::function<void()>& task) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    task();
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

// A test with a client of its own.
class CppTest : public ::testing::TestWithParam<Socket> {
 protected:
  static std::string Address() {
    DaemonProcess& daemon = SharedDaemon();
    return GetParam() == Socket::kUnix ? daemon.address_unix() : daemon.address_tcp();
  }

  // Returns a name that no other test uses.
  static std::string Name(const std::string& word) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return std::string(test->test_suite_name()) + "/" + test->name() + "/" + word;
  }

  // Returns a client whose session, and those of its forks, end a second after the last connection:
  // for tests that wait for the end of a dead one.
  static Client ConnectBriefly() {
    return Client::connect(Address(), {.session_ttl = std::chrono::seconds(1)});
  }

  Client client_ = Client::connect(Address());
};

inline std::string SocketName(const ::testing::TestParamInfo<Socket>& parameter) {
  return parameter.param == Socket::kUnix ? "Unix" : "Tcp";
}

// Instantiates a suite for both sockets.
#define COHELD_ON_BOTH_SOCKETS(suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                 \
      Over, suite,                                                                          \
      ::testing::Values(::coheld::testing::Socket::kUnix, ::coheld::testing::Socket::kTcp), \
      ::coheld::testing::SocketName)

}  // namespace coheld::testing
