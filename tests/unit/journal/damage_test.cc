// Every flipped bit and every truncation of a journal of 64 KiB is refused, or harmless. (Under a
// sanitizer every seventh bit.)
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "server/journal/journal.h"
#include "server/journal/reading.h"
#include "tests/unit/journal/simulated_disk.h"
#include "tests/unit/sanitized.h"

namespace coheld::journal {
namespace {

constexpr size_t kJournalBytes = 64 << 10;
constexpr size_t kSegmentBytes = 4 << 10;

class DamageTest : public ::testing::Test {
 protected:
  // Writes a journal of that size, with all that there can be in it: batches of one record and of
  // many, marks, room at the ends of segments; all of it durable.
  void SetUp() override {
    std::unique_ptr<Journal> journal;
    Journal::Found found;
    ASSERT_FALSE(Journal::Open(
        disk, {.folder = "d", .segment_bytes = kSegmentBytes, .salt = 4711}, 0,
        [](uint64_t, std::string_view) -> Status { return std::nullopt; }, &found, &journal));
    std::mt19937_64 random(1);
    while (disk.Now().size() < kJournalBytes / kSegmentBytes) {
      PendingBatch pending;
      for (uint64_t count = random() % 4 + 1; count > 0; --count) {
        records.push_back(std::to_string(random()) + std::string(random() % 200, 'r'));
        pending.Add(records.back());
      }
      ASSERT_FALSE(journal->Write(&pending));
      const bool syncs = random() % 3 == 0;
      ASSERT_FALSE(syncs ? journal->Sync() : Status());
      ASSERT_FALSE(syncs && random() % 2 == 0 ? journal->Mark() : Status());
    }
    ASSERT_FALSE(journal->Sync());
    ASSERT_FALSE(journal->Mark());
    good = disk.Now();
    size_t bytes = 0;
    for (const auto& [path, content] : good) bytes += content.size();
    ASSERT_EQ(bytes, kJournalBytes);
  }

  // Reads the journal as it is now, from this segment on. False if it is refused; else it has all
  // records.
  bool Read(const std::string& path) {
    Reading reading;
    bool is_same = true;
    const auto visit = [&](uint64_t index, std::string_view record) -> Status {
      is_same &= record == records.at(index - 1);
      return std::nullopt;
    };
    const uint64_t after = *FirstOf(path.substr(2)) - 1;
    if (ReadJournal(disk, {.folder = "d", .after = after}, visit, &reading)) return false;
    EXPECT_TRUE(is_same);
    EXPECT_EQ(reading.next_index, records.size() + 1);
    return true;
  }
  bool Read() { return Read(good.begin()->first); }

  SimulatedDisk disk;
  SimulatedDisk::Image good;
  std::vector<std::string> records;
};

TEST_F(DamageTest, AFlippedBitIsRefusedOrHarmless) {
  size_t refused = 0;
  size_t flipped = 0;
  std::string before = good.begin()->first;  // The segment which the damaged one goes on from.
  for (const auto& [path, bytes] : good) {
    std::string& now = disk.Bytes(path);
    for (size_t bit = 0; bit < bytes.size() * 8 && !HasFailure();
         bit += coheld::testing::kStepHere) {
      ++flipped;
      now[bit / 8] = static_cast<char>(now[bit / 8] ^ (1 << (bit % 8)));
      if (!Read(before)) ++refused;
      ASSERT_FALSE(HasFailure()) << path << " bit " << bit;
      now[bit / 8] = bytes[bit / 8];
    }
    before = path;
  }
  ASSERT_TRUE(Read());
  std::cout << flipped << " flipped bits, " << refused << " refused\n";
  // The rest are in the zeros where segments end.
  EXPECT_GT(refused, flipped / 100 * 85);
}

TEST_F(DamageTest, ATruncationIsRefused) {
  std::string before = good.begin()->first;
  for (const auto& [path, bytes] : good) {
    std::string& now = disk.Bytes(path);
    for (size_t size = bytes.size(); size > 0 && !HasFailure(); --size) {
      now.resize(size - 1);
      ASSERT_FALSE(Read(before)) << path << " " << size;
    }
    now = bytes;
    before = path;
  }
  ASSERT_TRUE(Read());
}

}  // namespace
}  // namespace coheld::journal
