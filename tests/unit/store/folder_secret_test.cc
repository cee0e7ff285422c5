// The secret of a folder on a simulated disk.
#include "server/store/folder_secret.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/unit/journal/simulated_disk.h"

namespace coheld::store {
namespace {

using journal::SimulatedDisk;
using journal::Status;

std::string Load(journal::Files& files) {
  std::string secret;
  const Status fault = LoadSecret(files, "d", &secret);
  EXPECT_FALSE(fault) << fault->message;
  return secret;
}

TEST(FolderSecret, IsMadeOnce) {
  SimulatedDisk disk;
  const std::string secret = Load(disk);
  EXPECT_EQ(secret.size(), kSecretBytes);
  EXPECT_EQ(Load(disk), secret);
}

TEST(FolderSecret, IsAnotherInEachFolder) {
  SimulatedDisk one, other;
  EXPECT_NE(Load(one), Load(other));
}

TEST(FolderSecret, OnceItWasReturnedItSurvivesAPowerCut) {
  SimulatedDisk disk;
  const std::string secret = Load(disk);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedDisk after(disk.AfterPowerCut(seed));
    EXPECT_EQ(Load(after), secret) << seed;
  }
}

TEST(FolderSecret, WhateverCallFailsTheNextStartMakesOne) {
  bool failed = true;
  for (uint64_t call = 1; failed; ++call) {
    SimulatedDisk disk;
    disk.FailFrom(call, EIO);
    std::string secret;
    failed = LoadSecret(disk, "d", &secret).has_value();
    for (uint64_t seed = 0; failed && seed < 20; ++seed) {
      SimulatedDisk after(disk.AfterPowerCut(seed));
      EXPECT_EQ(Load(after).size(), kSecretBytes) << call << " " << seed;
    }
  }
}

TEST(FolderSecret, OfAnotherSizeIsRefusedAndSaysWhatToDo) {
  SimulatedDisk disk(SimulatedDisk::Image{{"d/secret", "short"}});
  std::string secret;
  const Status fault = LoadSecret(disk, "d", &secret);
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->message.find("d/secret is damaged"), std::string::npos);
  EXPECT_NE(fault->message.find("Remove it"), std::string::npos);
}

}  // namespace
}  // namespace coheld::store
