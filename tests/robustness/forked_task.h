// Tasks of a test in a process of their own, which may leave namespaces that the test needs. Tests
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace coheld::testing {

// Runs a task in a forked child, which dies with the test and after two minutes. Returns what the
// task complains of, or throws; empty if of nothing. "skip: ..." tells that it is not possible
// here.
std::string InFork(const std::function<std::string()>& task);

// Runs a task as InFork does, with a file system of its own of so many bytes mounted at a folder.
std::string OnSmallDisk(const std::string& folder, uint64_t bytes,
                        const std::function<std::string()>& task);

// Makes the process root of a new user namespace, if it is not root: then it may make the others.
// False if that is not permitted. For a process with one thread.
bool BecomeRoot();

// Reports what a task in a fork complains of; skips if it is not possible here.
#define COHELD_EXPECT_CONTENT(complaint)                              \
  do {                                                                \
    const std::string text = (complaint);                             \
    if (text.rfind("skip: ", 0) == 0) GTEST_SKIP() << text.substr(6); \
    EXPECT_EQ(text, "");                                              \
  } while (false)

}  // namespace coheld::testing
