// Two processes on two hosts that lock A then B and B then A: one is told of the deadlock, by an
// error that names both, and the other one proceeds. Over the loopback where there can be no
// network namespaces.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/robustness/figures.h"
#include "tests/robustness/lab_daemon.h"
#include "tests/robustness/network_lab.h"
#include "tests/robustness/shared_memory.h"

namespace coheld::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kToldWithinMs = 100;

// What both processes note.
struct Notes {
  std::atomic<int> holders{0};         // Processes that have their first lock.
  std::atomic<int> told{0};            // Processes that were told of the deadlock ...
  std::atomic<bool> names_all{false};  // ... by an error with all names in it.
  std::atomic<int> proceeded{0};       // Processes that got both locks.
  std::atomic<int64_t> told_ms{
      0};  // How long the one that was told had waited for its second lock.
};

// Takes one lock, waits until the other process has the other one, and asks for that. The error
// that one of them is told has these names in it.
bool LockBoth(const std::string& address, const std::string& first, const std::string& second,
              const std::vector<std::string>& names, Notes* notes) {
  const Client client = Client::connect(address);
  Lock mine(client, first);
  Lock other(client, second);
  mine.lock();
  ++notes->holders;
  Await(notes->holders, 2);
  const auto began = Clock::now();
  try {
    other.lock();
    ++notes->proceeded;
    other.release();
  } catch (const Deadlock& error) {
    ++notes->told;
    notes->told_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
    const std::string message = error.what();
    std::cout << message << std::endl;
    notes->names_all = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return message.find(name) != std::string::npos;
    });
  }
  mine.release();
  return true;
}

std::string Judge(const Notes& notes, const std::string& where) {
  if (notes.told != 1) return std::to_string(notes.told) + " processes were told of the deadlock";
  if (!notes.names_all) return "the error does not name both locks and both hosts";
  if (notes.proceeded != 1) return std::to_string(notes.proceeded) + " processes got both locks";
  Figure("deadlock of two processes " + where + ": one was told after " +
         std::to_string(notes.told_ms) + " ms, the other one proceeded");
  if (notes.told_ms <= kToldWithinMs) return "";
  return "it took " + std::to_string(notes.told_ms) + " ms";
}

std::string InNamespaces() {
  const LabDaemon daemon;
  NetworkLab lab;
  auto* const notes = Shared<Notes>();
  const std::vector<std::string> names = {"lock-a", "lock-b", NetworkLab::NameOf(1),
                                          NetworkLab::NameOf(2)};
  lab.AddHost(1, [&] { return LockBoth(daemon.AddressFor(1), "lock-a", "lock-b", names, notes); });
  lab.AddHost(2, [&] { return LockBoth(daemon.AddressFor(2), "lock-b", "lock-a", names, notes); });
  const bool well = lab.EndsWell(1) && lab.EndsWell(2);
  return well ? Judge(*notes, "on two hosts") : "a process failed or hung";
}

std::string OnLoopback() {
  DaemonProcess daemon;
  daemon.Start();
  auto* const notes = Shared<Notes>();
  const std::vector<std::string> names = {"lock-a", "lock-b"};
  const pid_t other = fork();
  if (other == 0) {
    alarm(30);
    LockBoth(daemon.address_tcp(), "lock-b", "lock-a", names, notes);
    _exit(0);
  }
  LockBoth(daemon.address_tcp(), "lock-a", "lock-b", names, notes);
  int status = 0;
  waitpid(other, &status, 0);
  return status == 0 ? Judge(*notes, "over the loopback") : "a process failed or hung";
}

TEST(DeadlockOfHosts, OneIsToldAndTheOtherProceeds) {
  std::string complaint = InNetworkLab(InNamespaces);
  if (complaint.rfind("skip: ", 0) == 0) {
    std::cout << "over the loopback, as " << complaint.substr(6) << "\n";
    complaint = OnLoopback();
  }
  EXPECT_EQ(complaint, "");
}

}  // namespace
}  // namespace coheld::testing
