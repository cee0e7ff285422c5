// Every state of the disk that a crash may leave, before each file call of a run of journal,
// snapshots and trims, recovers to what was confirmed or to a later state that there was.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/counter.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "server/journal/committing.h"
#include "server/journal/snapshot.h"
#include "server/recovery/recovery.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::recovery {
namespace {

using journal::Committing;
using journal::SimulatedDisk;
using journal::Status;

constexpr char kFolder[] = "d";
const journal::JournalOptions kOptions = {.folder = kFolder, .segment_bytes = 2048, .salt = 7};

std::string MessageOf(const Status& fault) { return fault ? fault->message : "no fault"; }

// An engine whose inputs go to a journal on a simulated disk.
class Recording : public engine::InputLog {
 public:
  explicit Recording(SimulatedDisk& disk) : disk_(disk) {
    Report report;
    std::unique_ptr<journal::Journal> journal;
    EXPECT_FALSE(Recover(
        disk_, kOptions, [](const Report&) {}, &engine_, &report, &journal));
    committing_ = std::make_unique<Committing>(
        std::move(journal), Committing::Options{.now = [this] { return now_; },
                                                .on_progress =
                                                    [this] {
                                                      written = committing_->written();
                                                      durable = committing_->durable();
                                                    }});
    engine_.SetInputLog(this);
    digests.push_back(engine_.Digest());
    engine_.OpenSession(engine::SessionId{1}, {}, 10'000, engine::TimeMs{1000});
  }

  void OnInput(const engine::Input& input) override {
    std::string record;
    engine::EncodeInput(input, &record);
    work_.batch.Add(record);
    digests.push_back(engine_.Digest());
  }

  template <typename Request>
  void Apply(std::string_view path, const Request& request) {
    std::vector<engine::Reply> replies;
    ++last_call_;
    engine_.Apply({.call = engine::CallId{last_call_},
                   .owner = {.session = engine::SessionId{1}},
                   .now = engine::TimeMs{static_cast<int64_t>(1000 + last_call_)},
                   .seq = last_call_,
                   .acked = last_call_ - last_call_ % 4},
                  wire::FindMethod(path)->number, request.SerializeAsString(), &replies);
  }

  // A turn of the daemon with some ops, which somebody waits for or not.
  void DoTurn(std::mt19937_64& random) {
    for (uint64_t ops = random() % 3 + 1; ops > 0; --ops) {
      switch (random() % 3) {
        case 0: {
          v1::CounterAddRequest request;
          request.set_name("c");
          request.set_amount(1);
          Apply("/coheld.v1.Counter/Add", request);
          break;
        }
        case 1: {
          v1::QueuePutRequest request;
          request.set_name("q");
          request.mutable_value()->set_text(std::string(random() % 300, 'i'));
          Apply("/coheld.v1.Queue/Put", request);
          break;
        }
        case 2: {
          v1::LockAcquireRequest request;
          request.set_name("l" + std::to_string(random() % 5));
          Apply("/coheld.v1.Lock/Acquire", request);
          break;
        }
      }
    }
    work_.durable = random() % 3 == 0 ? 0 : digests.size() - 1;
    Commit();
  }

  // The time in which nothing is done, but for what is due.
  void Rest() {
    now_ += std::chrono::milliseconds(150);
    Commit();
  }

  // What the daemon and its snapshot process do.
  void MakeSnapshot() {
    uint64_t sealed = 0;
    work_.sealed = [&](uint64_t index) { sealed = index; };
    Commit();
    while (sealed == 0) Rest();
    engine::Engine copy;
    Report report;
    ASSERT_FALSE(Rebuild(
        disk_, kFolder, sealed, [](const Report&) {}, &copy, &report));
    journal::SnapshotWriter writer(disk_, kFolder, sealed);
    copy.Save([&](std::string_view bytes) { ASSERT_FALSE(writer.Add(bytes)); });
    ASSERT_FALSE(writer.Finish());
    ASSERT_FALSE(journal::RemoveSnapshotsBefore(disk_, kFolder, sealed));
    work_.trim_to = sealed;
    Commit();
  }

  std::vector<engine::StateDigest> digests;  // Of the states after each record, by index.
  // What a client may have been told by now: survives the process, and the power.
  uint64_t written = 0;
  uint64_t durable = 0;

 private:
  void Commit() { ASSERT_FALSE(committing_->DoTurn(&work_)); }

  SimulatedDisk& disk_;
  engine::Engine engine_;
  std::unique_ptr<Committing> committing_;
  Committing::Work work_;
  Committing::Clock::time_point now_{std::chrono::seconds(10)};
  uint64_t last_call_ = 0;
};

class CrashImagesTest : public testing::Test {
 protected:
  // Recovers a disk: up to `least` at least, and to a state that there was. Returns the last record
  // that is there.
  uint64_t Check(SimulatedDisk& left, const Recording& recording, uint64_t least) {
    engine::Engine engine;
    Report report;
    std::unique_ptr<journal::Journal> journal;
    const Status fault = Recover(
        left, kOptions, [](const Report&) {}, &engine, &report, &journal);
    EXPECT_FALSE(fault) << MessageOf(fault) << FilesOf(left);
    if (fault) return 0;
    EXPECT_GE(report.last_index, least) << report.journal.cut;
    EXPECT_LT(report.last_index, recording.digests.size());
    EXPECT_EQ(engine.Digest(), recording.digests.at(report.last_index))
        << "after record " << report.last_index;
    return report.last_index;
  }

  static std::string FilesOf(const SimulatedDisk& disk) {
    std::string files = "\nthe files";
    for (const auto& [path, bytes] : disk.Now()) {
      files += "\n  " + path + ", " + std::to_string(bytes.size()) + " bytes";
    }
    return files;
  }

  void CheckPowerCuts(const SimulatedDisk& disk, const Recording& recording) {
    disk.ForEachPowerCut(sectors_max, [&](const SimulatedDisk::Image& image) {
      if (HasFailure() || !IsNew(image, recording.durable)) return;
      SimulatedDisk left(image);
      Check(left, recording, recording.durable);
    });
  }

  // After the process is killed nothing written is lost, and then no power cut loses what the next
  // process read.
  void CheckKill(const SimulatedDisk& disk, const Recording& recording) {
    SimulatedDisk left = disk.AfterKill();
    const uint64_t read = Check(left, recording, recording.written);
    left.ForEachPowerCut(2, [&](const SimulatedDisk::Image& image) {
      if (HasFailure() || !IsNew(image, read)) return;
      SimulatedDisk again(image);
      Check(again, recording, read);
    });
  }

  // False if this image was checked, with as much expected of it.
  bool IsNew(const SimulatedDisk::Image& image, uint64_t least) {
    uint64_t hash = least;
    for (const auto& [path, bytes] : image) {
      hash = hash * 31 + std::hash<std::string>()(path);
      hash = hash * 31 + std::hash<std::string>()(bytes);
    }
    if (!seen.insert(hash).second) return false;
    ++images;
    return true;
  }

  void Run(uint64_t seed, int turns) {
    SimulatedDisk disk;
    Recording recording(disk);
    disk.SetObserver([&] {
      ++calls;
      if (HasFailure()) return;
      CheckPowerCuts(disk, recording);
      CheckKill(disk, recording);
    });
    std::mt19937_64 random(seed);
    for (int turn = 1; turn <= turns && !HasFailure(); ++turn) {
      recording.DoTurn(random);
      if (turn % 5 == 0) recording.Rest();
      if (turn % 12 == 0) recording.MakeSnapshot();
    }
    disk.SetObserver(nullptr);
  }

  const bool is_long = [] {
    const char* const value = std::getenv("COHELD_LONG");
    return value != nullptr && *value != '\0';
  }();
  const size_t sectors_max = is_long ? 12 : 9;
  std::set<uint64_t> seen;
  uint64_t images = 0;
  uint64_t calls = 0;
};

TEST_F(CrashImagesTest, EveryOneRecoversToWhatWasConfirmed) {
  const uint64_t seeds = is_long ? 1000 : 30;
  for (uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Run(seed, 40);
  }
  std::cout << "crash images: " << images << " different ones, before " << calls
            << " file calls, of " << seeds << " seeds\n";
}

}  // namespace
}  // namespace coheld::recovery
