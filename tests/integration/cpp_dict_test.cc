// Every op of coheld::Dict against the daemon.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using Stock = Dict<std::string, int>;
using Items = std::vector<std::pair<std::string, int>>;

class CppDictTest : public testing::CppTest {
 protected:
  Stock Make(Items items = {}) { return Stock::make(client_, std::move(items)); }
};
COHELD_ON_BOTH_SOCKETS(CppDictTest);

TEST_P(CppDictTest, AMissingDictReadsAsEmpty) {
  const Stock dict(client_, Name("missing"));
  EXPECT_EQ(dict.size(), 0u);
  EXPECT_TRUE(dict.empty());
  EXPECT_EQ(dict.get("key"), std::nullopt);
  EXPECT_THROW(dict.at("key"), KeyNotFound);
}

TEST_P(CppDictTest, SetAndUpdateKeepTheInsertionOrder) {
  const Stock dict = Make({{"b", 1}});
  EXPECT_EQ(dict.set("a", 2).length, 2u);
  EXPECT_EQ(dict.update({{"b", 3}, {"c", 4}}).length, 3u);
  EXPECT_EQ(dict.items(), (Items{{"b", 3}, {"a", 2}, {"c", 4}}));
  EXPECT_EQ(dict.keys(), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(dict.values(), (std::vector<int>{3, 2, 4}));
}

TEST_P(CppDictTest, ReadsTellMissingKeys) {
  const Stock dict = Make({{"a", 1}});
  EXPECT_EQ(dict.at("a"), 1);
  EXPECT_EQ(dict.get("a"), 1);
  EXPECT_EQ(dict.get("b", 7), 7);
  EXPECT_TRUE(dict.contains("a"));
  EXPECT_FALSE(dict.contains("b"));
  EXPECT_EQ(dict.get_many({"b", "a"}), (std::vector<std::optional<int>>{std::nullopt, 1}));
}

TEST_P(CppDictTest, SetDefaultStoresOnce) {
  const Stock dict = Make();
  EXPECT_TRUE(dict.set_default("a", 1).inserted);
  const Defaulted<int> second = dict.set_default("a", 2);
  EXPECT_FALSE(second.inserted);
  EXPECT_EQ(second.value, 1);
}

TEST_P(CppDictTest, IncrementsAdd) {
  const Stock dict = Make();
  EXPECT_EQ(dict.increment("a"), 1);
  EXPECT_EQ(dict.increment("a", 5), 6);
  EXPECT_EQ(dict.increment("b", 1, 10), 11);
  dict.increment_many({{"a", 1}, {"c", 2}});
  EXPECT_EQ(dict.items(), (Items{{"a", 7}, {"b", 11}, {"c", 2}}));
}

TEST_P(CppDictTest, AFailedIncrementManyChangesNothing) {
  const auto dict = Dict<std::string, Value>::make(client_, {{"text", "x"}});
  EXPECT_THROW(dict.increment_many({{"a", 1}, {"text", 1}}), UnsupportedOperand);
  EXPECT_FALSE(dict.contains("a"));
}

TEST_P(CppDictTest, CompareAndSetChangesOnlyWhatWasExpected) {
  const Stock dict = Make();
  EXPECT_TRUE(dict.compare_and_set("a", std::nullopt, 1).swapped);
  const Swapped<int> refused = dict.compare_and_set("a", 2, 3);
  EXPECT_FALSE(refused.swapped);
  EXPECT_EQ(refused.current, 1);
  EXPECT_TRUE(dict.compare_and_set("a", 1, std::nullopt).swapped);
  EXPECT_TRUE(dict.empty());
}

TEST_P(CppDictTest, RemovalsTellWhatWasThere) {
  const Stock dict = Make({{"a", 1}, {"b", 2}, {"c", 3}});
  EXPECT_EQ(dict.pop_item(), (std::pair<std::string, int>("c", 3)));
  EXPECT_EQ(dict.pop("b"), 2);
  EXPECT_EQ(dict.pop("b"), std::nullopt);
  dict.erase("a");
  EXPECT_THROW(dict.erase("a"), KeyNotFound);
  EXPECT_EQ(dict.pop_item(), std::nullopt);
}

TEST_P(CppDictTest, CreateKeepsAndCreateNewRefusesAnExistingDict) {
  const Stock dict(client_, Name("dict"));
  EXPECT_TRUE(dict.create({{"a", 1}}).created);
  EXPECT_FALSE(dict.create({{"b", 2}}).created);
  EXPECT_THROW(dict.create_new(), ObjectExists);
  EXPECT_EQ(dict.keys(), std::vector<std::string>{"a"});
}

TEST_P(CppDictTest, CopyMakesAnotherDict) {
  const Stock dict = Make({{"a", 1}});
  const Stock copy(client_, dict.copy_to(Name("copy")).name);
  copy.clear();
  EXPECT_EQ(dict.size(), 1u);
  EXPECT_THROW(dict.copy_to(copy.name()), ObjectExists);
}

TEST_P(CppDictTest, AChangeOnAnOldVersionIsRefused) {
  const Stock dict = Make({{"a", 1}});
  const uint64_t seen = dict.snapshot().version;
  EXPECT_EQ(seen, dict.version());
  dict.set("b", 2, seen);
  EXPECT_THROW(dict.clear(seen), VersionMismatch);
  EXPECT_THROW(dict.erase("a", seen), VersionMismatch);
}

TEST_P(CppDictTest, IterationTurnsPages) {
  const auto dict = Dict<int, int>::make(client_);
  std::vector<std::pair<int, int>> items;
  for (int i = 0; i < 2500; ++i) items.emplace_back(i, i * 2);
  dict.update(items);
  EXPECT_EQ((std::vector<std::pair<int, int>>(dict.begin(), dict.end())), items);
}

TEST_P(CppDictTest, AScanTellsThatTheSizeChanged) {
  const Stock dict = Make({{"a", 1}, {"b", 2}});
  const auto page = dict.scan({.limit = 1, .keys_only = true});
  EXPECT_EQ(page.items, (Items{{"a", 0}}));
  EXPECT_FALSE(page.done);
  dict.set("c", 3);
  EXPECT_TRUE(dict.scan({.cursor = page.next, .if_length = page.length}).size_changed);
}

TEST_P(CppDictTest, KeysFollowPythonEquality) {
  const auto dict = Dict<Value, std::string>::make(client_);
  dict.set(1, "integer");
  dict.set(1.0, "real");
  dict.set(Tuple{{1, "x"}}, "tuple");
  EXPECT_EQ(dict.size(), 2u);
  EXPECT_EQ(dict.at(true), "real");
  EXPECT_THROW(dict.set(ValueList{{1}}, "list"), NotHashable);
}

}  // namespace
}  // namespace coheld
