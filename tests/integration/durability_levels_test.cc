// Objects of different durability in one daemon whose disk takes its time: who waits for it.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

class DurabilityLevels : public ::testing::Test {
 protected:
  DurabilityLevels() {
    setenv("LD_PRELOAD", COHELD_HELD_SYNCS, 1);
    setenv("COHELD_HOLD_SYNCS", hold_.c_str(), 1);
    // The library is no part of the sanitizer, and comes before it.
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    daemon_.Start({"--data-dir", data_.path() + "/data", "--durability", "sync"});
    unsetenv("LD_PRELOAD");
    unsetenv("ASAN_OPTIONS");
  }
  ~DurabilityLevels() override { Release(); }

  void Hold() const {
    unlink(held_.c_str());
    std::ofstream(hold_.c_str()).put('x');
  }
  void Release() const { unlink(hold_.c_str()); }
  bool IsHeld() const { return access(held_.c_str(), F_OK) == 0; }
  Client Connect() const { return Client::connect(daemon_.address_unix()); }

  // Has an op wait for the disk, and meanwhile does another one. Nothing if the daemon's loop has
  // synced by itself, as it tries now and then, or else whether the other one was answered before.
  std::optional<bool> IsAnsweredMeanwhile(const std::function<void()>& waits,
                                          const std::function<void()>& other) const {
    for (int i = 0; i < 10; ++i) waits();  // Slow: the loop leaves it to the thread.
    Hold();
    std::atomic<bool> done{false};
    std::jthread waiter([&] {
      waits();
      done = true;
    });
    while (!IsHeld() && !done) std::this_thread::yield();
    std::future<void> answer = std::async(std::launch::async, other);
    const bool answered = answer.wait_for(kPatience) == std::future_status::ready;
    const bool was_done = done;
    Release();
    if (was_done) return std::nullopt;
    return answered;
  }

  // The same, tried until the loop does not come between.
  bool AnsweredMeanwhile(const std::function<void()>& waits,
                         const std::function<void()>& other) const {
    for (int attempt = 0; attempt < 20; ++attempt) {
      if (const auto answered = IsAnsweredMeanwhile(waits, other)) return *answered;
    }
    ADD_FAILURE() << "the thread never synced";
    return false;
  }

  static constexpr std::chrono::milliseconds kPatience{500};

  testing::TemporaryFolder data_;
  const std::string hold_ = data_.path() + "/hold";
  const std::string held_ = hold_ + ".held";
  testing::DaemonProcess daemon_;
};

TEST_F(DurabilityLevels, AnObjectInMemoryDoesNotWaitForTheDiskThatAnotherOneWaitsFor) {
  const Client one = Connect();
  const Client two = Connect();
  const List<int> safe(one, "safe");
  const List<int> quick(two, "quick");
  quick.append(0);
  set_durability(quick, Durability::kMemory);
  EXPECT_TRUE(AnsweredMeanwhile([&] { safe.append(1); }, [&] { quick.append(1); }));
}

TEST_F(DurabilityLevels, AReadOfASyncObjectWaitsForWhatItShows) {
  const Client one = Connect();
  const Client two = Connect();
  const List<int> safe(one, "safe");
  const List<int> same(two, "safe");
  EXPECT_FALSE(AnsweredMeanwhile([&] { safe.append(1); }, [&] { same.size(); }));
}

}  // namespace
}  // namespace coheld
