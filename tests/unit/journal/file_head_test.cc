// Files that are not to be read: each is refused with its name and what it needs.
#include "server/journal/file_head.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "server/journal/journal.h"
#include "server/journal/little_endian.h"
#include "server/journal/snapshot.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::journal {
namespace {

constexpr char kSegment[] = "d/journal-00000000000000000001";
constexpr char kSnapshot[] = "d/snapshot-00000000000000000003";

// A folder with three records and a snapshot that has them all.
SimulatedDisk::Image Folder() {
  SimulatedDisk disk;
  Journal::Found found;
  std::unique_ptr<Journal> journal;
  const auto visit = [](uint64_t, std::string_view) -> Status { return std::nullopt; };
  EXPECT_FALSE(
      Journal::Open(disk, {.folder = "d", .segment_bytes = 4096}, 0, visit, &found, &journal));
  PendingBatch pending;
  for (const char* record : {"a", "b", "c"}) pending.Add(record);
  EXPECT_FALSE(journal->Write(&pending));
  EXPECT_FALSE(journal->Sync());
  SnapshotWriter writer(disk, "d", 3);
  EXPECT_FALSE(writer.Add("abc"));
  EXPECT_FALSE(writer.Finish());
  return disk.Now();
}

// Changes the head of a file, seals it again, and returns the fault of reading the file.
Status ReadChanged(const std::string& path, const std::function<void(std::string*)>& change) {
  SimulatedDisk::Image image = Folder();
  std::string& bytes = image.at(path);
  std::string head = bytes.substr(0, kFileHeadBytes);
  change(&head);
  SealHead(&head);
  bytes.replace(0, kFileHeadBytes, head);
  SimulatedDisk disk(image);
  if (path == kSnapshot) return CheckSnapshot(disk, path);
  const auto visit = [](uint64_t, std::string_view) -> Status { return std::nullopt; };
  Reading reading;
  return ReadJournal(disk, {.folder = "d"}, visit, &reading);
}

class FileHeadTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Files, FileHeadTest, testing::Values(kSegment, kSnapshot),
                         [](const auto& file) {
                           return std::string(file.param == kSegment ? "Segment" : "Snapshot");
                         });

TEST_P(FileHeadTest, IsReadAsItWasWritten) {
  EXPECT_FALSE(ReadChanged(GetParam(), [](std::string*) {}));
}

TEST_P(FileHeadTest, ANewerVersionIsRefusedByName) {
  const Status fault =
      ReadChanged(GetParam(), [](std::string* head) { PutNumber(uint32_t{2}, 8, head); });
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, kNewerFile);
  EXPECT_EQ(fault->message,
            GetParam() +
                " is of a newer coheld: it has version 2, and the newest that this program reads "
                "is 1. Use the coheld that wrote it, or a newer one");
}

TEST_P(FileHeadTest, UnknownFeaturesAreRefusedByName) {
  const Status fault =
      ReadChanged(GetParam(), [](std::string* head) { PutNumber(uint32_t{0x24}, 12, head); });
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, kNewerFile);
  EXPECT_EQ(fault->message,
            GetParam() +
                " is of a newer coheld: it needs features that this program does not have: bits "
                "2, 5. Use the coheld that wrote it, or a newer one");
}

TEST_P(FileHeadTest, AnotherMagicIsDamage) {
  const Status fault = ReadChanged(GetParam(), [](std::string* head) { head->at(6) = 'X'; });
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, 0);
  EXPECT_NE(fault->message.find(GetParam() + " is damaged at byte 0: it does not begin as a "),
            std::string::npos);
}

}  // namespace
}  // namespace coheld::journal
