// Reading a journal without opening it: only what was asked for, and nothing is written.
#include "server/journal/reading.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/journal/journal.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

// 20 records of 900 bytes in 5 segments, synced.
class ReadingTest : public testing::Test {
 protected:
  ReadingTest() {
    Journal::Found found;
    const auto visit = [](uint64_t, std::string_view) -> Status { return std::nullopt; };
    EXPECT_FALSE(Journal::Open(disk, {.folder = "d", .segment_bytes = 4096, .salt = 1}, 0, visit,
                               &found, &journal));
    for (int i = 0; i < 20; ++i) Write(std::string(900, static_cast<char>('a' + i)));
    EXPECT_FALSE(journal->Sync());
  }

  void Write(const std::string& record) {
    PendingBatch pending;
    pending.Add(record);
    EXPECT_FALSE(journal->Write(&pending));
  }

  Status Read(Files& files, ReadingOptions options = {}) {
    options.folder = "d";
    read.clear();
    return ReadJournal(
        files, options,
        [&](uint64_t index, std::string_view record) -> Status {
          EXPECT_EQ(record.front(), static_cast<char>('a' + index - 1));
          read.push_back(index);
          return std::nullopt;
        },
        &reading);
  }

  SimulatedDisk disk;
  std::unique_ptr<Journal> journal;
  std::vector<uint64_t> read;
  Reading reading;
};

TEST_F(ReadingTest, ReadsAllAndWritesNothing) {
  const SimulatedDisk::Image before = disk.Now();
  ASSERT_FALSE(Read(disk));
  EXPECT_EQ(read.size(), 20u);
  EXPECT_EQ(reading.next_index, 21u);
  EXPECT_EQ(reading.segments.size(), 5u);
  EXPECT_EQ(disk.Now(), before);
}

TEST_F(ReadingTest, LooksAtNothingAfterWhatWasAskedFor) {
  SimulatedDisk::Image image = disk.Now();
  image["d/journal-00000000000000000009"] = "not yet there";
  SimulatedDisk partly(image);
  ASSERT_FALSE(Read(partly, {.after = 2, .up_to = 8}));
  EXPECT_EQ(read, (std::vector<uint64_t>{3, 4, 5, 6, 7, 8}));
  EXPECT_TRUE(Read(partly, {.up_to = 9}));
}

TEST_F(ReadingTest, WhatWasAskedForHasToBeThere) {
  const Status fault = Read(disk, {.up_to = 21});
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->message.find("ends with record 20, before record 21"), std::string::npos);
}

TEST_F(ReadingTest, SegmentsThatASnapshotCoversAreLookedAtOnRequest) {
  SimulatedDisk::Image image = disk.Now();
  image["d/journal-00000000000000000001"][100] ^= 1;
  SimulatedDisk damaged(image);
  ASSERT_FALSE(Read(damaged, {.after = 4}));
  EXPECT_EQ(read.size(), 16u);
  EXPECT_TRUE(Read(damaged, {.after = 4, .with_covered = true}));
}

TEST_F(ReadingTest, DamageIsToldWithItsPlace) {
  SimulatedDisk::Image image = disk.Now();
  image["d/journal-00000000000000000005"][64 + 48 + 100] ^= 1;
  SimulatedDisk damaged(image);
  ASSERT_TRUE(Read(damaged));
  EXPECT_EQ(reading.path, "d/journal-00000000000000000005");
  EXPECT_EQ(reading.end.kind, SegmentEnd::Kind::kDamaged);
  EXPECT_EQ(reading.end.offset, 64u);
  EXPECT_EQ(reading.next_index, 5u);
  EXPECT_FALSE(reading.damage.empty());
}

TEST_F(ReadingTest, ATailThatWasNeverConfirmedIsLeftThere) {
  Write(std::string(900, 'u'));
  SimulatedDisk::Image image = disk.Now();
  image["d/journal-00000000000000000021"][64 + 48 + 100] ^= 1;
  SimulatedDisk torn(image);
  ASSERT_FALSE(Read(torn));
  EXPECT_EQ(reading.end.kind, SegmentEnd::Kind::kTorn);
  EXPECT_EQ(torn.Now(), image);
}

}  // namespace
}  // namespace coheld::journal
