// Every file call of a daemon's life fails once, the first, the second, and so on until none is
// left; and some of its allocations do. Whatever fails, nothing is acknowledged after it that a
// restart does not find, and the client rides on.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/robustness/durable_daemon.h"
#include "tests/robustness/figures.h"
#include "tests/robustness/history.h"
#include "tests/unit/seeds.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;

constexpr int kOps = 24;
constexpr int kSnapshotAfter = 12;  // So many ops.
constexpr auto kPatience = 30s;

// A client of one life: adds one and one, and asks for a snapshot in the middle.
class Adder {
 public:
  struct Answer {
    int64_t count;
    uint64_t time;
  };

  explicit Adder(const std::string& address)
      : thread_([this, address] {
          try {
            Work(address);
          } catch (const std::exception& error) {
            error_ = error.what();
          }
          done_ = true;
        }) {}
  ~Adder() {
    if (thread_.joinable()) thread_.join();
  }

  bool done() const { return done_; }
  // Waits for the end. What went wrong; empty if nothing did.
  const std::string& Join() {
    thread_.join();
    return error_;
  }
  const std::vector<Answer>& answers() const { return answers_; }

 private:
  void Work(const std::string& address) {
    const Client client =
        Client::connect(address, {.connect_timeout = kPatience, .wait_for_daemon = true});
    const Counter counter(client, "counter");
    for (int i = 0; i < kOps; ++i) {
      if (i == kSnapshotAfter) Snapshot(client);
      const int64_t count = Add(counter);
      answers_.push_back({count, HistoryTime()});
    }
  }
  // Until there is room again: nothing is done as long as there is none.
  static int64_t Add(const Counter& counter) {
    while (true) {
      try {
        return counter.add(1);
      } catch (const DiskFull&) {
        std::this_thread::sleep_for(10ms);
      }
    }
  }
  // May fail, as what it does does.
  static void Snapshot(const Client& client) {
    try {
      Admin(client).snapshot();
    } catch (const Error&) {
    }
  }

  std::vector<Answer> answers_;
  std::string error_;
  std::atomic<bool> done_{false};
  std::thread thread_;  // The last: it uses the others.
};

// What fails, as failing_calls.cc has it.
using Failure = std::vector<std::pair<std::string, std::string>>;

class FailStop : public ::testing::Test {
 protected:
  struct Outcome {
    bool failed = false;  // The call was made, and failed.
    std::string what;     // The call.
    uint64_t when = 0;    // It returned.
    int code = 0;         // The daemon's end.
    std::string log;
  };

  // One life with a failure, then one without.
  Outcome Live(const Failure& failure) {
    DurableDaemon daemon({"--durability", "sync", "--segment-bytes", "64k"});
    const std::string report = daemon.folder() + "/report";
    setenv("LD_PRELOAD", COHELD_FAILING_CALLS, 1);
    setenv("COHELD_FAIL_FOLDER", daemon.data().c_str(), 1);
    setenv("COHELD_FAIL_REPORT", report.c_str(), 1);
    for (const auto& [name, value] : failure) setenv(name.c_str(), value.c_str(), 1);
    daemon.Spawn();
    unsetenv("LD_PRELOAD");
    for (const auto& [name, value] : failure) unsetenv(name.c_str());
    Adder adder(daemon.address_unix());
    while (!adder.done() && !daemon.ended()) std::this_thread::sleep_for(1ms);
    Outcome outcome;
    outcome.code = daemon.Stop();
    outcome.log = daemon.Log();
    const uint64_t restarted = HistoryTime();
    std::ifstream file(report);
    std::string number, call;
    outcome.failed = static_cast<bool>(file >> number >> call);
    if (outcome.failed) {
      std::string rest;
      std::getline(file, rest);
      outcome.when = std::stoull(rest.substr(rest.rfind(' ')));
      outcome.what = "call " + number + ", " + call + rest.substr(0, rest.rfind(' '));
    }
    daemon.Start();
    EXPECT_EQ(adder.Join(), "") << outcome.what << "\n" << outcome.log;
    Check(adder, outcome, restarted);
    const Client client = Client::connect(daemon.address_unix());
    EXPECT_EQ(Counter(client, "counter").get(), kOps) << outcome.what;
    return outcome;
  }

  // Each answer came once; and none of them between a failure that ended the daemon and the next.
  static void Check(const Adder& adder, const Outcome& outcome, uint64_t restarted) {
    int64_t count = 0;
    for (const Adder::Answer& answer : adder.answers()) {
      EXPECT_EQ(answer.count, ++count) << outcome.what << "\n" << outcome.log;
      if (!outcome.failed || outcome.code == 0) continue;
      EXPECT_FALSE(answer.time > outcome.when && answer.time < restarted)
          << "an answer after " << outcome.what << "\n"
          << outcome.log;
    }
  }

  // The end of a daemon that could not go on: an exit code of its own, and a line that tells why.
  static void CheckEnd(const Outcome& outcome, const std::string& why) {
    if (outcome.code == 0) return;
    EXPECT_TRUE(outcome.code == 1 || outcome.code == 3) << outcome.code << ": " << outcome.what;
    EXPECT_NE(outcome.log.find(why), std::string::npos) << outcome.what << "\n" << outcome.log;
  }

  // Returns how many calls there were to fail.
  int FailEach(int code, const std::string& verb = "") {
    int ended = 0;
    for (int n = 1;; ++n) {
      Failure failure = {{"COHELD_FAIL_CALL", std::to_string(n)},
                         {"COHELD_FAIL_CODE", std::to_string(code)}};
      if (!verb.empty()) failure.push_back({"COHELD_FAIL_IN", verb});
      const Outcome outcome = Live(failure);
      if (!outcome.failed) {
        EXPECT_EQ(outcome.code, 0) << outcome.log;
        Figure("fail-stop " + (verb.empty() ? "daemon" : verb) + ": each of " +
               std::to_string(n - 1) + " file calls failed by " + std::strerror(code) + ", " +
               std::to_string(ended) + " ended the daemon, nothing lost");
        return n - 1;
      }
      ended += outcome.code != 0;
      if (verb.empty()) {
        CheckEnd(outcome, std::strerror(code));
      } else {
        EXPECT_EQ(outcome.code, 0) << outcome.what << "\n" << outcome.log;
      }
      if (HasFailure()) return n;
    }
  }
};

TEST_F(FailStop, AtEveryFileCallThatFails) { EXPECT_GT(FailEach(EIO), 20); }

TEST_F(FailStop, AtEveryFileCallThatFindsTheDiskFull) { EXPECT_GT(FailEach(ENOSPC), 20); }

TEST_F(FailStop, NotIfTheSnapshotFails) { EXPECT_GT(FailEach(EIO, "snapshot"), 5); }

// It may end, as long as nothing is lost by it.
TEST_F(FailStop, OrAtAnAllocationThatFails) {
  std::mt19937_64 random(coheld::testing::FirstSeed());
  uint64_t limit = 256;  // Grows until there are not so many.
  int failed = 0;
  int ended = 0;
  for (int i = 0; i < 24 && !HasFailure(); ++i) {
    const Outcome outcome = Live({{"COHELD_FAIL_MALLOC", std::to_string(1 + random() % limit)}});
    if (outcome.failed) limit *= 2;
    if (!outcome.failed) limit = std::max<uint64_t>(1, limit * 3 / 4);
    failed += outcome.failed;
    ended += outcome.code != 0;
  }
  EXPECT_GT(failed, 8);
  Figure("fail-stop daemon: " + std::to_string(failed) + " allocations failed, " +
         std::to_string(ended) + " ended the daemon, nothing lost");
}

}  // namespace
}  // namespace coheld::testing
