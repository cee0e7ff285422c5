// The word count of the examples goes on while the daemon is killed and restarted three times in
// its midst: the counts are exact, and the examples have not a line for it.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/robustness/durable_daemon.h"
#include "tests/robustness/figures.h"
#include "tests/robustness/worker_process.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int kFiles = 800;
constexpr int kRestarts = 3;
constexpr auto kPatience = 60s;

class WordCount : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon_.Start();
    fs::create_directory(daemon_.folder() + "/texts");
    std::mt19937_64 random(1);
    for (int i = 0; i < kFiles; ++i) {
      files_.push_back(daemon_.folder() + "/texts/" + std::to_string(i));
      std::ofstream file(files_.back());
      for (int word = 0; word < 2000; ++word) {
        file << std::string(1 + random() % 3, static_cast<char>('a' + random() % 26)) << ' ';
      }
    }
  }

  static std::string Program() {
    return fs::path(WorkerProcess::Program()).parent_path() / "word_count";
  }

  // Runs the command with the files; kills and restarts the daemon as the count gets on.
  void Ride(std::vector<std::string> command) {
    command.insert(command.end(), {"--address", daemon_.address_unix(), "--run", "test"});
    WorkerProcess more(
        {Program(), "--worker-only", "--address", daemon_.address_tcp(), "--run", "test"});
    command.insert(command.end(), files_.begin(), files_.end());
    WorkerProcess run(command);
    const Client client = Client::connect(daemon_.address_unix());
    const SharedValue<int64_t> done(client, "{wc:test}/done");
    for (int i = 1; i <= kRestarts; ++i) {
      AwaitDone(done, kFiles * i / (kRestarts + 1), run);
      ASSERT_FALSE(run.ended()) << "it ended before the daemon was killed";
      daemon_.Kill();
      daemon_.Start();
    }
    // It compares its counts with those of one process.
    EXPECT_EQ(run.Wait(kPatience), 0);
    EXPECT_EQ(more.Wait(kPatience), 0);
    EXPECT_EQ(done.get(), kFiles);
    EXPECT_EQ(List<std::string>(client, "{wc:test}/log").size(), size_t{kFiles});
  }

  static void AwaitDone(const SharedValue<int64_t>& done, int64_t goal, const WorkerProcess& run) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!run.ended() && std::chrono::steady_clock::now() < until) {
      try {
        if (done.get() >= goal) return;
      } catch (const Error&) {  // The producer has not made it yet.
      }
      std::this_thread::sleep_for(1ms);
    }
  }

  DurableDaemon daemon_{{"--durability", "sync"}};
  std::vector<std::string> files_;
};

TEST_F(WordCount, OfCppIsExactOverThreeRestarts) { Ride({Program(), "--workers", "3"}); }

TEST_F(WordCount, OfPythonIsExactOverThreeRestarts) {
  const char* const python = std::getenv("COHELD_TEST_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "there is no COHELD_TEST_PYTHON, a Python with coheld";
  Ride({python, COHELD_PYTHON_EXAMPLE, "--workers", "3"});
}

}  // namespace
}  // namespace coheld::testing
