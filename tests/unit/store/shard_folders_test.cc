// The file that says of how many shards a folder is, on a simulated disk.
#include "server/store/shard_folders.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/unit/journal/simulated_disk.h"

namespace coheld::store {
namespace {

using journal::SimulatedDisk;

std::optional<uint32_t> Read(journal::Files& files) {
  std::optional<uint32_t> shards;
  EXPECT_FALSE(ReadShards(files, "d", &shards));
  return shards;
}

void Write(journal::Files& files, const std::string& text) {
  std::unique_ptr<journal::File> file;
  ASSERT_FALSE(files.Create(std::string("d/") + kShardsName, &file));
  ASSERT_FALSE(file->WriteAt(0, text));
}

TEST(ShardFolders, AreOfAsManyAsWasWritten) {
  SimulatedDisk disk;
  EXPECT_EQ(Read(disk), std::nullopt);
  ASSERT_FALSE(WriteShards(disk, "d", 12));
  EXPECT_EQ(Read(disk), 12u);
}

TEST(ShardFolders, WhatWasWrittenSurvivesAPowerCut) {
  SimulatedDisk disk;
  ASSERT_FALSE(WriteShards(disk, "d", 3));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedDisk after(disk.AfterPowerCut(seed));
    EXPECT_EQ(Read(after), 3u) << "seed " << seed;
  }
}

TEST(ShardFolders, ANumberThatCannotBeIsDamage) {
  for (const char* const text : {"", "3", "three\n", "0\n", "1\n", "65\n", "3\n4\n", " 3\n"}) {
    SimulatedDisk disk;
    Write(disk, text);
    std::optional<uint32_t> shards;
    const journal::Status fault = ReadShards(disk, "d", &shards);
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->code, 0);
    EXPECT_NE(fault->message.find("d/shards is damaged"), std::string::npos);
  }
}

TEST(ShardFolders, HaveTheNamesOfTheirNumbers) {
  EXPECT_EQ(ShardFolder("d", 10), "d/shard-10");
  EXPECT_TRUE(IsShardFolder("shard-10"));
  EXPECT_FALSE(IsShardFolder(kShardsName));
}

}  // namespace
}  // namespace coheld::store
