// The examples of FORMAT.md are what the code writes, and reads.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/journal/journal.h"
#include "server/journal/snapshot.h"
#include "tests/unit/journal/simulated_disk.h"
#include "tests/unit/page_example.h"

namespace coheld::journal {
namespace {

using coheld::testing::ToHex;

std::string Example(const std::string& name) {
  return coheld::testing::ExampleIn(COHELD_SOURCE_DIR "/server/journal/FORMAT.md", name);
}

TEST(FormatPageTest, TheSegmentIsWhatIsWritten) {
  SimulatedDisk disk;
  Journal::Found found;
  std::unique_ptr<Journal> journal;
  const auto visit = [](uint64_t, std::string_view) -> Status { return std::nullopt; };
  ASSERT_FALSE(Journal::Open(disk, {.folder = "d", .segment_bytes = 176, .salt = 4711}, 0, visit,
                             &found, &journal));
  PendingBatch pending;
  pending.Add("one");
  pending.Add("two");
  ASSERT_FALSE(journal->Write(&pending));
  ASSERT_FALSE(journal->Sync());
  ASSERT_FALSE(journal->Mark());
  EXPECT_EQ(ToHex(Example("segment")), ToHex(disk.Now().at("d/" + SegmentName(1))));
}

TEST(FormatPageTest, TheSegmentIsRead) {
  SimulatedDisk disk(SimulatedDisk::Image{{"d/" + SegmentName(1), Example("segment")}});
  std::vector<std::string> records;
  Reading reading;
  const auto visit = [&](uint64_t, std::string_view record) -> Status {
    records.emplace_back(record);
    return std::nullopt;
  };
  ASSERT_FALSE(ReadJournal(disk, {.folder = "d"}, visit, &reading));
  EXPECT_EQ(records, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(reading.end.kind, SegmentEnd::Kind::kClean);
}

TEST(FormatPageTest, TheSnapshotIsWhatIsWritten) {
  SimulatedDisk disk;
  SnapshotWriter writer(disk, "d", 7);
  ASSERT_FALSE(writer.Add("abc"));
  ASSERT_FALSE(writer.Finish());
  EXPECT_EQ(ToHex(Example("snapshot")), ToHex(disk.Now().at("d/" + SnapshotName(7))));
}

TEST(FormatPageTest, TheSnapshotIsRead) {
  SimulatedDisk disk(SimulatedDisk::Image{{"d/backup", Example("snapshot")}});
  std::unique_ptr<SnapshotReader> reader;
  ASSERT_FALSE(SnapshotReader::OpenFile(disk, "d/backup", &reader));
  EXPECT_EQ(reader->index(), 7u);
  std::string part;
  ASSERT_FALSE(reader->Next(&part));
  EXPECT_EQ(part, "abc");
  ASSERT_FALSE(reader->Next(&part));
  EXPECT_EQ(part, "");
}

}  // namespace
}  // namespace coheld::journal
