// A data folder on a real disk: made, locked, and made again from what is in it.
#include "server/store/data_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "server/engine/input_log.h"
#include "server/journal/posix_files.h"

namespace coheld::store {
namespace {

using journal::Status;

class DataFolderTest : public ::testing::Test {
 protected:
  DataFolderTest() {
    std::string pattern = ::testing::TempDir() + "coheld-XXXXXX";
    parent_ = ::mkdtemp(pattern.data());
  }
  ~DataFolderTest() override { std::filesystem::remove_all(parent_); }

  Status Open(const std::string& path, DataFolder* folder) {
    return OpenDataFolder(
        files_, {.folder = path, .segment_bytes = 4096}, [](const recovery::Report&) {}, folder);
  }

  journal::PosixFiles files_;
  std::string parent_;
};

TEST_F(DataFolderTest, IsMadeForItsOwnerAlone) {
  DataFolder folder;
  const Status fault = Open(parent_ + "/data/", &folder);
  ASSERT_FALSE(fault) << fault->message;
  EXPECT_TRUE(folder.report.empty());
  struct stat status {};
  ASSERT_EQ(::stat((parent_ + "/data").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((parent_ + "/data/secret").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(DataFolderTest, IsNotMadeWithItsParents) {
  DataFolder folder;
  const Status fault = Open(parent_ + "/no/data", &folder);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, ENOENT);
  EXPECT_NE(fault->message.find(parent_ + "/no/data"), std::string::npos);
}

TEST_F(DataFolderTest, IsOneProcesssAtATime) {
  DataFolder folder;
  ASSERT_FALSE(Open(parent_ + "/data", &folder));
  const pid_t other = ::fork();
  if (other == 0) {
    DataFolder second;
    const Status fault = Open(parent_ + "/data", &second);
    ::_exit(fault && fault->code == EWOULDBLOCK ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

TEST_F(DataFolderTest, GivesBackWhatWasRecorded) {
  std::string secret;
  {
    DataFolder folder;
    ASSERT_FALSE(Open(parent_ + "/data", &folder));
    secret = folder.secret;
    std::string record;
    engine::EncodeInput(
        {.kind = engine::Input::Kind::kOpenSession,
         .stamp = {.owner = {.session = engine::SessionId{7}}, .now = engine::TimeMs{99}},
         .ms = 1000},
        &record);
    journal::PendingBatch batch;
    batch.Add(record);
    ASSERT_FALSE(folder.journal->Write(&batch));
  }
  DataFolder folder;
  ASSERT_FALSE(Open(parent_ + "/data", &folder));
  EXPECT_EQ(folder.secret, secret);
  EXPECT_EQ(folder.report.last_index, 1u);
  EXPECT_EQ(folder.engine->last_session(), engine::SessionId{7});
  EXPECT_EQ(folder.engine->last_time(), engine::TimeMs{99});
}

}  // namespace
}  // namespace coheld::store
