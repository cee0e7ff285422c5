// Handles as values: objects that hold others by reference.
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

class CppHandleTest : public testing::CppTest {};
COHELD_ON_BOTH_SOCKETS(CppHandleTest);

TEST_P(CppHandleTest, ADictHoldsListsByReference) {
  const Dict<std::string, List<int>> scores(client_, Name("scores"));
  scores.set("ann", List<int>(client_, Name("ann")));
  scores.at("ann").append(3);
  EXPECT_EQ(List<int>(client_, Name("ann")).values(), std::vector<int>{3});
}

TEST_P(CppHandleTest, AnAnonymousObjectIsReachedThroughItsHolder) {
  const auto outer = List<List<int>>::make(client_, {List<int>::make(client_, {1, 2})});
  EXPECT_EQ(outer.get(0).values(), (std::vector<int>{1, 2}));
}

TEST_P(CppHandleTest, AHandleOfAnotherTypeIsRefused) {
  const List<Value> list(client_, Name("list"));
  list.append(Lock(client_, Name("lock")).ref());
  EXPECT_THROW((List<Queue<int>>(client_, list.name()).get(0)), BadConversion);
  EXPECT_EQ((List<Lock>(client_, list.name()).get(0).name()), Name("lock"));
}

TEST_P(CppHandleTest, AReferenceMadeByHandNeedsAClient) {
  EXPECT_THROW(List<int>(Ref{"name", "list"}), InvalidArgument);
}

TEST_P(CppHandleTest, ABatchAnswersWithHandlesToo) {
  const auto outer = List<List<int>>::make(client_);
  Batch batch = client_.batch();
  batch.on(outer).append(List<int>::make(client_, {7}));
  const auto inner = batch.on(outer).get(0);
  batch.run();
  EXPECT_EQ(inner.get().values(), std::vector<int>{7});
}

}  // namespace
}  // namespace coheld
