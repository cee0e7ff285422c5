// A sequence in segments is a vector, whatever is done to it; and the index of places a multimap.
#include "server/engine/sequence.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/engine/place_index.h"
#include "tests/unit/seeds.h"

namespace coheld::engine {
namespace {

class SequenceTest : public ::testing::Test {
 protected:
  size_t Below(size_t end) { return random_() % end; }
  std::string Next() { return std::to_string(next_++) + " is longer than what is inline"; }

  void Append() {
    model_.push_back(Next());
    sequence_.Append(model_.back());
  }
  void Insert(size_t index, size_t count) {
    std::vector<std::string> items(count);
    for (std::string& item : items) item = Next();
    sequence_.Insert(index, count, [next = items.begin()]() mutable { return *next++; });
    model_.insert(At(index), items.begin(), items.end());
  }
  void Take(size_t index) {
    ASSERT_EQ(sequence_.Take(index), model_[index]);
    model_.erase(At(index));
  }
  void Remove(size_t index, size_t count) {
    sequence_.Remove(index, count);
    model_.erase(At(index), At(index + count));
  }
  void RemoveEach(size_t start, size_t step, size_t count) {
    sequence_.RemoveEach(start, step, count);
    for (size_t n = count; n-- > 0;) model_.erase(At(start + n * step));
  }

  // Changes it anywhere, at the ends more often, by few items or many.
  void Change(size_t many) {
    const size_t size = model_.size();
    const size_t index = Below(3) == 0 ? 0 : Below(2) == 0 ? size : Below(size + 1);
    switch (Below(5)) {
      case 0:
        return Append();
      case 1:
        return Insert(index, Below(many));
      case 2:
        if (index < size) Take(index);
        return;
      case 3:
        return Remove(index, Below(std::min(size - index, many) + 1));
      default:
        if (size > 10 && Below(5) == 0) RemoveEach(Below(3), 1 + Below(3), 1 + Below(size / 4));
        return;
    }
  }

  void ExpectSame() {
    ASSERT_TRUE(std::equal(sequence_.begin(), sequence_.end(), model_.begin(), model_.end()))
        << "seed " << seed_;
    ASSERT_LE(sequence_.capacity(), 2 * model_.size() + 1100);
  }

  std::vector<std::string>::iterator At(size_t index) {
    return model_.begin() + static_cast<ptrdiff_t>(index);
  }

  const uint64_t seed_ = coheld::testing::FirstSeed();
  std::mt19937_64 random_{seed_};
  Sequence<std::string> sequence_;
  std::vector<std::string> model_;
  uint64_t next_ = 0;
};

TEST_F(SequenceTest, IsAVectorWhateverIsDoneToIt) {
  for (int round = 0; round < 60; ++round) {
    const size_t many = Below(2) == 0 ? 4 : 500;
    for (int change = 0; change < 100; ++change) Change(many);
    ASSERT_NO_FATAL_FAILURE(ExpectSame());
  }
  sequence_.Clear();
  EXPECT_EQ(sequence_.capacity(), 0U);
}

TEST_F(SequenceTest, DoesNotMoveItemsToGrow) {
  for (int n = 0; n < 300; ++n) Append();
  const std::string* const first = &sequence_[0];
  for (int n = 0; n < 10'000; ++n) Append();
  EXPECT_EQ(&sequence_[0], first);
  EXPECT_LE(sequence_.capacity(), 10'300U + 512U);
}

TEST(PlaceIndexTest, FindsWhatIsThereAndNothingElse) {
  const uint64_t seed = coheld::testing::FirstSeed();
  std::mt19937_64 random(seed);
  // The places of one hash differ only in their last bits: some tables cannot be split.
  for (const uint32_t hash_bits : {~0u, 0xFFFF000Fu}) {
    const auto hash = [&](uint32_t place) { return place * 2654435761u & hash_bits; };
    PlaceIndex index;
    std::vector<uint32_t> there;
    uint32_t next = 0;
    for (int change = 0; change < (hash_bits == ~0u ? 100'000 : 5'000); ++change) {
      if (there.empty() || random() % 10 < (change / 10'000 % 2 == 0 ? 8 : 3)) {
        index.Add(hash(next), next);
        there.push_back(next++);
      } else {
        std::swap(there[random() % there.size()], there.back());
        index.Remove(hash(there.back()), there.back());
        there.pop_back();
      }
      ASSERT_TRUE(index.empty() || !index.Find(hash(next), [&](uint32_t p) { return p == next; }));
    }
    const PlaceIndex copy(index);
    index.MoveEach([](uint32_t& place) { ++place; });
    for (const uint32_t place : there) {
      ASSERT_TRUE(copy.Find(hash(place), [&](uint32_t p) { return p == place; })) << seed;
      ASSERT_TRUE(index.Find(hash(place), [&](uint32_t p) { return p == place + 1; })) << seed;
    }
  }
}

}  // namespace
}  // namespace coheld::engine
