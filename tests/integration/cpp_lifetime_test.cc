// How long objects live: handles, references, forks and names that travel on their own.
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::InChild;

class CppLifetimeTest : public testing::CppTest {
 protected:
  // Looks with another client than the one that lets objects go.
  bool Lives(const std::string& name) const {
    try {
      Admin(other_).describe(name);
      return true;
    } catch (const ObjectNotFound&) {
      return false;
    }
  }
  void WaitUntilGone(const std::string& name) const {
    while (Lives(name)) std::this_thread::yield();
  }

  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppLifetimeTest);

TEST_P(CppLifetimeTest, TheLastCopyOfAHandleEndsItsObject) {
  std::string name;
  {
    const auto list = List<int>::make(client_);
    name = list.name();
    { const List<int> copy(list); }
    EXPECT_EQ(lifetime(list).own_handles, 1u);
    EXPECT_TRUE(Lives(name));
  }
  WaitUntilGone(name);
}

TEST_P(CppLifetimeTest, AReleaseIsSeenByTheClientsNextOp) {
  std::string name;
  { name = Lock::make(client_).name(); }
  EXPECT_THROW(Admin(client_).describe(name), ObjectNotFound);
}

TEST_P(CppLifetimeTest, AnObjectHeldByAnotherOutlivesItsHandles) {
  const auto outer = List<List<int>>::make(client_);
  std::string name;
  {
    const auto inner = List<int>::make(client_, {1});
    name = inner.name();
    outer.append(inner);
  }
  EXPECT_EQ(outer.get(0).values(), std::vector<int>{1});
  EXPECT_EQ(lifetime(client_, name).references, 1u);
  outer.clear();
  WaitUntilGone(name);
}

TEST_P(CppLifetimeTest, AReceivedHandleHoldsWhatItsHolderLetGo) {
  const auto outer = List<List<int>>::make(client_, {List<int>::make(client_, {1})});
  std::string name;
  {
    const List<int> inner = outer.pop();
    name = inner.name();
    EXPECT_EQ(inner.values(), std::vector<int>{1});
  }
  WaitUntilGone(name);
}

TEST_P(CppLifetimeTest, ManyRepliesWithOneObjectAreAllGivenBack) {
  const auto outer = List<List<int>>::make(client_, {List<int>::make(client_)});
  std::string name;
  {
    const List<int> first = outer.get(0);
    for (int i = 0; i < 10; ++i) outer.get(0);
    name = first.name();
    EXPECT_EQ(lifetime(first).own_handles, 11u);
  }
  EXPECT_EQ(lifetime(client_, name).own_handles, 0u);
}

TEST_P(CppLifetimeTest, AReferenceMovedIntoARequestLivesUntilItIsHeld) {
  const List<Value> list(client_, Name("list"));
  Ref ref = List<int>::make(client_, {7}).ref();
  list.append(std::move(ref));
  EXPECT_EQ((List<List<int>>(client_, list.name()).get(0).values()), std::vector<int>{7});
}

TEST_P(CppLifetimeTest, ABatchKeepsItsObjectsUntilItHasRun) {
  Batch batch = client_.batch();
  auto size = [&] { return batch.on(List<int>::make(client_, {1, 2})).size(); }();
  batch.run();
  EXPECT_EQ(size.get(), 2u);
}

TEST_P(CppLifetimeTest, ThousandsOfHandlesLeaveNothing) {
  const uint64_t before = Admin(client_).status().objects;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto list = List<List<int>>::make(client_, {List<int>::make(client_, {i})});
        EXPECT_EQ(list.get(0).get(0), i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (Admin(client_).status().objects > before) std::this_thread::yield();
}

TEST_P(CppLifetimeTest, ALentNameIsHeldByAnotherClient) {
  std::string name;
  {
    const auto queue = Queue<int>::make(client_);
    queue.put(5);
    name = queue.name();
    lend(queue);
  }
  EXPECT_GT(lifetime(other_, name).grace, 0ms);
  const Queue<int> queue(hold(other_, name));
  EXPECT_EQ(queue.get(), 5);
  EXPECT_EQ(lifetime(queue).own_handles, 1u);
  EXPECT_THROW(List<int>(hold(other_, name)), BadConversion);
}

TEST_P(CppLifetimeTest, WhatIsGoneCannotBeHeld) {
  std::string name;
  { name = List<int>::make(client_).name(); }
  WaitUntilGone(name);
  EXPECT_THROW(hold(other_, name), ObjectNotFound);
  EXPECT_THROW(List<int>(other_, name).append(1), ObjectNotFound);
}

TEST_P(CppLifetimeTest, AChildKeepsWhatItsParentLetsGo) {
  const Queue<int> go(client_, Name("go"));
  go.create();
  auto list = std::make_unique<List<int>>(List<int>::make(client_, {3}));
  const std::string name = list->name();
  const pid_t child = testing::StartChild([&] {
    return go.get() == 1 && list->values() == std::vector<int>{3} &&
           lifetime(*list).own_handles == 1;
  });
  testing::WaitForWaiters(other_, go.name(), 1);
  list.reset();
  EXPECT_TRUE(Lives(name));
  go.put(1);
  EXPECT_TRUE(testing::EndsWell(child));
}

TEST_P(CppLifetimeTest, AChildsEndTakesNothingFromItsParent) {
  const auto list = List<int>::make(client_, {3});
  EXPECT_TRUE(InChild([&] { return list.size() == 1; }));
  EXPECT_TRUE(InChild([&] {
    client_.close();
    return true;
  }));
  EXPECT_EQ(list.values(), std::vector<int>{3});
}

TEST_P(CppLifetimeTest, ATtlEndsANamedObject) {
  const List<int> list(client_, Name("list"));
  list.append(1);
  set_ttl(list, 1h);
  EXPECT_GT(lifetime(list).ttl.value(), 59min);
  set_ttl(list, std::nullopt);
  EXPECT_FALSE(lifetime(list).ttl.has_value());
  set_ttl(list, 1ms);
  WaitUntilGone(list.name());
  EXPECT_THROW(set_ttl(List<int>::make(client_), 1s), InvalidArgument);
}

TEST_P(CppLifetimeTest, HandlesMayOutliveTheirSession) {
  const auto list = List<int>::make(client_);
  client_.close();
  EXPECT_THROW(list.append(1), ObjectNotFound);
}

}  // namespace
}  // namespace coheld
