// Verify tells good folders from damaged ones, whatever the damage.
#include "server/upkeep/verify.h"

#include <gtest/gtest.h>

#include "tests/unit/upkeep/folders.h"

namespace coheld::upkeep {
namespace {

using Image = SimulatedDisk::Image;

constexpr char kFirst[] = "d/journal-00000000000000000001";

Verdict Verify(const Image& image) {
  SimulatedDisk disk(image);
  Verdict verdict = VerifyFolder(disk, "d");
  EXPECT_EQ(disk.Now(), image) << "it changed something";
  return verdict;
}

std::string FirstFault(const Verdict& verdict) {
  return verdict.good() ? "good" : verdict.faults.front().message;
}

// 300 records with a session and a lock, and snapshots after 100 and 200 of them.
class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    BusyEngine busy(disk);
    busy.OpenSession(1);
    busy.Acquire(1, "lock");
    busy.AppendMany(98);
    EXPECT_FALSE(busy.WriteSnapshot());
    busy.AppendMany(100);
    EXPECT_FALSE(busy.WriteSnapshot());
    busy.AppendMany(100);
    EXPECT_FALSE(busy.journal().Sync());
    EXPECT_FALSE(busy.journal().Mark());
    digest = busy.engine().Digest();
    image = disk.Now();
  }

  // The path of the n-th segment, from 0.
  std::string Segment(size_t n) const { return SegmentOf(image, n); }

  SimulatedDisk disk;
  engine::StateDigest digest;
  Image image;
};

TEST_F(VerifyTest, TellsWhatIsInAGoodFolder) {
  const Verdict verdict = Verify(image);
  EXPECT_EQ(FirstFault(verdict), "good");
  EXPECT_EQ(verdict.first_record, 1u);
  EXPECT_EQ(verdict.last_record, 300u);
  EXPECT_EQ(verdict.replayed, 300u);
  EXPECT_EQ(verdict.figures.index, 300u);
  EXPECT_EQ(verdict.figures.objects, 2u);
  EXPECT_EQ(verdict.figures.sessions, 1u);
  EXPECT_EQ(verdict.figures.digest, digest);
  EXPECT_EQ(verdict.tail_bytes, 0u);
  ASSERT_EQ(verdict.snapshots.size(), 2u);
  EXPECT_EQ(verdict.snapshots[1].figures.index, 200u);
}

TEST_F(VerifyTest, ComparesSnapshotsWithTheRecordsBefore) {
  for (const VerifiedSnapshot& snapshot : Verify(image).snapshots) EXPECT_TRUE(snapshot.compared);
  image.erase("d/" + journal::SnapshotName(200));
  SimulatedDisk other(image);
  ASSERT_FALSE(SaveState(engine::Engine(), {other, "d", 200}));
  const Verdict verdict = Verify(other.Now());
  EXPECT_NE(FirstFault(verdict).find("and the records before it make"), std::string::npos);
}

TEST_F(VerifyTest, ASnapshotWithTheRecordsAfterItIsEnough) {
  Image left = image;
  left.erase("d/" + journal::SnapshotName(100));
  // All segments that the snapshot covers.
  while (std::next(left.lower_bound("d/journal-0"))->first <= "d/" + journal::SegmentName(201)) {
    left.erase(left.lower_bound("d/journal-0"));
  }
  const Verdict verdict = Verify(left);
  EXPECT_EQ(FirstFault(verdict), "good");
  EXPECT_EQ(verdict.figures.digest, digest);
  EXPECT_EQ(verdict.replayed, 100u);
}

TEST_F(VerifyTest, ATailThatWasNeverConfirmedIsGood) {
  SimulatedDisk running(image);
  Started started = Start(running);
  ASSERT_FALSE(started.fault);
  journal::PendingBatch pending;
  pending.Add("half a record");
  ASSERT_FALSE(started.journal->Write(&pending));
  Image written = running.Now();
  for (auto& [path, bytes] : written) {
    const size_t at = bytes.find("half a record");
    if (at != std::string::npos) bytes[at] = 'H';
  }
  const Verdict verdict = Verify(written);
  EXPECT_EQ(FirstFault(verdict), "good");
  EXPECT_GT(verdict.tail_bytes, 0u);
  EXPECT_EQ(verdict.last_record, 300u);
}

TEST_F(VerifyTest, DamageInAHeaderOrABodyIsFound) {
  for (const size_t byte : {20, 70, 200}) {
    Image damaged = image;
    damaged.at(kFirst)[byte] ^= 1;
    EXPECT_NE(FirstFault(Verify(damaged)).find(std::string(kFirst) + " is damaged at byte"),
              std::string::npos)
        << byte;
  }
}

TEST_F(VerifyTest, AMissingSegmentIsFound) {
  Image missing = image;
  missing.erase(Segment(1));
  EXPECT_NE(FirstFault(Verify(missing)).find("does not go on where the segment before it ends"),
            std::string::npos);
}

TEST_F(VerifyTest, SegmentsInTheWrongOrderAreFound) {
  Image swapped = image;
  std::swap(swapped.at(Segment(1)), swapped.at(Segment(2)));
  EXPECT_NE(FirstFault(Verify(swapped)).find("its header names record"), std::string::npos);
}

TEST_F(VerifyTest, ATruncatedSegmentIsFound) {
  Image truncated = image;
  truncated.at(Segment(2)).resize(1000);
  EXPECT_NE(FirstFault(Verify(truncated)).find("it ends there, and should have 4096 bytes"),
            std::string::npos);
}

TEST_F(VerifyTest, AMissingEndIsFoundIfASnapshotHasMore) {
  Image missing = image;
  for (auto place = missing.lower_bound(Segment(3)); place->first.starts_with("d/journal");) {
    place = missing.erase(place);
  }
  EXPECT_NE(FirstFault(Verify(missing)).find("which the newest snapshot has"), std::string::npos);
}

TEST_F(VerifyTest, ARecordOfANewerProgramIsToldFromDamage) {
  SimulatedDisk running(image);
  Started started = Start(running);
  journal::PendingBatch pending;
  pending.Add("\x7F is no kind of input");
  ASSERT_FALSE(started.journal->Write(&pending));
  ASSERT_FALSE(started.journal->Sync());
  const Verdict verdict = Verify(running.Now());
  ASSERT_FALSE(verdict.good());
  EXPECT_EQ(verdict.faults.front().code, journal::kNewerFile);
  EXPECT_NE(FirstFault(verdict).find("record 301 of the journal in d"), std::string::npos);
}

TEST_F(VerifyTest, AFolderWithoutAnythingIsNone) {
  EXPECT_NE(FirstFault(Verify({})).find("is no data folder"), std::string::npos);
}

TEST_F(VerifyTest, EveryTruncationOfASnapshotIsFound) {
  const std::string name = "d/" + journal::SnapshotName(200);
  for (size_t size = 0; size < image.at(name).size(); ++size) {
    Image truncated = image;
    truncated.at(name).resize(size);
    ASSERT_FALSE(Verify(truncated).good()) << size;
  }
}

TEST_F(VerifyTest, ABackupIsVerifiedByItself) {
  SimulatedDisk files(image);
  const std::string path = "d/" + journal::SnapshotName(200);
  const Verdict verdict = VerifyFile(files, path);
  EXPECT_EQ(FirstFault(verdict), "good");
  EXPECT_EQ(verdict.figures.index, 200u);
  EXPECT_FALSE(VerifyFile(files, Segment(0)).good());
  EXPECT_FALSE(VerifyFile(files, "d/nothing").good());
}

}  // namespace
}  // namespace coheld::upkeep
