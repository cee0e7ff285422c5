// The journal on a simulated disk: what was confirmed is read again after kills, power cuts and
// failed calls, and damage is told from a tail that was never confirmed.
#include "server/journal/journal.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

using Records = std::vector<std::string>;

// A journal in the folder "d" of a disk.
class JournalTest : public testing::Test {
 protected:
  // Opens the journal; what it has goes to `read`.
  Status Open(Files& files, uint64_t after = 0) {
    read.clear();
    return Journal::Open(
        files, {.folder = "d", .segment_bytes = segment_bytes, .salt = 4711}, after,
        [&](uint64_t index, std::string_view record) -> Status {
          EXPECT_EQ(index, after + read.size() + 1);
          read.emplace_back(record);
          return std::nullopt;
        },
        &found, &journal);
  }
  Status Open() { return Open(disk); }

  // Writes each as a batch of its own.
  Status Write(const Records& records) {
    for (const std::string& record : records) {
      PendingBatch pending;
      pending.Add(record);
      if (Status fault = journal->Write(&pending)) return fault;
    }
    return std::nullopt;
  }
  Status WriteAndSync(const Records& records) {
    if (Status fault = Write(records)) return fault;
    return journal->Sync();
  }

  // Opens what a kill or a power cut left.
  Status OpenImage(const SimulatedDisk::Image& image) {
    journal.reset();
    left = std::make_unique<SimulatedDisk>(image);
    return Open(*left);
  }

  uint64_t segment_bytes = 4096;
  SimulatedDisk disk;
  std::unique_ptr<SimulatedDisk> left;
  std::unique_ptr<Journal> journal;
  Journal::Found found;
  Records read;
};

std::string MessageOf(const Status& fault) { return fault ? fault->message : "no fault"; }

TEST_F(JournalTest, ReadsWhatWasWrittenInOrder) {
  ASSERT_FALSE(Open());
  EXPECT_FALSE(WriteAndSync({"one", "", std::string(1000, 'x')}));
  EXPECT_EQ(journal->durable_index(), 3u);
  ASSERT_FALSE(OpenImage(disk.Now()));
  EXPECT_EQ(read, (Records{"one", "", std::string(1000, 'x')}));
  EXPECT_EQ(journal->next_index(), 4u);
}

TEST_F(JournalTest, ABatchHasManyRecords) {
  ASSERT_FALSE(Open());
  PendingBatch pending;
  for (const char* record : {"a", "b", "c"}) pending.Add(record);
  ASSERT_FALSE(journal->Write(&pending));
  EXPECT_TRUE(pending.empty());
  EXPECT_EQ(journal->next_index(), 4u);
  ASSERT_FALSE(OpenImage(disk.Now()));
  EXPECT_EQ(read, (Records{"a", "b", "c"}));
}

TEST_F(JournalTest, GoesOnWhereItEnded) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one"}));
  journal.reset();
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"two"}));
  ASSERT_FALSE(OpenImage(disk.Now()));
  EXPECT_EQ(read, (Records{"one", "two"}));
}

TEST_F(JournalTest, ReadsOnlyWhatTheSnapshotLacks) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one", "two", "three"}));
  journal.reset();
  ASSERT_FALSE(Open(disk, 2));
  EXPECT_EQ(read, (Records{"three"}));
}

TEST_F(JournalTest, AFullSegmentIsFollowedByTheNext) {
  ASSERT_FALSE(Open());
  const Records records(20, std::string(900, 'r'));
  ASSERT_FALSE(WriteAndSync(records));
  ASSERT_FALSE(OpenImage(disk.Now()));
  EXPECT_EQ(found.segments, 5u);
  EXPECT_EQ(read, records);
}

TEST_F(JournalTest, ABatchLargerThanASegmentGetsOneOfItsOwn) {
  ASSERT_FALSE(Open());
  const Records records = {"small", std::string(100'000, 'l'), "small"};
  ASSERT_FALSE(WriteAndSync(records));
  ASSERT_FALSE(OpenImage(disk.Now()));
  EXPECT_EQ(read, records);
}

TEST_F(JournalTest, TrimKeepsWhatTheSnapshotLacks) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync(Records(20, std::string(900, 'r'))));
  ASSERT_FALSE(journal->TrimTo(10));
  journal.reset();
  ASSERT_FALSE(Open(disk, 10));
  EXPECT_EQ(read.size(), 10u);
  EXPECT_EQ(found.segments, 3u);
}

TEST_F(JournalTest, ARolledSegmentIsDurableAndNotWrittenAnyMore) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(Write({"one", "two"}));
  EXPECT_EQ(journal->sealed_index(), 0u);
  ASSERT_FALSE(journal->Roll());
  EXPECT_EQ(journal->sealed_index(), 2u);
  EXPECT_EQ(journal->durable_index(), 2u);
  const std::string sealed = disk.Now().at("d/" + SegmentName(1));
  ASSERT_FALSE(WriteAndSync({"three"}));
  EXPECT_EQ(disk.Now().at("d/" + SegmentName(1)), sealed);
  ASSERT_FALSE(OpenImage(disk.AfterPowerCut(1)));
  EXPECT_EQ(read, (Records{"one", "two", "three"}));
  EXPECT_EQ(found.segments, 2u);
}

TEST_F(JournalTest, RollingWithoutRecordsDoesNothing) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one"}));
  ASSERT_FALSE(journal->Roll());
  const uint64_t calls = disk.calls();
  ASSERT_FALSE(journal->Roll());
  EXPECT_EQ(disk.calls(), calls);
  EXPECT_EQ(journal->sealed_index(), 1u);
}

TEST_F(JournalTest, ASealedSegmentGoesWhenASnapshotHasIt) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one", "two"}));
  ASSERT_FALSE(journal->Roll());
  ASSERT_FALSE(journal->TrimTo(journal->sealed_index()));
  ASSERT_FALSE(WriteAndSync({"three"}));
  journal.reset();
  ASSERT_FALSE(Open(disk, 2));
  EXPECT_EQ(read, (Records{"three"}));
  EXPECT_EQ(found.segments, 1u);
}

TEST_F(JournalTest, MissingSegmentsAreDamage) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync(Records(20, std::string(900, 'r'))));
  ASSERT_FALSE(journal->TrimTo(10));
  journal.reset();
  EXPECT_NE(MessageOf(Open(disk, 5)).find("the records before it are missing"), std::string::npos);
  SimulatedDisk::Image image = disk.Now();
  image.erase(std::next(image.begin()));
  EXPECT_NE(MessageOf(OpenImage(image)).find("is damaged"), std::string::npos);
}

TEST_F(JournalTest, AJournalThatEndsBeforeTheSnapshotIsRefused) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one"}));
  journal.reset();
  EXPECT_NE(MessageOf(Open(disk, 2)).find("ends with record 1"), std::string::npos);
}

TEST_F(JournalTest, ATailThatWasNeverConfirmedIsCutAndTold) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one"}));
  ASSERT_FALSE(Write({std::string(2000, 't')}));
  SimulatedDisk::Image image = disk.Now();
  image["d/journal-00000000000000000001"].replace(2000, 8, 8, '\0');
  ASSERT_FALSE(OpenImage(image));
  EXPECT_EQ(read, (Records{"one"}));
  EXPECT_GT(found.bytes_cut, 2000u);
  EXPECT_NE(found.cut.find("not whole"), std::string::npos);
  // What comes next is in its place.
  ASSERT_FALSE(WriteAndSync({"two"}));
  ASSERT_FALSE(OpenImage(left->Now()));
  EXPECT_EQ(read, (Records{"one", "two"}));
  EXPECT_EQ(found.cut, "");
}

TEST_F(JournalTest, ATailOfManyBatchesThatWereNotSyncedIsCut) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one"}));
  ASSERT_FALSE(Write({"two", "three", "four"}));
  SimulatedDisk::Image image = disk.Now();
  std::string& segment = image["d/journal-00000000000000000001"];
  segment[segment.find("two")] = 'x';
  ASSERT_FALSE(OpenImage(image));
  EXPECT_EQ(read, (Records{"one"}));
}

TEST_F(JournalTest, WhatWasConfirmedAndIsNotThereIsDamage) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one", "two"}));
  ASSERT_FALSE(WriteAndSync({"three"}));
  SimulatedDisk::Image image = disk.Now();
  std::string& segment = image["d/journal-00000000000000000001"];
  segment[segment.find("two")] = 'x';
  const std::string message = MessageOf(OpenImage(image));
  EXPECT_NE(message.find("d/journal-00000000000000000001 is damaged at byte"), std::string::npos);
  EXPECT_NE(message.find("The last good record is 1"), std::string::npos);
}

TEST_F(JournalTest, AClientCannotMakeUpABatch) {
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one"}));
  // A whole valid segment of another salt, as the value of a record that is torn.
  SimulatedDisk other;
  std::unique_ptr<Journal> forged;
  Journal::Found ignored;
  ASSERT_FALSE(Journal::Open(
      other, {.folder = "d", .segment_bytes = 1000, .salt = 1}, 0,
      [](uint64_t, std::string_view) -> Status { return std::nullopt; }, &ignored, &forged));
  for (int i = 0; i < 5; ++i) {
    PendingBatch pending;
    pending.Add("forged");
    ASSERT_FALSE(forged->Write(&pending));
    ASSERT_FALSE(forged->Sync());
  }
  ASSERT_FALSE(Write({other.Now().begin()->second}));
  SimulatedDisk::Image image = disk.Now();
  std::string& segment = image["d/journal-00000000000000000001"];
  segment[segment.rfind("forged")] = 'x';
  ASSERT_FALSE(OpenImage(image));
  EXPECT_EQ(read, (Records{"one"}));
}

// A change of the format makes journals unreadable: it needs a new version, and this stays as a
// test that the old one is read.
TEST_F(JournalTest, TheFormatIsAsItWas) {
  segment_bytes = 176;
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync({"one", "two"}));
  const std::string bytes = disk.Now().at("d/journal-00000000000000000001");
  std::string hex;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[static_cast<uint8_t>(byte) / 16], kDigits[static_cast<uint8_t>(byte) % 16]};
  }
  EXPECT_EQ(hex,
            "636f68656c644a31"    // magic
            "0100000000000000"    // version, features
            "6712000000000000"    // salt
            "0100000000000000"    // first
            "0000000000000000"    // previous
            "b000000000000000"    // bytes
            "0000000000000000"    // zeros
            "c08b1a4acdd87f70"    // checksum
            "0400000001000000"    // size, count
            "0100000000000000"    // first
            "0000000000000000"    // durable
            "0000000000000000"    // previous
            "06a4970c7eefe989"    // body checksum
            "7f27ff5e0b187a5e"    // checksum
            "036f6e65"            // body
            "0400000001000000"    // size, count
            "0200000000000000"    // first
            "0000000000000000"    // durable
            "7f27ff5e0b187a5e"    // previous
            "b9101b809b734524"    // body checksum
            "73f23be3a78f399b"    // checksum
            "0374776f"            // body
            "0000000000000000");  // zeros
}

// Writes records of growing size, with a sync after each third, and a mark at the end.
Records ManyRecords() {
  Records records;
  for (size_t i = 0; i < 40; ++i)
    records.push_back(std::string(i * 3, static_cast<char>('a' + i % 26)));
  return records;
}

TEST_F(JournalTest, EveryFlippedBitIsDamageOrHarmless) {
  segment_bytes = 1024;
  ASSERT_FALSE(Open());
  const Records records = ManyRecords();
  ASSERT_FALSE(WriteAndSync(records));
  ASSERT_FALSE(journal->Mark());
  const SimulatedDisk::Image good = disk.Now();
  int refused = 0;
  for (const auto& [path, bytes] : good) {
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      SimulatedDisk::Image image = good;
      image[path][bit / 8] = static_cast<char>(image[path][bit / 8] ^ (1 << (bit % 8)));
      if (OpenImage(image)) {
        ++refused;
      } else {
        ASSERT_EQ(read, records) << path << " bit " << bit;
      }
    }
  }
  EXPECT_GT(refused, 20'000);
}

TEST_F(JournalTest, EveryTruncationIsDamage) {
  segment_bytes = 1024;
  ASSERT_FALSE(Open());
  ASSERT_FALSE(WriteAndSync(ManyRecords()));
  const SimulatedDisk::Image good = disk.Now();
  for (const auto& [path, bytes] : good) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      SimulatedDisk::Image image = good;
      image[path].resize(size);
      ASSERT_TRUE(OpenImage(image)) << path << " " << size;
    }
  }
}

// One run of a daemon that writes, syncs, prepares segments and trims, until a call fails.
struct Traffic {
  Records written;       // Each may be there after a crash ...
  uint64_t durable = 0;  // ... and up to this one all must.
  uint64_t trimmed = 0;  // Up to this one they may be gone.
};

Traffic WriteMuch(Journal& journal, uint64_t seed) {
  std::mt19937_64 random(seed);
  Traffic run;
  while (run.written.size() < 60) {
    PendingBatch pending;
    Records batch(random() % 4 + 1);
    for (std::string& record : batch) {
      record = std::to_string(random()) + std::string(random() % 700, 'r');
      pending.Add(record);
    }
    run.written.insert(run.written.end(), batch.begin(), batch.end());
    if (journal.Write(&pending)) return run;
    const uint64_t written = journal.next_index() - 1;
    switch (random() % 5) {
      case 0:
        if (journal.Sync()) return run;
        run.durable = written;
        break;
      case 1:
        if (journal.PrepareNext(random() % 3000)) return run;
        break;
      case 2:
        run.trimmed = run.durable / 2;
        if (journal.TrimTo(run.trimmed)) return run;
        break;
      case 3:
        if (journal.Mark()) return run;
        break;
      case 4:
        if (journal.Roll()) return run;
        run.durable = written;
        break;
    }
  }
  return run;
}

// What was read from an image is a beginning of what was written, and has all that was confirmed.
void ExpectRecovered(const Traffic& run, uint64_t after, const Records& read,
                     const std::string& what) {
  ASSERT_LE(after + read.size(), run.written.size()) << what;
  ASSERT_GE(after + read.size(), run.durable) << what;
  for (size_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i], run.written[after + i]) << what;
}

TEST_F(JournalTest, APowerCutLosesNothingThatWasConfirmed) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    for (uint64_t calls = 1;; calls += 7) {
      SimulatedDisk cut;
      journal.reset();
      ASSERT_FALSE(Open(cut));
      cut.FailFrom(calls, EIO);
      const Traffic run = WriteMuch(*journal, seed);
      for (uint64_t image = 0; image < 4; ++image) {
        const std::string what = "seed " + std::to_string(seed) + " call " + std::to_string(calls) +
                                 " image " + std::to_string(image);
        journal.reset();
        SimulatedDisk recovered(cut.AfterPowerCut(image));
        const Status fault = Open(recovered, run.trimmed);
        ASSERT_FALSE(fault) << what << ": " << MessageOf(fault);
        ExpectRecovered(run, run.trimmed, read, what);
      }
      if (run.written.size() >= 60) break;
    }
  }
}

TEST_F(JournalTest, AnyFailedCallIsToldAndLosesNothing) {
  for (const int code : {EIO, ENOSPC}) {
    for (uint64_t call = 1;; ++call) {
      SimulatedDisk failing;
      failing.FailFrom(call, code);
      journal.reset();
      const Status opened = Open(failing);
      const Traffic run = opened ? Traffic() : WriteMuch(*journal, 5);
      const bool whole = failing.calls() < call;
      ASSERT_TRUE(whole || opened || run.written.size() < 60 || failing.calls() == call);
      journal.reset();
      failing.FailNoMore();
      const Status fault = Open(failing, run.trimmed);
      ASSERT_FALSE(fault) << "call " << call << ": " << MessageOf(fault);
      ExpectRecovered(run, run.trimmed, read, "call " + std::to_string(call));
      if (whole) break;
    }
  }
}

// What a sync that failed did not write is still read, and no later sync writes it; and a folder
// may have names that are not durable.
TEST_F(JournalTest, WhatIsThereAfterAFailureIsMadeDurableWhenItIsRead) {
  for (uint64_t call = 1;; ++call) {
    const std::string what = "call " + std::to_string(call);
    SimulatedDisk failing;
    journal.reset();
    ASSERT_FALSE(Open(failing));
    failing.FailFrom(call, EIO);
    const Traffic run = WriteMuch(*journal, 5);
    journal.reset();
    SimulatedDisk restarted = failing.AfterKill();
    ASSERT_FALSE(Open(restarted, run.trimmed)) << what;
    const Records before = std::exchange(read, {});
    journal.reset();
    restarted.ForEachPowerCut(0, [&](const SimulatedDisk::Image& image) {
      SimulatedDisk cut(image);
      const Status fault = Open(cut, run.trimmed);
      ASSERT_FALSE(fault) << what << ": " << MessageOf(fault);
      ASSERT_EQ(read, before) << what;
    });
    if (run.written.size() >= 60) break;
  }
}

}  // namespace
}  // namespace coheld::journal
