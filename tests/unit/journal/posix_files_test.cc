// The journal's files on a real file system.
#include "server/journal/posix_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>

#include "server/journal/folder_lock.h"
#include "server/journal/journal.h"

namespace coheld::journal {
namespace {

class PosixFilesTest : public testing::Test {
 protected:
  PosixFilesTest() {
    std::string path = testing::TempDir() + "/coheld_journal_XXXXXX";
    folder = mkdtemp(path.data());
  }
  ~PosixFilesTest() override { std::filesystem::remove_all(folder); }

  PosixFiles files;
  std::string folder;
};

TEST_F(PosixFilesTest, ReadsWhatWasWritten) {
  std::unique_ptr<File> file;
  ASSERT_FALSE(files.Create(folder + "/f", &file));
  ASSERT_FALSE(file->WriteAt(3, "abc"));
  ASSERT_FALSE(file->Sync());
  std::string bytes;
  ASSERT_FALSE(file->ReadAt(2, 100, &bytes));
  EXPECT_EQ(bytes, std::string("\0abc", 4));
  uint64_t size = 0;
  ASSERT_FALSE(file->Size(&size));
  EXPECT_EQ(size, 6u);
}

TEST_F(PosixFilesTest, ReservingKeepsWhatIsThere) {
  std::unique_ptr<File> file;
  ASSERT_FALSE(files.Create(folder + "/f", &file));
  ASSERT_FALSE(file->WriteAt(0, "abc"));
  ASSERT_FALSE(file->Reserve(3'000'000));
  std::string bytes;
  ASSERT_FALSE(file->ReadAt(0, 4'000'000, &bytes));
  EXPECT_EQ(bytes, "abc" + std::string(2'999'997, '\0'));
}

TEST_F(PosixFilesTest, AFailedCallNamesTheFileAndTheCause) {
  std::unique_ptr<File> file;
  const Status fault = files.Open(folder + "/none", &file);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, ENOENT);
  EXPECT_EQ(fault->message, "open " + folder + "/none: No such file or directory");
  ASSERT_FALSE(files.Create(folder + "/f", &file));
  EXPECT_EQ(files.Create(folder + "/f", &file)->code, EEXIST);
}

TEST_F(PosixFilesTest, FoldersAreListedInOrder) {
  std::unique_ptr<File> file;
  for (const char* name : {"/b", "/a", "/c"}) ASSERT_FALSE(files.Create(folder + name, &file));
  ASSERT_FALSE(files.Rename(folder + "/a", folder + "/d"));
  ASSERT_FALSE(files.Remove(folder + "/b"));
  ASSERT_FALSE(files.SyncFolder(folder));
  std::vector<std::string> names;
  ASSERT_FALSE(files.List(folder, &names));
  EXPECT_EQ(names, (std::vector<std::string>{"c", "d"}));
}

// Forks a process that takes the lock of a folder, does `then`, and ends when it is killed.
pid_t ForkHolder(const std::string& folder, const std::function<void()>& then) {
  int ready[2];
  if (pipe(ready) != 0) return -1;
  const pid_t holder = fork();
  if (holder == 0) {
    std::unique_ptr<FolderLock> lock;
    if (FolderLock::Take(folder, &lock)) _exit(1);
    then();
    (void)!write(ready[1], "x", 1);
    for (;;) pause();
  }
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return holder;
}

void Kill(pid_t process) {
  kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
}

TEST_F(PosixFilesTest, AFolderHasOneUser) {
  const pid_t holder = ForkHolder(folder, [] {});
  std::unique_ptr<FolderLock> lock;
  const Status fault = FolderLock::Take(folder, &lock);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, EWOULDBLOCK);
  EXPECT_NE(fault->message.find("in use by process " + std::to_string(holder) + ";"),
            std::string::npos);
  EXPECT_EQ(FolderLock::TakeIfThere(folder, &lock)->code, EWOULDBLOCK);
  Kill(holder);
  EXPECT_FALSE(FolderLock::TakeIfThere(folder, &lock));
  lock.reset();
  EXPECT_FALSE(FolderLock::Take(folder, &lock));
}

// What a daemon starts has its descriptors until it runs its own program.
TEST_F(PosixFilesTest, AFolderIsFreeWhenItsUserIsDeadWhoeverItForked) {
  pid_t* const child = static_cast<pid_t*>(
      mmap(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  Kill(ForkHolder(folder, [child] {
    const pid_t forked = fork();
    while (forked == 0) pause();
    *child = forked;
  }));
  std::unique_ptr<FolderLock> lock;
  EXPECT_FALSE(FolderLock::Take(folder, &lock));
  kill(*child, SIGKILL);
  munmap(child, sizeof(pid_t));
}

TEST_F(PosixFilesTest, AJournalIsReadAgain) {
  const JournalOptions options = {.folder = folder + "/j", .segment_bytes = 10'000, .salt = 7};
  uint64_t records = 0;
  const Journal::Visit count = [&](uint64_t, std::string_view record) -> Status {
    EXPECT_EQ(record, "record");
    ++records;
    return std::nullopt;
  };
  Journal::Found found;
  for (uint64_t round = 0; round < 3; ++round) {
    records = 0;
    std::unique_ptr<Journal> journal;
    ASSERT_FALSE(Journal::Open(files, options, 0, count, &found, &journal));
    EXPECT_EQ(records, round * 500);
    for (int i = 0; i < 500; ++i) {
      PendingBatch pending;
      pending.Add("record");
      ASSERT_FALSE(journal->Write(&pending));
    }
    ASSERT_FALSE(journal->Sync());
  }
}

}  // namespace
}  // namespace coheld::journal
