// coheld::Client against the daemon: threads, forks, interrupts, big values, batches. Its
// reconnects are cpp_reconnect_test.cc.
#include <signal.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::InChild;
using testing::WaitForWaiters;

class CppClientTest : public testing::CppTest {
 protected:
  // Returns the request of Queue.Get without a timeout, and its method number.
  static PipelinedCall ParkingGet(const std::string& name, std::string* request) {
    v1::QueueGetRequest message;
    message.set_name(name);
    *request = message.SerializeAsString();
    return {wire::FindMethod("/coheld.v1.Queue/Get")->number, *request};
  }
};
COHELD_ON_BOTH_SOCKETS(CppClientTest);

TEST_P(CppClientTest, EightThreadsShareAClient) {
  const Dict<std::string, int> dict(client_, Name("dict"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&dict, t] {
      const std::string own = "thread " + std::to_string(t);
      for (int i = 1; i <= 200; ++i) {
        EXPECT_EQ(dict.increment(own), i);
        dict.increment("all");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(dict.at("all"), 1600);
}

TEST_P(CppClientTest, ParkedThreadsHoldUpNobody) {
  const Queue<int> queue(client_, Name("queue"));
  queue.create();
  std::atomic<int> sum{0};
  std::vector<std::thread> getters;
  for (int t = 0; t < 16; ++t) getters.emplace_back([&] { sum += queue.get(); });
  WaitForWaiters(client_, queue.name(), 16);
  for (int i = 1; i <= 16; ++i) queue.put(i);
  for (std::thread& getter : getters) getter.join();
  EXPECT_EQ(sum, 16 * 17 / 2);
}

TEST_P(CppClientTest, AChildGoesOnWithASessionOfItsOwn) {
  const List<int> list(client_, Name("list"));
  list.append(1);
  const uint64_t parent_session = client_.session().id;
  EXPECT_TRUE(InChild([&] {
    list.append(2);
    return client_.session().id != parent_session;
  }));
  EXPECT_EQ(list.values(), (std::vector<int>{1, 2}));
  EXPECT_EQ(client_.session().id, parent_session);
}

// GCC 12's AddressSanitizer does not guard its allocator against fork(): a child may hang in
// malloc.
#if !defined(__SANITIZE_ADDRESS__)
TEST_P(CppClientTest, ForksAmongBusyThreadsNeverHang) {
  const Dict<std::string, int> dict(client_, Name("dict"));
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) dict.increment("parent");
    });
  }
  for (int i = 0; i < 25; ++i) {
    EXPECT_TRUE(InChild([&] {
      for (int n = 0; n < 5; ++n) dict.increment("children");
      return true;
    }));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(dict.at("children"), 125);
}
#endif

TEST_P(CppClientTest, AGrandchildWorksToo) {
  const List<int> list(client_, Name("list"));
  EXPECT_TRUE(InChild([&] {
    list.append(1);
    return InChild([&] {
      list.append(2);
      return true;
    });
  }));
  EXPECT_EQ(list.size(), 2u);
}

TEST_P(CppClientTest, TheParentsLockStaysWithTheParent) {
  auto lock = Lock::make(client_);
  lock.lock();
  EXPECT_TRUE(InChild([&] {
    if (lock.try_lock()) return false;
    try {
      lock.release();
    } catch (const LockNotOwner&) {
      return true;
    }
    return false;
  }));
  EXPECT_TRUE(lock.inspect().locked);
  lock.release();
}

TEST_P(CppClientTest, AChildThatDoesNothingDisturbsNothing) {
  auto lock = Lock::make(client_);
  lock.lock();
  EXPECT_TRUE(InChild([] { return true; }));
  EXPECT_TRUE(InChild([this] {
    client_.close();
    return true;
  }));
  EXPECT_TRUE(lock.inspect().locked);
  lock.release();
}

TEST_P(CppClientTest, AnInterruptCancelsAndLeavesTheItem) {
  const Queue<int> queue(client_, Name("queue"));
  queue.create();
  std::string request;
  const PipelinedCall get = ParkingGet(queue.name(), &request);
  std::atomic<bool> stop{false};
  CallOptions options;
  options.on_interrupt = [&stop] { return stop.load(); };
  std::thread getter([&] {
    try {
      client_.call(get.method, get.request, options);
      ADD_FAILURE() << "the op went on";
    } catch (const Interrupted& interrupted) {
      EXPECT_TRUE(interrupted.outcome_known());
      EXPECT_FALSE(interrupted.reply().has_value());
    }
  });
  WaitForWaiters(client_, queue.name(), 1);
  stop = true;
  getter.join();
  queue.put(1);
  EXPECT_EQ(queue.get(), 1);
}

TEST_P(CppClientTest, ASignalInterruptsAtOnce) {
  const Queue<int> queue(client_, Name("queue"));
  queue.create();
  std::string request;
  const PipelinedCall get = ParkingGet(queue.name(), &request);
  static std::atomic<bool> signalled;
  signalled = false;
  struct sigaction action = {};
  action.sa_handler = [](int) { signalled = true; };
  struct sigaction before = {};
  sigaction(SIGUSR1, &action, &before);
  CallOptions options;
  options.on_interrupt = [] { return signalled.load(); };
  std::thread getter(
      [&] { EXPECT_THROW(client_.call(get.method, get.request, options), Interrupted); });
  WaitForWaiters(client_, queue.name(), 1);
  pthread_kill(getter.native_handle(), SIGUSR1);
  getter.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(CppClientTest, ADeadlineEndsAParkedOp) {
  const Queue<int> queue(client_, Name("queue"));
  std::string request;
  const PipelinedCall get = ParkingGet(queue.name(), &request);
  CallOptions options;
  options.deadline = 5ms;
  EXPECT_THROW(client_.call(get.method, get.request, options), Timeout);
  queue.put(1);
  EXPECT_EQ(queue.size(), 1u);
}

TEST_P(CppClientTest, BigValuesPassBothWays) {
  const auto list = List<Bytes>::make(client_);
  for (const size_t size : {size_t{70'000}, size_t{5} << 20, size_t{24} << 20}) {
    Bytes big{std::string(size, 'x')};
    big.data[size / 2] = '\0';
    list.append(big);
    EXPECT_EQ(list.pop(), big) << size;
  }
}

TEST_P(CppClientTest, TooBigARequestIsRefusedAndTheClientGoesOn) {
  const auto list = List<Bytes>::make(client_);
  EXPECT_THROW(list.append(Bytes{std::string(size_t{65} << 20, 'x')}), TooLarge);
  EXPECT_EQ(list.size(), 0u);
}

TEST_P(CppClientTest, TooBigAReplyIsRefusedAndTheClientGoesOn) {
  const auto list = List<Bytes>::make(client_, {Bytes{std::string(100'000, 'x')}});
  const auto small = Client::connect(Address(), {.message_bytes_max = 10'000});
  EXPECT_THROW((List<Bytes>(small, list.name()).get(0)), TooLarge);
  EXPECT_EQ((List<Bytes>(small, list.name()).size()), 1u);
}

TEST_P(CppClientTest, ABatchAnswersEachOp) {
  const auto list = List<int>::make(client_);
  const auto dict = Dict<std::string, int>::make(client_);
  const auto queue = Queue<int>::make(client_);
  const auto value = SharedValue<int>::make(client_);
  Batch batch = client_.batch();
  const auto appended = batch.on(list).append(1);
  const auto missing = batch.on(list).get(7);
  const auto stored = batch.on(dict).increment("a", 2);
  const auto none = batch.on(queue).try_get();
  const auto added = batch.on(value).fetch_add(3);
  const auto items = batch.on(list).values();
  EXPECT_FALSE(appended.ready());
  EXPECT_EQ(batch.size(), 6u);
  batch.run();
  EXPECT_EQ(batch.size(), 0u);
  EXPECT_EQ(appended.get().length, 1u);
  EXPECT_THROW(missing.get(), IndexOutOfRange);
  EXPECT_EQ(stored.get(), 2);
  EXPECT_EQ(none.get(), std::nullopt);
  EXPECT_EQ(added.get(), 0);
  EXPECT_EQ(items.get(), std::vector<int>{1});
}

TEST_P(CppClientTest, ABatchOfManyOpsKeepsTheirOrder) {
  const auto list = List<int>::make(client_);
  Batch batch = client_.batch();
  std::vector<Pending<Changed>> answers;
  for (int i = 0; i < 20'000; ++i) answers.push_back(batch.on(list).append(i));
  batch.run();
  for (size_t i = 0; i < answers.size(); ++i) ASSERT_EQ(answers[i].get().length, i + 1);
  EXPECT_EQ(list.get(12'345), 12'345);
}

TEST_P(CppClientTest, AParkedOpOfABatchHoldsNoOtherUp) {
  const Queue<int> queue(client_, Name("queue"));
  Batch batch = client_.batch();
  const auto got = batch.on(queue).get();
  batch.on(queue).put(5);
  batch.run();
  EXPECT_EQ(got.get(), 5);
}

TEST_P(CppClientTest, AnUnknownMethodIsToldApart) {
  try {
    client_.call(999, "");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.reason(), Reason::kUnknownMethod);
  }
}

TEST(CppConnectTest, WhereNobodyListensConnectFailsAtOnce) {
  try {
    Client::connect("unix:/nowhere/coheld.sock");
    FAIL();
  } catch (const ConnectFailed& failure) {
    EXPECT_EQ(failure.system_error(), ENOENT);
  }
  EXPECT_THROW(Client::connect("no address"), InvalidArgument);
}

TEST(CppConnectTest, TheDefaultAddressIsTheEnvironments) {
  setenv("COHELD_ADDRESS", "unix:/a", 1);
  EXPECT_EQ(Client::default_address(), "unix:/a");
  unsetenv("COHELD_ADDRESS");
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(Client::default_address(), "unix:/run/user/7/coheld.sock");
  unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(Client::default_address(),
            "unix:/tmp/coheld-" + std::to_string(geteuid()) + "/coheld.sock");
}

}  // namespace
}  // namespace coheld
