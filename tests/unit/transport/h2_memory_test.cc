// The allocator that nghttp2 gets: blocks keep their bytes, and freed ones come back.
#include "server/transport/h2_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace coheld::transport {
namespace {

class H2MemoryTest : public testing::Test {
 protected:
  void* Take(size_t bytes) { return memory_->malloc(bytes, memory_->mem_user_data); }
  void* TakeZeroed(size_t count, size_t bytes) {
    return memory_->calloc(count, bytes, memory_->mem_user_data);
  }
  void* Resize(void* block, size_t bytes) {
    return memory_->realloc(block, bytes, memory_->mem_user_data);
  }
  void Give(void* block) { memory_->free(block, memory_->mem_user_data); }

  nghttp2_mem* const memory_ = MemoryOfThisThread();
};

TEST_F(H2MemoryTest, BlocksOfAllSizesDoNotOverlap) {
  struct Block {
    uint8_t* bytes;
    size_t size;
    uint8_t mark;
  };
  std::mt19937 random(7);
  std::vector<Block> blocks;
  for (int step = 0; step < 20'000; ++step) {
    if (blocks.size() < 100 || random() % 2 == 0) {
      const size_t size = random() % 1500;
      const Block block{static_cast<uint8_t*>(Take(size)), size, static_cast<uint8_t>(step)};
      std::fill_n(block.bytes, size, block.mark);
      blocks.push_back(block);
      continue;
    }
    std::swap(blocks[random() % blocks.size()], blocks.back());
    const Block block = blocks.back();
    blocks.pop_back();
    ASSERT_EQ(std::count(block.bytes, block.bytes + block.size, block.mark), block.size);
    Give(block.bytes);
  }
  for (const Block& block : blocks) Give(block.bytes);
}

TEST_F(H2MemoryTest, AReusedBlockIsZeroedForCalloc) {
  void* const used = Take(100);
  std::memset(used, 0xFF, 100);
  Give(used);
  auto* const zeroed = static_cast<uint8_t*>(TakeZeroed(4, 25));
  EXPECT_EQ(std::count(zeroed, zeroed + 100, 0), 100);
  Give(zeroed);
}

TEST_F(H2MemoryTest, AGrownBlockKeepsItsBytes) {
  void* block = Resize(nullptr, 3);
  std::memcpy(block, "abc", 3);
  for (const size_t size : {1, 64, 65, 1024, 1025, 100'000}) {
    block = Resize(block, size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(static_cast<char*>(block)[0], 'a');
  }
  EXPECT_EQ(std::memcmp(block, "abc", 3), 0);
  Give(block);
}

TEST_F(H2MemoryTest, ASizeBeyondMemoryIsRefused) {
  EXPECT_EQ(Take(SIZE_MAX), nullptr);
  EXPECT_EQ(TakeZeroed(SIZE_MAX / 2, 3), nullptr);
}

TEST_F(H2MemoryTest, FreeingNothingIsAllowed) { Give(nullptr); }

}  // namespace
}  // namespace coheld::transport
