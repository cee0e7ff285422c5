// What a child closes, and what it keeps.
#include "client/cpp/src/fork_guard.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include <gtest/gtest.h>

namespace coheld::core {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

bool InChild(const std::function<bool()>& task) {
  const pid_t pid = fork();
  if (pid == 0) _exit(task() ? 0 : 1);
  int status = 0;
  return waitpid(pid, &status, 0) == pid && status == 0;
}

TEST(ForkGuardTest, AChildClosesOwnedDescriptorsOnly) {
  const int owned = dup(0);
  const int other = dup(0);
  MarkOwned(owned);
  EXPECT_TRUE(InChild([&] { return !IsOpen(owned) && IsOpen(other); }));
  EXPECT_TRUE(IsOpen(owned));
  UnmarkOwned(owned);
  EXPECT_TRUE(InChild([&] { return IsOpen(owned); }));
  close(owned);
  close(other);
}

TEST(ForkGuardTest, EachGenerationDiffersFromItsParents) {
  const uint64_t parent = ForkGeneration();
  EXPECT_TRUE(InChild([&] {
    const uint64_t child = ForkGeneration();
    return child != parent && InChild([&] { return ForkGeneration() != child; });
  }));
  EXPECT_EQ(ForkGeneration(), parent);
}

}  // namespace
}  // namespace coheld::core
