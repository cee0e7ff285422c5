// A disk that is really full: a small tmpfs in a mount namespace. Skipped, with the reason, where
// that is not permitted.
#include <sys/statvfs.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/robustness/durable_daemon.h"
#include "tests/robustness/figures.h"
#include "tests/robustness/forked_task.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr uint64_t kDiskBytes = 4 << 20;
constexpr auto kPatience = 20s;
constexpr size_t kItemBytes = 8 << 10;

// What a test does on its small disk, from the outside.
class SmallDisk {
 public:
  SmallDisk() { daemon_.set_data(daemon_.folder() + "/disk/data"); }

  static std::string Run(std::string (SmallDisk::*scenario)()) {
    SmallDisk disk;
    fs::create_directory(disk.disk());
    return OnSmallDisk(disk.disk(), kDiskBytes, [&] { return (disk.*scenario)(); });
  }

  // Growth is refused, and what makes room goes on.
  std::string RefusesGrowthOnly() {
    daemon_.Start();
    const Client client = Client::connect(daemon_.address_unix(), {.session_ttl = 1s});
    Lock lock(client, "lock");
    lock.lock();
    Queue<std::string> queue(client, "queue");
    queue.put("task");
    auto task = queue.lease();
    const size_t appended = Fill(client);
    if (const std::string complaint = CheckFull(client); !complaint.empty()) return complaint;
    task.ack();
    lock.release();
    List<std::string> list(client, "list");
    (void)list.pop(-1);
    if (list.size() != appended - 1) return "the list has not what was acknowledged";
    if (queue.size() != 0) return "the task was not acknowledged";
    return "";
  }

  // A session without a life ends by time, on a full disk too.
  std::string LetsSessionsExpire() {
    daemon_.Start();
    const Client client = Client::connect(daemon_.address_unix());
    std::optional<Client> other(Client::connect(daemon_.address_tcp(), {.session_ttl = 1s}));
    Lock(*other, "lock").lock();
    Fill(client);
    other.reset();
    Lock lock(client, "lock");
    // What stood in line before the disk was full may be granted; a new one in line is growth.
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (lock.inspect().locked) {
      if (std::chrono::steady_clock::now() > until) return "the session never ended";
      std::this_thread::sleep_for(10ms);
    }
    return "";
  }

  // It starts on the full disk with all that was acknowledged, and goes on when there is room.
  std::string RestartsAndGoesOn() {
    // What is free of a full disk is less than a segment, so there is more to give back.
    std::ofstream(disk() + "/more", std::ios::binary) << std::string(kDiskBytes / 4, 'x');
    daemon_.Start();
    size_t appended = 0;
    {
      const Client client = Client::connect(daemon_.address_unix());
      appended = Fill(client);
    }
    FillUp();
    daemon_.Kill();
    daemon_.Start();
    const Client client = Client::connect(daemon_.address_unix(), {.connect_timeout = kPatience});
    List<std::string> list(client, "list");
    if (list.size() != appended) {
      return "the list has " + std::to_string(list.size()) + " items after " +
             std::to_string(appended) + " acknowledged appends";
    }
    if (const std::string complaint = CheckFull(client); !complaint.empty()) return complaint;
    fs::remove(disk() + "/other");
    fs::remove(disk() + "/more");
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!Append(list)) {
      if (std::chrono::steady_clock::now() > until) return "there is room, and it does not go on";
      std::this_thread::sleep_for(10ms);
    }
    if (list.size() != appended + 1) return "a refused append happened";
    Figure("disk full: " + std::to_string(appended) + " appends, refused, restarted, went on");
    return "";
  }

 private:
  std::string disk() const { return daemon_.folder() + "/disk"; }

  // False if it was refused because of the disk.
  static bool Append(const List<std::string>& list) {
    try {
      list.append(std::string(kItemBytes, 'x'));
      return true;
    } catch (const Error& error) {
      if (error.reason() == Reason::kDiskFull) return false;
      throw;
    }
  }

  // Appends until it is refused. Returns how often it was not.
  static size_t Fill(const Client& client) {
    const List<std::string> list(client, "list");
    size_t appended = 0;
    while (Append(list)) ++appended;
    return appended;
  }

  // Others take what the daemon left.
  void FillUp() const {
    std::ofstream other(disk() + "/other", std::ios::binary);
    const std::string zeros(4096, '\0');
    while (other.write(zeros.data(), static_cast<std::streamsize>(zeros.size())).flush()) {
    }
  }

  static std::string CheckFull(const Client& client) {
    if (Append(List<std::string>(client, "list"))) return "a full disk took more";
    if (List<std::string>(client, "list").empty()) return "what is held cannot be read";
    return "";
  }

  DurableDaemon daemon_{{"--durability", "sync", "--segment-bytes", "256k"}};
};

TEST(DiskFull, RefusesWhatGrowsAndTakesWhatMakesRoom) {
  COHELD_EXPECT_CONTENT(SmallDisk::Run(&SmallDisk::RefusesGrowthOnly));
}

TEST(DiskFull, LetsSessionsExpire) {
  COHELD_EXPECT_CONTENT(SmallDisk::Run(&SmallDisk::LetsSessionsExpire));
}

TEST(DiskFull, IsNoReasonNotToStart) {
  COHELD_EXPECT_CONTENT(SmallDisk::Run(&SmallDisk::RestartsAndGoesOn));
}

}  // namespace
}  // namespace coheld::testing
