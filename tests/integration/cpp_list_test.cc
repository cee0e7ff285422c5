// Every op of coheld::List against the daemon.
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using Ints = std::vector<int>;

class CppListTest : public testing::CppTest {
 protected:
  List<int> Make(Ints items = {}) { return List<int>::make(client_, std::move(items)); }
};
COHELD_ON_BOTH_SOCKETS(CppListTest);

TEST_P(CppListTest, AMissingListReadsAsEmpty) {
  const List<int> list(client_, Name("missing"));
  EXPECT_EQ(list.size(), 0u);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.values(), Ints());
}

TEST_P(CppListTest, AppendExtendAndInsertAddInOrder) {
  const List<int> list = Make();
  EXPECT_EQ(list.append(2).length, 1u);
  EXPECT_EQ(list.extend({3, 4}).length, 3u);
  EXPECT_EQ(list.insert(0, 1).length, 4u);
  EXPECT_EQ(list.values(), (Ints{1, 2, 3, 4}));
}

TEST_P(CppListTest, GetSetAndEraseTakeNegativeIndices) {
  const List<int> list = Make({1, 2, 3});
  EXPECT_EQ(list.get(-1), 3);
  list.set(-1, 30);
  list.erase(0);
  EXPECT_EQ(list.values(), (Ints{2, 30}));
}

TEST_P(CppListTest, AnIndexOutsideThrows) {
  const List<int> list = Make({1});
  EXPECT_THROW(list.get(1), IndexOutOfRange);
  EXPECT_THROW(list.set(-2, 0), IndexOutOfRange);
  EXPECT_THROW(list.erase(1), IndexOutOfRange);
  EXPECT_THROW(list.pop(7), IndexOutOfRange);
}

TEST_P(CppListTest, SlicesAreReadAssignedAndErased) {
  const List<int> list = Make({0, 1, 2, 3, 4, 5});
  EXPECT_EQ(list.slice({.start = 1, .stop = 5, .step = 2}), (Ints{1, 3}));
  EXPECT_EQ(list.slice({.step = -2}), (Ints{5, 3, 1}));
  list.set_slice({.start = 1, .stop = 3}, {9});
  EXPECT_EQ(list.values(), (Ints{0, 9, 3, 4, 5}));
  list.erase_slice({.step = 2});
  EXPECT_EQ(list.values(), (Ints{9, 4}));
}

TEST_P(CppListTest, BadSlicesThrow) {
  const List<int> list = Make({0, 1, 2});
  EXPECT_THROW(list.slice({.step = 0}), InvalidSlice);
  EXPECT_THROW(list.set_slice({.step = 2}, {1, 2, 3}), InvalidSlice);
}

TEST_P(CppListTest, PopTakesFromAnyPlace) {
  const List<int> list = Make({1, 2, 3});
  EXPECT_EQ(list.pop(), 3);
  EXPECT_EQ(list.pop(0), 1);
  EXPECT_EQ(list.try_pop(), 2);
  EXPECT_EQ(list.try_pop(), std::nullopt);
  EXPECT_THROW(list.pop(), IndexOutOfRange);
}

TEST_P(CppListTest, SearchesCompareByValue) {
  const List<int> list = Make({5, 7, 5});
  EXPECT_EQ(list.index(5), 0u);
  EXPECT_EQ(list.index(5, 1), 2u);
  EXPECT_THROW(list.index(5, 1, 2), ValueNotFound);
  EXPECT_EQ(list.count(5), 2u);
  EXPECT_TRUE(list.contains(7));
  EXPECT_FALSE(list.contains(8));
  list.remove(5);
  EXPECT_EQ(list.values(), (Ints{7, 5}));
  EXPECT_THROW(list.remove(6), ValueNotFound);
}

TEST_P(CppListTest, SortReverseRepeatAndClearWorkInPlace) {
  const List<int> list = Make({2, 3, 1});
  list.sort();
  EXPECT_EQ(list.values(), (Ints{1, 2, 3}));
  list.sort_descending();
  list.reverse();
  list.repeat(2);
  EXPECT_EQ(list.values(), (Ints{1, 2, 3, 1, 2, 3}));
  list.clear();
  EXPECT_TRUE(list.empty());
}

TEST_P(CppListTest, SortRefusesWhatPythonCannotOrder) {
  const auto list = List<Value>::make(client_, {1, "text"});
  EXPECT_THROW(list.sort(), NotOrderable);
  EXPECT_EQ(list.values(), (std::vector<Value>{1, "text"}));
}

TEST_P(CppListTest, CreateKeepsAndCreateNewRefusesAnExistingList) {
  const List<int> list(client_, Name("list"));
  EXPECT_TRUE(list.create({1}).created);
  EXPECT_FALSE(list.create({2}).created);
  EXPECT_EQ(list.values(), Ints{1});
  EXPECT_THROW(list.create_new({3}), ObjectExists);
}

TEST_P(CppListTest, CopyMakesAnotherList) {
  const List<int> list = Make({1, 2});
  const List<int> copy(client_, list.copy_to(Name("copy")).name);
  copy.append(3);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(copy.values(), (Ints{1, 2, 3}));
  EXPECT_THROW(list.copy_to(copy.name()), ObjectExists);
}

TEST_P(CppListTest, AChangeOnAnOldVersionIsRefused) {
  const List<int> list = Make({1});
  const ListSnapshot<int> seen = list.snapshot();
  EXPECT_EQ(list.append(2, seen.version).length, 2u);
  EXPECT_THROW(list.append(3, seen.version), VersionMismatch);
  EXPECT_EQ(list.version(), list.snapshot().version);
  EXPECT_EQ(list.size(), 2u);
}

TEST_P(CppListTest, IterationTurnsPages) {
  Ints numbers(2500);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
  const List<int> list = Make(numbers);
  EXPECT_EQ(Ints(list.begin(), list.end()), numbers);
  EXPECT_EQ(list.scan(2400, 10).values.size(), 10u);
  const List<int> none = Make();
  EXPECT_TRUE(none.begin() == none.end());
}

TEST_P(CppListTest, TheDeepestValueComesBack) {
  Value value;
  for (int depth = 0; depth < 32; ++depth) value = Map{{Entry{1, std::move(value)}}};
  const auto list = List<Value>::make(client_, {value});
  EXPECT_EQ(list.get(0), value);
  EXPECT_THROW(list.append(ValueList{{value}}), InvalidArgument);
}

TEST_P(CppListTest, AnotherTypeOfObjectIsRefused) {
  const List<int> list = Make({1});
  const Dict<int, int> wrong(client_, list.name());
  EXPECT_THROW(wrong.set(1, 1), WrongType);
}

TEST_P(CppListTest, AnotherTypeOfItemIsABadConversion) {
  const auto list = List<std::string>::make(client_, {"text"});
  EXPECT_THROW((List<int>(client_, list.name()).get(0)), BadConversion);
}

}  // namespace
}  // namespace coheld
