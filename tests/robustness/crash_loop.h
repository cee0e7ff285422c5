// A durable daemon under load that is killed and started again, many times: at random moments, and
// at every failpoint. Tests only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/robustness/durable_daemon.h"
#include "tests/robustness/ledger.h"
#include "tests/robustness/worker_process.h"

namespace coheld::testing {

struct CrashOptions {
  std::string level = "sync";
  uint64_t seed = 0;
  uint64_t cycles = 500;
  uint32_t clients = 8;
  // Of those, in Python; where there is one that has coheld.
  uint32_t python_clients = 2;
};

// What one loop did.
struct CrashFigures {
  uint64_t starts = 0;
  uint64_t kills = 0;                   // By the loop, at a random moment ...
  std::map<std::string, uint64_t> hit;  // ... and at each failpoint.
  uint64_t torn = 0;                    // Starts with a torn tail.
  uint64_t verified = 0;                // What a kill left, by coheldctl.
  uint64_t snapshots = 0;
  uint64_t acknowledged = 0;
};

class CrashLoop {
 public:
  explicit CrashLoop(const CrashOptions& options);

  // Kills and restarts while clients work on, then lets them finish. Returns what is wrong, a line
  // each; empty if nothing is.
  std::vector<std::string> Run();

  const CrashFigures& figures() const { return figures_; }

 private:
  // How a start with an armed failpoint gets there.
  enum class Way { kServing, kNewFolder, kTornTail, kNextSegment, kFullSegment, kStopping };
  static Way WayTo(const std::string& failpoint);

  void Prepare();
  WorkerProcess StartClient(uint32_t number) const;
  std::string HistoryOf(uint32_t client) const;
  std::string LastOf(uint32_t client) const;
  // How much was written into all histories.
  uint64_t Progress() const;
  void AwaitProgress();

  // Asks for one snapshot after the other, until it is stopped: those that come as the journal
  // grows wait until the machine has time for them.
  void AskForSnapshots(const std::stop_token& stopped) const;

  // Has coheldctl look at what a kill left.
  void Verify();
  void KillSomewhere();
  void KillAt(const std::string& failpoint, uint64_t pass);
  void KillInNewFolder(const std::string& failpoint);
  // At which pass of a failpoint a process is to end.
  uint64_t PassOf(const std::string& failpoint);
  // The failpoints that were never hit.
  std::vector<std::string> Missing() const;
  void HitTheMissing();
  // Kills the daemon; anything but SIGKILL ended it wrongly.
  void End();
  void Complain(const std::string& what);
  // Lets the clients end, and compares.
  void Finish();
  Remains Look() const;
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  const CrashOptions options_;
  const char* const python_ = std::getenv("COHELD_TEST_PYTHON");  // Null: all clients are C++.
  std::mt19937_64 random_;
  DurableDaemon daemon_;
  std::vector<WorkerProcess> clients_;
  std::vector<std::string> complaints_;
  CrashFigures figures_;
  std::set<std::string> rare_;  // Failpoints that a life does not pass often enough.
  std::atomic<bool> asks_{true};
  std::jthread asker_;  // Last: it uses the others.
};

}  // namespace coheld::testing
