// The containers beneath list and dict, at random against naive models. Each prints its seed;
// COHELD_SEED sets another.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "server/engine/dict_table.h"
#include "server/engine/value_ring.h"
#include "tests/unit/seeds.h"

namespace coheld::engine {
namespace {

class Containers : public ::testing::Test {
 protected:
  // A number below `end`.
  size_t Below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }
  // A value that owns memory half the time.
  Value AnyValue() {
    const auto number = static_cast<int64_t>(Below(1000));
    if (Below(2) == 0) return Value::Integer(number);
    return Value::Text("a text over 14 bytes " + std::to_string(number));
  }
  Value::Items AnyItems(size_t most) {
    Value::Items items;
    for (size_t count = Below(most + 1); count > 0; --count) items.push_back(AnyValue());
    return items;
  }

  std::mt19937_64 random_{coheld::testing::FirstSeed()};
};

class Ring : public Containers {
 protected:
  // Does one random change to both. `grow` makes them longer in the mean.
  void Change(bool grow) {
    const size_t size = model_.size();
    const auto at = [&](size_t place) { return model_.begin() + static_cast<ptrdiff_t>(place); };
    switch (Below(grow ? 5 : 9)) {
      case 0:
      case 1: {
        const Value value = AnyValue();
        ring_.Append(value);
        model_.push_back(value);
        return;
      }
      case 2: {
        const Value value = AnyValue();
        const size_t place = Below(2) == 0 ? 0 : Below(size + 1);
        ring_.Insert(place, value);
        model_.insert(at(place), value);
        return;
      }
      case 3:
      case 4: {
        const size_t start = Below(size + 1);
        const size_t count = Below(std::min<size_t>(size - start, 10) + 1);
        const Value::Items values = AnyItems(10);
        ring_.Replace(start, count, values);
        model_.erase(at(start), at(start + count));
        model_.insert(at(start), values.begin(), values.end());
        return;
      }
      case 5:
      case 6: {
        if (size == 0) return;
        const size_t place = Below(3) == 0 ? Below(size) : (Below(2) == 0 ? 0 : size - 1);
        EXPECT_EQ(ring_.Take(place), model_[place]);
        model_.erase(at(place));
        return;
      }
      case 7: {
        const size_t start = Below(size + 1);
        const size_t step = 1 + Below(5);
        const size_t count = start == size ? 0 : Below((size - start - 1) / step + 2);
        ring_.RemoveEach(start, step, count);
        for (size_t n = count; n-- > 0;) model_.erase(at(start + n * step));
        return;
      }
      case 8:
        ring_.Reverse();
        std::reverse(model_.begin(), model_.end());
        return;
    }
  }

  void ExpectSame() {
    ASSERT_EQ(ring_.size(), model_.size());
    for (size_t place = 0; place < model_.size(); ++place) ASSERT_EQ(ring_[place], model_[place]);
  }

  ValueRing ring_;
  Value::Items model_;
};

TEST_F(Ring, IsAVectorWhateverIsDoneToIt) {
  for (int round = 0; round < 20; ++round) {
    for (int change = 0; change < 200; ++change) {
      Change(round % 3 != 2);
      ASSERT_NO_FATAL_FAILURE(ExpectSame());
    }
    const ValueRing copy(ring_);
    ring_.Clear();
    EXPECT_EQ(ring_.capacity(), 0u);
    ring_ = copy;
    ExpectSame();
  }
}

TEST_F(Ring, TakesItsCapacityBack) {
  for (int64_t number = 0; number < 10'000; ++number) ring_.Append(Value::Integer(number));
  EXPECT_LE(ring_.capacity(), 15'000u);
  for (int64_t number = 0; number < 9'990; ++number) EXPECT_EQ(ring_.Take(0).integer(), number);
  EXPECT_LE(ring_.capacity(), 50u);
}

TEST_F(Ring, WorksAsAQueueInOneBuffer) {
  for (int64_t number = 0; number < 100; ++number) ring_.Append(Value::Integer(number));
  const size_t capacity = ring_.capacity();
  for (int64_t number = 0; number < 100'000; ++number) {
    EXPECT_EQ(ring_.Take(0).integer(), number);
    ring_.Append(Value::Integer(number + 100));
  }
  EXPECT_EQ(ring_.capacity(), capacity);
}

TEST_F(Ring, PermutesAndRepeats) {
  for (int64_t number = 0; number < 5; ++number) ring_.Insert(0, Value::Integer(number));
  std::vector<const Value*> order;
  for (size_t place = 5; place-- > 0;) order.push_back(&ring_[place]);
  ring_.Permute(order);
  ring_.Repeat(2);
  ASSERT_EQ(ring_.size(), 15u);
  for (size_t place = 0; place < 15; ++place) {
    EXPECT_EQ(ring_[place].integer(), static_cast<int64_t>(place % 5));
  }
}

// A scan that runs while the table changes.
struct RunningScan {
  uint64_t cursor = 0;
  std::set<std::string> must_see;  // Those that were there all the time, not seen yet.
  std::set<std::string> seen;
};

class Table : public Containers {
 protected:
  Value Key(const std::string& name) { return Value::Text(name); }

  void Set() {
    const std::string name = std::to_string(Below(key_count_)) + " is its key";
    const auto number = static_cast<int64_t>(Below(1000));
    table_.Set(Key(name), Value::Integer(number));
    const auto found = Find(name);
    if (found != model_.end()) {
      found->second = number;
    } else {
      model_.emplace_back(name, number);
    }
  }

  void Remove(size_t place) {
    const std::string name = model_[place].first;
    const auto found = table_.Find(Key(name));
    ASSERT_TRUE(found);
    const DictTable::Entry taken = table_.Take(*found);
    EXPECT_EQ(taken.key.text(), name);
    EXPECT_EQ(taken.value.integer(), model_[place].second);
    model_.erase(model_.begin() + static_cast<ptrdiff_t>(place));
    scan_.must_see.erase(name);
    scan_.seen.erase(name);  // It may come again as another entry.
  }

  void ScanSome() {
    size_t place = table_.PlaceOf(scan_.cursor);
    for (size_t steps = Below(20); place < table_.places() && steps > 0; ++place, --steps) {
      const DictTable::Entry& entry = table_.entries()[place];
      if (entry.hole()) continue;
      const std::string name(entry.key.text());
      EXPECT_TRUE(scan_.seen.insert(name).second) << name << " was seen twice";
      scan_.must_see.erase(name);
    }
    if (place < table_.places()) {
      scan_.cursor = table_.OrdinalAt(static_cast<DictTable::Place>(place));
      return;
    }
    EXPECT_TRUE(scan_.must_see.empty()) << *scan_.must_see.begin() << " was never seen";
    ++scans_done_;
    scan_ = {};
    for (const auto& [name, number] : model_) scan_.must_see.insert(name);
  }

  void ExpectSame() {
    ASSERT_EQ(table_.size(), model_.size());
    auto expected = model_.begin();
    for (const DictTable::Entry& entry : table_.entries()) {
      if (entry.hole()) continue;
      ASSERT_EQ(entry.key.text(), expected->first);
      ASSERT_EQ(entry.value.integer(), expected->second);
      ASSERT_TRUE(table_.Find(entry.key));
      ++expected;
    }
    ASSERT_LE(table_.places(), 2 * table_.size() + 33);
    ASSERT_TRUE(table_.empty() || !table_.entries().back().hole());
  }

  std::vector<std::pair<std::string, int64_t>>::iterator Find(const std::string& name) {
    return std::find_if(model_.begin(), model_.end(),
                        [&](const auto& entry) { return entry.first == name; });
  }

  size_t key_count_ = 200;
  DictTable table_;
  std::vector<std::pair<std::string, int64_t>> model_;
  RunningScan scan_;
  int scans_done_ = 0;
};

TEST_F(Table, KeepsOrderAndScansSeeEachEntryThatStaysOnce) {
  for (int round = 0; round < 60; ++round) {
    const size_t set_weight = 1 + Below(9);
    const bool oldest_first = Below(3) == 0;
    for (int change = 0; change < 200; ++change) {
      if (Below(10) < set_weight) Set();
      if (!model_.empty() && Below(10) >= set_weight) {
        Remove(oldest_first ? 0 : Below(3) == 0 ? model_.size() - 1 : Below(model_.size()));
      }
      if (Below(4) == 0) ScanSome();
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSame());
  }
  EXPECT_GT(scans_done_, 10);
}

TEST_F(Table, ClearGivesLaterEntriesHigherOrdinals) {
  for (int n = 0; n < 50; ++n) Set();
  const uint64_t next = table_.NextOrdinal();
  table_.Clear();
  EXPECT_TRUE(table_.empty());
  Set();
  EXPECT_GE(table_.OrdinalAt(0), next);
}

TEST_F(Table, ManyKeysAreFoundAndOthersAreNot) {
  constexpr int64_t kKeys = 20'000;
  for (int64_t key = 0; key < kKeys; ++key) {
    table_.Set(Value::Integer(key), Value::Integer(key));
  }
  for (int64_t key = 0; key < kKeys; key += 2) table_.Take(*table_.Find(Value::Integer(key)));
  for (int64_t key = 0; key < kKeys; ++key) {
    const auto place = table_.Find(Value::Real(static_cast<double>(key)));
    ASSERT_EQ(place.has_value(), key % 2 == 1);
    ASSERT_TRUE(!place || table_.ValueAt(*place).integer() == key);
  }
}

}  // namespace
}  // namespace coheld::engine
