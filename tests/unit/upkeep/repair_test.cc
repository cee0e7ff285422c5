// Repaired folders: all that is good is there, what is lost is told, nothing is thrown away.
#include "server/upkeep/repair.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "server/engine/placement.h"
#include "tests/unit/upkeep/folders.h"

namespace coheld::upkeep {
namespace {

using Image = SimulatedDisk::Image;

constexpr int64_t kNowMs = 1'800'000'000'000;
constexpr uint64_t kRecords = 102;  // A session, a lock and the items.
constexpr uint64_t kSnapshot = 52;

class RepairTest : public testing::Test {
 protected:
  RepairTest() {
    BusyEngine busy(disk, 2048);
    busy.OpenSession(1);
    busy.Acquire(1, "lock");
    busy.AppendMany(50);
    EXPECT_FALSE(busy.WriteSnapshot());
    busy.AppendMany(50);
    EXPECT_FALSE(busy.journal().Sync());
    EXPECT_FALSE(busy.journal().Mark());
    EXPECT_EQ(busy.last_index(), kRecords);
    digest = busy.engine().Digest();
    token = busy.engine().last_token();
    image = disk.Now();
  }

  // The next anonymous object has a name by which the shard finds it.
  void ExpectToNameTheShards(const engine::Engine& engine) const {
    const std::string name = "~" + std::to_string(engine.store().next_anonymous());
    EXPECT_EQ(engine::ShardOf(name, engine::kShardsMax), shard) << name;
  }

  std::string Segment(size_t n) const { return SegmentOf(image, n); }
  size_t segments() const { return SegmentsOf(image); }
  static std::string Snapshot() { return "d/" + journal::SnapshotName(kSnapshot); }

  // Repairs a folder, after which it has to be good, and start.
  std::unique_ptr<engine::Engine> RepairImage(const Image& damaged) {
    SimulatedDisk files(damaged);
    plan = {};
    renewal = {};
    const Status cannot = PlanRepair(files, "d", shard, &plan);
    EXPECT_FALSE(cannot) << MessageOf(cannot);
    if (cannot) return nullptr;
    EXPECT_EQ(files.Now(), damaged) << "the plan changed something";
    if (!plan.faults.empty()) {
      const Status fault = Repair(files, "d", kNowMs, &plan, &renewal);
      EXPECT_FALSE(fault) << MessageOf(fault);
      ExpectAllKept(damaged, files.Now());
      const Verdict verdict = VerifyFolder(files, "d");
      EXPECT_TRUE(verdict.good()) << verdict.faults.front().message;
    }
    Started started = Start(files);
    EXPECT_FALSE(started.fault) << MessageOf(started.fault);
    return std::move(started.engine);
  }

  // Every file that was there is there as it was, in its place or aside.
  void ExpectAllKept(const Image& before, const Image& after) const {
    for (const auto& [path, bytes] : before) {
      const auto aside = after.find(plan.aside_folder + path.substr(1));
      EXPECT_TRUE(aside != after.end() && aside->second == bytes) << path;
    }
  }

  SimulatedDisk disk;
  engine::StateDigest digest;
  uint64_t token = 0;
  Image image;
  uint32_t shard = 0;
  RepairPlan plan;
  Renewal renewal;
};

TEST_F(RepairTest, AGoodFolderNeedsNone) {
  const auto engine = RepairImage(image);
  EXPECT_TRUE(plan.faults.empty());
  EXPECT_EQ(plan.last_seen, kRecords);
  EXPECT_EQ(engine->Digest(), digest);
}

TEST_F(RepairTest, DamageInTheMiddleCutsWhatComesAfterIt) {
  Image damaged = image;
  damaged.at(Segment(segments() - 2))[70] ^= 1;
  const uint64_t first = *journal::FirstOf(Segment(segments() - 2).substr(2));
  const auto engine = RepairImage(damaged);
  EXPECT_TRUE(plan.loses);
  EXPECT_EQ(plan.good_index, first - 1);
  EXPECT_EQ(plan.last_seen, kRecords);
  EXPECT_EQ(plan.lost(), kRecords - first + 1);
  EXPECT_EQ(ItemsIn(*engine), first - 3);
  // Clients were told of more than there is: nothing that they have is valid.
  EXPECT_EQ(renewal.sessions_ended, 1u);
  EXPECT_TRUE(engine->sessions().all().empty());
  EXPECT_GT(engine->last_token(), token + 1000);
}

TEST_F(RepairTest, AMissingSegmentCutsWhatComesAfterIt) {
  Image damaged = image;
  damaged.erase(Segment(segments() - 2));
  const auto engine = RepairImage(damaged);
  EXPECT_TRUE(plan.loses);
  EXPECT_EQ(plan.last_seen, kRecords);
  EXPECT_EQ(ItemsIn(*engine) + 2, plan.good_index);
}

TEST_F(RepairTest, SegmentsInTheWrongOrderAreCut) {
  Image damaged = image;
  std::swap(damaged.at(Segment(segments() - 2)), damaged.at(Segment(segments() - 1)));
  const auto engine = RepairImage(damaged);
  EXPECT_TRUE(plan.loses);
  EXPECT_EQ(plan.last_seen, kRecords);
}

TEST_F(RepairTest, OfATruncatedSegmentTheWholeRecordsAreKept) {
  Image damaged = image;
  std::string& last = damaged.at(Segment(segments() - 1));
  last.resize(last.find("item 100"));
  const auto engine = RepairImage(damaged);
  EXPECT_TRUE(plan.loses);
  EXPECT_EQ(ItemsIn(*engine), 99u);
}

TEST_F(RepairTest, WithoutItsSnapshotTheJournalIsEnough) {
  Image damaged = image;
  damaged.at(Snapshot())[100] ^= 1;
  const auto engine = RepairImage(damaged);
  EXPECT_FALSE(plan.faults.empty());
  EXPECT_FALSE(plan.loses);
  EXPECT_EQ(plan.lost(), 0u);
  EXPECT_EQ(engine->Digest(), digest);  // Sessions go on, too.
}

TEST_F(RepairTest, DamageThatASnapshotCoversLosesNothing) {
  Image damaged = image;
  damaged.at(Segment(0))[70] ^= 1;
  const auto engine = RepairImage(damaged);
  EXPECT_FALSE(plan.faults.empty());
  EXPECT_FALSE(plan.loses);
  EXPECT_EQ(engine->Digest(), digest);
}

TEST_F(RepairTest, WithoutTheFirstRecordAnonymousObjectsStayTheShards) {
  Image damaged = image;
  damaged.at(Snapshot())[100] ^= 1;
  damaged.at(Segment(0))[70] ^= 1;
  shard = 5;
  const auto engine = RepairImage(damaged);
  EXPECT_EQ(plan.good_index, 0u);
  ExpectToNameTheShards(*engine);
}

TEST_F(RepairTest, WithNothingToGoOnFromItSaysSo) {
  Image damaged = image;
  damaged.at(Snapshot())[100] ^= 1;
  damaged.erase(Segment(0));
  SimulatedDisk files(damaged);
  const Status fault = PlanRepair(files, "d", shard, &plan);
  EXPECT_NE(MessageOf(fault).find("d cannot be repaired: no snapshot is good"), std::string::npos);
  EXPECT_EQ(files.Now(), damaged);
}

TEST_F(RepairTest, OfAnEmptyFolderNumbersContinueAboveAllOfItsTime) {
  SimulatedDisk files(Image{});
  ASSERT_FALSE(files.MakeFolder("d"));
  ASSERT_FALSE(PlanRepair(files, "d", shard, &plan));
  EXPECT_TRUE(plan.is_empty);
  EXPECT_TRUE(plan.loses);
  ASSERT_FALSE(Repair(files, "d", kNowMs, &plan, &renewal));
  EXPECT_TRUE(VerifyFolder(files, "d").good());
  const Started started = Start(files);
  ASSERT_FALSE(started.fault) << MessageOf(started.fault);
  EXPECT_GT(started.engine->last_token(), uint64_t{1} << 40);
}

TEST_F(RepairTest, OfAnEmptyFolderAnonymousObjectsAreTheShards) {
  SimulatedDisk files(Image{});
  ASSERT_FALSE(files.MakeFolder("d"));
  shard = 5;
  ASSERT_FALSE(PlanRepair(files, "d", shard, &plan));
  ASSERT_FALSE(Repair(files, "d", kNowMs, &plan, &renewal));
  const Started started = Start(files);
  ASSERT_FALSE(started.fault) << MessageOf(started.fault);
  ExpectToNameTheShards(*started.engine);
}

TEST_F(RepairTest, WhatANewerProgramWroteIsLeftAlone) {
  SimulatedDisk files(image);
  Started started = Start(files);
  journal::PendingBatch pending;
  pending.Add("\x7F is no kind of input");
  ASSERT_FALSE(started.journal->Write(&pending));
  ASSERT_FALSE(started.journal->Sync());
  const Status fault = PlanRepair(files, "d", shard, &plan);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, journal::kNewerFile);
}

TEST_F(RepairTest, WhateverBitIsWrongTheFolderIsGoodAfterwards) {
  for (const auto& [path, bytes] : image) {
    for (size_t bit = 0; bit < bytes.size() * 8; bit += 61) {
      Image damaged = image;
      damaged.at(path)[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      const auto engine = RepairImage(damaged);
      ASSERT_NE(engine, nullptr) << path << " bit " << bit;
      ASSERT_EQ(ItemsIn(*engine), (plan.faults.empty() ? kRecords : plan.good_index) - 2)
          << path << " bit " << bit;
      if (HasFailure()) return;
    }
  }
}

TEST_F(RepairTest, AnInterruptedRepairCanBeDoneAgain) {
  Image damaged = image;
  damaged.at(Segment(segments() - 2))[70] ^= 1;
  const size_t items = ItemsIn(*RepairImage(damaged));
  for (uint64_t call = 1;; ++call) {
    SimulatedDisk failing(damaged);
    RepairPlan first;
    ASSERT_FALSE(PlanRepair(failing, "d", shard, &first));
    failing.FailFrom(call, EIO);
    const bool failed = Repair(failing, "d", kNowMs, &first, &renewal).has_value();
    for (uint64_t seed = 0; seed < 4; ++seed) {
      SimulatedDisk left(failing.AfterPowerCut(seed));
      RepairPlan second;
      const Status cannot = PlanRepair(left, "d", shard, &second);
      ASSERT_FALSE(cannot) << "call " << call << ": " << MessageOf(cannot);
      if (!second.faults.empty()) {
        ASSERT_FALSE(Repair(left, "d", kNowMs, &second, &renewal));
      }
      const Started started = Start(left);
      ASSERT_FALSE(started.fault) << "call " << call << ": " << MessageOf(started.fault);
      EXPECT_EQ(ItemsIn(*started.engine), items) << "call " << call;
      EXPECT_GT(started.engine->last_token(), token + 1000) << "call " << call;
    }
    if (!failed) break;
  }
}

}  // namespace
}  // namespace coheld::upkeep
