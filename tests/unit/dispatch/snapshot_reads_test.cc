// Reads of snapshots by those who make backups.
#include "server/dispatch/snapshot_reads.h"

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "server/journal/snapshot.h"
#include "tests/unit/dispatch/fake_edge.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::dispatch {
namespace {

using engine::TimeMs;
using journal::SimulatedDisk;

std::string Content(uint64_t index) { return std::string(600'000, static_cast<char>('a' + index)); }

// Snapshots 1 to 6 in the folder "d"; here any bytes do.
class SnapshotReadsTest : public testing::Test {
 protected:
  SnapshotReadsTest() {
    SimulatedDisk::Image image;
    for (uint64_t index = 1; index <= 6; ++index) image[Path(index)] = Content(index);
    disk = SimulatedDisk(image);
  }
  static std::string Path(uint64_t index) { return "d/" + journal::SnapshotName(index); }

  SimulatedDisk disk;
  SnapshotReads reads{disk, "d"};
};

TEST_F(SnapshotReadsTest, PartsMakeTheWhole) {
  std::string all;
  int parts = 0;
  while (all.size() < Content(1).size()) {
    const auto part = reads.Read(1, all.size(), TimeMs{0});
    ASSERT_TRUE(part.ok());
    EXPECT_EQ(part.value().total, Content(1).size());
    all += part.value().bytes;
    ++parts;
  }
  EXPECT_EQ(all, Content(1));
  EXPECT_EQ(parts, 3);
  EXPECT_EQ(reads.open(), 0u);
}

TEST_F(SnapshotReadsTest, WhatIsBeingReadStaysWhenItIsRemoved) {
  ASSERT_TRUE(reads.Read(1, 0, TimeMs{0}).ok());
  ASSERT_FALSE(disk.Remove(Path(1)));
  const auto rest = reads.Read(1, SnapshotReads::kPartBytes, TimeMs{0});
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest.value().bytes.front(), 'b');
}

TEST_F(SnapshotReadsTest, WhatIsGoneIsSaid) {
  ASSERT_FALSE(disk.Remove(Path(1)));
  const auto part = reads.Read(1, 0, TimeMs{0});
  ASSERT_FALSE(part.ok());
  EXPECT_EQ(part.failure().reason, v1::ERROR_REASON_SNAPSHOT_FAILED);
  EXPECT_NE(part.failure().message.find("snapshot 1 cannot be read"), std::string::npos);
}

TEST_F(SnapshotReadsTest, AnOffsetBeyondTheEndIsRefused) {
  const auto part = reads.Read(1, Content(1).size() + 1, TimeMs{0});
  ASSERT_FALSE(part.ok());
  EXPECT_EQ(part.failure().reason, v1::ERROR_REASON_INVALID_ARGUMENT);
  EXPECT_EQ(reads.Read(1, Content(1).size(), TimeMs{0}).value().bytes, "");
}

TEST_F(SnapshotReadsTest, FewAreOpenAtOnce) {
  for (uint64_t index = 1; index <= 6; ++index) {
    ASSERT_TRUE(reads.Read(index, 0, TimeMs{static_cast<int64_t>(index)}).ok());
  }
  EXPECT_EQ(reads.open(), SnapshotReads::kOpenMax);
  ASSERT_FALSE(disk.Remove(Path(1)));
  ASSERT_FALSE(disk.Remove(Path(6)));
  EXPECT_FALSE(reads.Read(1, 0, TimeMs{7}).ok());  // Not read for longest.
  EXPECT_TRUE(reads.Read(6, 0, TimeMs{7}).ok());
}

TEST_F(SnapshotReadsTest, NobodyIsWaitedForForEver) {
  ASSERT_TRUE(reads.Read(1, 0, TimeMs{0}).ok());
  ASSERT_TRUE(reads.Read(2, 0, TimeMs{50'000}).ok());
  reads.CloseIdle(TimeMs{70'000});
  EXPECT_EQ(reads.open(), 1u);
}

TEST_F(SnapshotReadsTest, OneThatIsLeftIsClosedWithoutAnotherRead) {
  FakeLoop loop;
  Dispatcher dispatcher(loop, {}, {}, "");
  dispatcher.SetSnapshotReads(&reads);
  Client client(dispatcher);
  v1::AdminReadSnapshotRequest request;
  request.set_index(1);
  client.Call<v1::AdminReadSnapshotReply>("Admin/ReadSnapshot", request);
  loop.Pass(SnapshotReads::kIdleMs - 1);
  EXPECT_EQ(reads.open(), 1u);
  loop.Pass(1);
  EXPECT_EQ(reads.open(), 0u);
  EXPECT_EQ(reads.due(), engine::kNever);
}

}  // namespace
}  // namespace coheld::dispatch
