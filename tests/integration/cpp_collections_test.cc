// coheld::Set, SortedSet, Array, Counter and Namespace against the daemon.
#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::WaitForWaiters;

class CppCounterTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppCounterTest);

TEST_P(CppCounterTest, ThreadsLoseNoAddition) {
  const Counter counter(client_, Name("counter"));
  EXPECT_EQ(counter.get(), 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) counter.add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.subtract(150), 250);
}

TEST_P(CppCounterTest, SettingTellsTheNumberBefore) {
  const auto counter = Counter::make(client_, 7);
  EXPECT_EQ(counter.exchange(9), 7);
  EXPECT_FALSE(counter.compare_exchange(7, 1).exchanged);
  EXPECT_EQ(counter.compare_exchange(9, 1).current, 1);
  EXPECT_THROW(counter.add(std::numeric_limits<int64_t>::max()), Overflow);
  EXPECT_EQ(counter.get(), 1);
}

TEST_P(CppCounterTest, ABatchAdds) {
  const auto counter = Counter::make(client_);
  Batch batch = client_.batch();
  const auto first = batch.on(counter).add(2);
  const auto second = batch.on(counter).add(3);
  batch.run();
  EXPECT_EQ(first.get(), 2);
  EXPECT_EQ(second.get(), 5);
}

class CppSetTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppSetTest);

TEST_P(CppSetTest, AnItemIsThereOnce) {
  const Set<std::string> set(client_, Name("set"));
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.insert("a"));
  EXPECT_FALSE(set.insert("a"));
  EXPECT_EQ(set.insert_many({"a", "b", "c"}).added, 2u);
  EXPECT_EQ(set.size(), 3u);
  EXPECT_TRUE(set.contains("b"));
  EXPECT_EQ(set.contains_each({"b", "x"}), (std::vector<bool>{true, false}));
  EXPECT_TRUE(set.erase("b"));
  EXPECT_FALSE(set.erase("b"));
  EXPECT_THROW(set.remove("b"), KeyNotFound);
  EXPECT_EQ(set.values(), (std::vector<std::string>{"a", "c"}));
}

TEST_P(CppSetTest, PopTakesAllInTheEnd) {
  const auto set = Set<int>::make(client_, {1, 2});
  EXPECT_TRUE(set.pop().has_value());
  EXPECT_TRUE(set.pop().has_value());
  EXPECT_EQ(set.pop(), std::nullopt);
}

TEST_P(CppSetTest, TwoSetsMakeOne) {
  const auto a = Set<int>::make(client_, {1, 2, 3});
  const auto b = Set<int>::make(client_, {3, 4});
  EXPECT_EQ(a.combine(SetOperator::kUnion, b), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(a.combine(SetOperator::kIntersection, b), std::vector<int>{3});
  EXPECT_EQ(a.combine(SetOperator::kSymmetricDifference, {3, 5}), (std::vector<int>{1, 2, 5}));
  EXPECT_EQ(a.update(SetOperator::kDifference, b).removed, 1u);
  EXPECT_TRUE(a.compare({1, 2, 9}).subset);
  EXPECT_TRUE(a.compare(b).disjoint);
}

TEST_P(CppSetTest, AConditionalChangeOfAnotherVersionChangesNothing) {
  const auto set = Set<int>::make(client_, {1});
  const uint64_t version = set.version();
  set.insert(2);
  EXPECT_THROW(set.clear(version), VersionMismatch);
  EXPECT_EQ(set.size(), 2u);
}

TEST_P(CppSetTest, AllItemsAreSeenPageByPage) {
  std::vector<int> items(5'000);
  std::iota(items.begin(), items.end(), 0);
  const auto set = Set<int>::make(client_, items);
  std::vector<int> seen;
  for (const int item : set) seen.push_back(item);
  EXPECT_EQ(seen, items);
  const Set<int> copy(client_, Name("copy"));
  set.copy_to(copy.name());
  EXPECT_TRUE(copy.compare(set).equal);
}

TEST_P(CppSetTest, WhatIsNotHashableIsNoItem) {
  EXPECT_THROW(Set<Value>::make(client_).insert(ValueList{{1}}), NotHashable);
}

class CppSortedSetTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppSortedSetTest);

TEST_P(CppSortedSetTest, MembersAreInOrderOfTheirScores) {
  const SortedSet<std::string> scores(client_, Name("scores"));
  EXPECT_TRUE(scores.add("ann", 7));
  EXPECT_FALSE(scores.add("ann", 3));
  EXPECT_EQ(scores.increment("bob", 5), 5);
  scores.add_many({{"cid", 4}, {"dan", 9}});
  EXPECT_EQ(scores.score("cid"), 4);
  EXPECT_EQ(scores.score("eve"), std::nullopt);
  EXPECT_EQ(scores.rank("cid"), 1u);
  EXPECT_EQ(scores.reverse_rank("cid"), 2u);
  EXPECT_EQ(scores.range({.start = -2}),
            (std::vector<Scored<std::string>>{{"bob", 5}, {"dan", 9}}));
  EXPECT_EQ(scores.range({.reverse = true, .limit = 1}),
            (std::vector<Scored<std::string>>{{"dan", 9}}));
  EXPECT_EQ(scores.count({.min = 4, .max = 5, .max_open = true}), 1u);
  EXPECT_EQ(scores.range_by_score({.bounds = {.min = 5}}).size(), 2u);
}

TEST_P(CppSortedSetTest, ConditionsHoldBack) {
  const auto scores = SortedSet<int>::make(client_, {{1, 10}});
  EXPECT_EQ(scores.add_many({{1, 5}, {2, 5}}, {.only_new = true}).added, 1u);
  EXPECT_EQ(scores.score(1), 10);
  EXPECT_EQ(scores.add_many({{1, 5}, {2, 6}}, {.only_greater = true}).changed, 1u);
  EXPECT_EQ(scores.erase_by_score({.max = 6}), 1u);
  EXPECT_TRUE(scores.erase(1));
  EXPECT_FALSE(scores.erase(1));
}

TEST_P(CppSortedSetTest, APopWaitsForAMember) {
  const SortedSet<std::string> jobs(client_, Name("jobs"));
  jobs.create();
  EXPECT_EQ(jobs.pop_min(1ms), std::nullopt);
  std::thread worker([&] { EXPECT_EQ(jobs.pop_min()->member, "urgent"); });
  WaitForWaiters(client_, jobs.name(), 1);
  jobs.add("urgent", 1);
  worker.join();
  jobs.add_many({{"a", 1}, {"b", 2}, {"c", 3}});
  EXPECT_EQ(jobs.pop_max()->member, "c");
  EXPECT_EQ(jobs.pop_min_many(5).size(), 2u);
}

TEST_P(CppSortedSetTest, ALongRangeIsReadInPages) {
  std::vector<Scored<std::string>> members;
  for (int i = 0; i < 3'000; ++i)
    members.push_back({std::to_string(i) + std::string(1'000, 'x'), i * 1.0});
  const auto set = SortedSet<std::string>::make(client_, members);
  EXPECT_EQ(set.range(), members);
  EXPECT_EQ(set.range({.start = -2'999, .limit = 2'000}).size(), 2'000u);
  EXPECT_EQ(set.range_by_score({.bounds = {.min = 1}, .offset = 1}).size(), 2'998u);
}

class CppArrayTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppArrayTest);

TEST_P(CppArrayTest, ItemsAreReadAndWritten) {
  const Array<int> array(client_, Name("array"));
  EXPECT_THROW(array.set(0, 1), ObjectNotFound);
  array.create(4);
  array.set(-1, 7);
  EXPECT_EQ(array.get(3), 7);
  EXPECT_EQ(array.add(0, 5), 5);
  EXPECT_TRUE(array.compare_exchange(0, 5, 6).exchanged);
  array.fill(2, {.start = 1, .stop = 3});
  EXPECT_EQ(array.read(), (std::vector<int>{6, 2, 2, 7}));
  EXPECT_EQ(array.slice({.step = -2}), (std::vector<int>{7, 2}));
  EXPECT_THROW(array.get(4), IndexOutOfRange);
}

TEST_P(CppArrayTest, SpansTravelInParts) {
  std::vector<double> items(1'500'000);  // 12 MB: three parts.
  std::iota(items.begin(), items.end(), 0.5);
  const auto array = Array<double>::make(client_, items);
  EXPECT_EQ(array.read(), items);
  std::vector<double> part(10);
  array.read(part, 700'000);
  EXPECT_EQ(part.front(), 700'000.5);
  array.write(std::vector<double>{-1, -2}, 1'499'998);
  EXPECT_EQ(array.get(-1), -2);
  EXPECT_THROW(array.read(part, 1'499'995), IndexOutOfRange);
  EXPECT_THROW(array.write(part, 1'499'995), InvalidSlice);
}

TEST_P(CppArrayTest, AllSeeTheSameType) {
  const Array<float> array(client_, Name("array"));
  array.create(std::vector<float>{0.5F, 1.5F});
  EXPECT_EQ(array.inspect().typecode, "f");
  EXPECT_THROW((Array<int32_t>(client_, array.name()).read()), TypecodeMismatch);
  EXPECT_THROW((Array<int32_t>(client_, array.name()).write(std::vector<int32_t>{1})),
               TypecodeMismatch);
}

TEST_P(CppArrayTest, SmallTypesOverflowOnTheDaemon) {
  const auto array = Array<int8_t>::make(client_, 2);
  array.set(0, 127);
  EXPECT_THROW(array.add(0, 1), Overflow);
  EXPECT_EQ(array.get(0), 127);
}

TEST_P(CppArrayTest, CodePointsAreText) {
  const auto array = Array<char32_t>::make(client_, std::u32string(U"a\u00e9\u20ac\U0001F600"));
  EXPECT_EQ(array.get(1), U'\u00e9');
  EXPECT_EQ(array.get(3), U'\U0001F600');
  array.set(0, U'\u20ac');
  EXPECT_EQ(array.slice({.stop = 1}), std::vector<char32_t>{U'\u20ac'});
}

TEST_P(CppArrayTest, AShapeIsKept) {
  const Array<int64_t> array(client_, Name("array"));
  array.create_shaped({3, 4});
  EXPECT_EQ(array.inspect().shape, (std::vector<uint64_t>{3, 4}));
  EXPECT_EQ(array.size(), 12u);
}

class CppNamespaceTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppNamespaceTest);

TEST_P(CppNamespaceTest, AttributesHaveTheirOwnTypes) {
  const Namespace settings(client_, Name("settings"));
  settings.set("rate", 0.5);
  settings.set("name", "ann");
  settings.set("sizes", std::vector<int>{1, 2});
  EXPECT_EQ(settings.get<double>("rate"), 0.5);
  EXPECT_EQ(settings.get<std::string>("name"), "ann");
  EXPECT_EQ(settings.get<std::vector<int>>("sizes"), (std::vector<int>{1, 2}));
  EXPECT_EQ(settings.try_get<int>("none"), std::nullopt);
  EXPECT_THROW(settings.get("none"), AttributeNotFound);
  EXPECT_THROW(settings.get<int>("name"), BadConversion);
}

TEST_P(CppNamespaceTest, ManyAttributesChangeAsOne) {
  const auto settings = Namespace::make(client_, {{"a", 1}, {"b", 2}});
  const Changed change = settings.update({{"c", 3}}, {"a"});
  EXPECT_EQ(change.length, 2u);
  EXPECT_THROW(settings.set("d", 4, change.version - 1), VersionMismatch);
  settings.erase("b");
  EXPECT_THROW(settings.erase("b"), AttributeNotFound);
  const Namespace::Attributes items = settings.items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].first, "c");
}

}  // namespace
}  // namespace coheld
