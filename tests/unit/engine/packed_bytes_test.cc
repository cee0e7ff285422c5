// Bytes of every length come back, wherever they are.
#include "server/engine/packed_bytes.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace coheld::engine {
namespace {

TEST(PackedBytes, AreWhatTheyWereMadeOf) {
  for (size_t size = 0; size < 300; ++size) {
    const std::string front(size / 3, 'f');
    const std::string back(size - size / 3, '\xFF');
    const PackedBytes bytes(front, back);
    EXPECT_EQ(bytes.view(), front + back);
  }
}

TEST(PackedBytes, Move) {
  std::vector<PackedBytes> all;
  for (size_t size = 0; size < 100; ++size) all.emplace_back(std::string(size, 'x'));
  PackedBytes taken = std::move(all[50]);
  EXPECT_EQ(all[50].size(), 0u);
  all[20] = std::move(taken);
  all.erase(all.begin(), all.begin() + 20);
  EXPECT_EQ(all[0].size(), 50u);
  EXPECT_EQ(all[1].size(), 21u);
}

TEST(PackedBytes, TakeThePlaceOfThreeWords) { EXPECT_EQ(sizeof(PackedBytes), 24u); }

}  // namespace
}  // namespace coheld::engine
