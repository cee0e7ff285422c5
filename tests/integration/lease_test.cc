// Leases on queues against the real daemon: what becomes of an item whose consumer is killed, hangs
// or is late, by the daemon's clock. Consumers that die are processes of their own.
#include <csignal>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/client.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/victim.h"

namespace coheld {
namespace {

using std::chrono::milliseconds;
using testing::Victim;
using Clock = std::chrono::steady_clock;

// Far above what any test takes: an end that waits for it fails the test's own limit.
constexpr milliseconds kLongTtl{600'000};
constexpr uint64_t kLongMs = 60'000;

template <typename Reply, typename Request>
Reply Call(const Client& client, const std::string& method, const Request& request) {
  Reply reply;
  EXPECT_TRUE(reply.ParseFromString(client.call(
      wire::FindMethod("/coheld.v1.Queue/" + method)->number, request.SerializeAsString())));
  return reply;
}

v1::QueueLeaseReply Lease(const Client& client, uint32_t limit = 1, uint64_t visibility_ms = 0) {
  v1::QueueLeaseRequest request;
  request.set_name("q");
  request.set_timeout_ms(kLongMs);
  request.set_limit(limit);
  request.set_visibility_ms(visibility_ms);
  return Call<v1::QueueLeaseReply>(client, "Lease", request);
}

void Ack(const Client& client, uint64_t delivery) {
  v1::QueueAckRequest request;
  request.set_name("q");
  request.set_delivery(delivery);
  Call<v1::QueueAckReply>(client, "Ack", request);
}

std::vector<int64_t> GetAll(const Client& client, const std::string& name = "q") {
  v1::QueueGetManyRequest request;
  request.set_name(name);
  request.set_timeout_ms(kLongMs);
  std::vector<int64_t> items;
  const auto reply = Call<v1::QueueGetManyReply>(client, "GetMany", request);
  for (const v1::Value& item : reply.values()) items.push_back(item.integer());
  return items;
}

class Leases : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon_.Start();
    client_ = Client::connect(daemon_.address_unix());
  }
  const Client& client() const { return *client_; }

  void Create(v1::QueueKind kind, uint32_t deliveries_max = 0) const {
    v1::QueueCreateRequest request;
    request.set_name("q");
    request.set_kind(kind);
    request.set_deliveries_max(deliveries_max);
    Call<v1::QueueCreateReply>(client(), "Create", request);
  }
  void Put(const std::vector<int64_t>& items, uint64_t delay_ms = 0) const {
    v1::QueuePutManyRequest request;
    request.set_name("q");
    for (const int64_t item : items) request.add_values()->set_integer(item);
    request.set_delay_ms(delay_ms);
    Call<v1::QueuePutReply>(client(), "PutMany", request);
  }
  // Waits until so many items are leased.
  void AwaitLeased(uint64_t leased) const {
    v1::QueueLenRequest request;
    request.set_name("q");
    const auto deadline = Clock::now() + milliseconds(kLongMs);
    while (Call<v1::QueueLenReply>(client(), "Len", request).leased() != leased) {
      ASSERT_LT(Clock::now(), deadline);
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  // A process that leases so many items and then does nothing until it is killed.
  std::function<void()> Consumer(const std::string& address, uint32_t limit,
                                 milliseconds ttl = kLongTtl) const {
    return [=] {
      static const Client* const kept = new Client(Client::connect(address, {.session_ttl = ttl}));
      Lease(*kept, limit);
    };
  }

  testing::DaemonProcess daemon_;
  std::optional<Client> client_;
};

TEST_F(Leases, ItemOfAKilledConsumerIsDeliveredAgainFirst) {
  Put({1, 2, 3});
  Victim victim(Consumer(daemon_.address_unix(), 1));
  victim.Kill();
  AwaitLeased(0);
  const v1::QueueLeaseReply reply = Lease(client(), 3);
  ASSERT_EQ(reply.deliveries_size(), 3);
  EXPECT_EQ(reply.deliveries(0).value().integer(), 1);
  EXPECT_EQ(reply.deliveries(0).attempt(), 2u);
  EXPECT_EQ(reply.deliveries(1).value().integer(), 2);
  EXPECT_EQ(reply.deliveries(1).attempt(), 1u);
}

TEST_F(Leases, ConsumerThatWaitsHasTheItemOfAKilledOneAtOnce) {
  Put({1});
  Victim victim(Consumer(daemon_.address_unix(), 1));
  auto next = std::async(std::launch::async, [&] { return Lease(client()); });
  const auto start = Clock::now();
  victim.Kill();
  EXPECT_EQ(next.get().deliveries(0).attempt(), 2u);
  EXPECT_LT(Clock::now() - start, milliseconds(5'000));  // Not the TTL.
}

TEST_F(Leases, ItemsOfAKilledConsumerReturnToTheirPlaceInALifo) {
  Create(v1::QUEUE_KIND_LIFO);
  Put({1, 2, 3});
  Victim victim(Consumer(daemon_.address_unix(), 2));
  Put({4});
  victim.Kill();
  AwaitLeased(0);
  EXPECT_EQ(GetAll(client()), (std::vector<int64_t>{4, 3, 2, 1}));
}

TEST_F(Leases, ItemsOfAKilledConsumerReturnToTheirPlaceByPriority) {
  Create(v1::QUEUE_KIND_PRIORITY);
  Put({5, 3, 4});
  Victim victim(Consumer(daemon_.address_unix(), 2));
  Put({6, 2});
  victim.Kill();
  AwaitLeased(0);
  EXPECT_EQ(GetAll(client()), (std::vector<int64_t>{2, 3, 4, 5, 6}));
}

TEST_F(Leases, ItemOfAKilledTcpConsumerIsDeliveredAgainAfterItsTtl) {
  Put({1, 2});
  Victim victim(Consumer(daemon_.address_tcp(), 1, milliseconds(500)));
  victim.Kill();
  AwaitLeased(0);
  EXPECT_EQ(GetAll(client()), (std::vector<int64_t>{1, 2}));
}

TEST_F(Leases, ConsumerThatHangsIsToldThatItsLeaseIsLost) {
  Put({1});
  const Client slow = Client::connect(daemon_.address_unix());
  const uint64_t lost = Lease(slow, 1, 50).deliveries(0).delivery();
  const v1::QueueDelivery again = Lease(client()).deliveries(0);  // It waits for the end.
  EXPECT_EQ(again.attempt(), 2u);
  EXPECT_GT(again.delivery(), lost);
  EXPECT_THROW(Ack(slow, lost), LeaseLost);
  Ack(client(), again.delivery());
  EXPECT_THROW(Ack(client(), again.delivery()), LeaseLost);
}

TEST_F(Leases, ItemThatKillsItsConsumersGoesToTheDeadLetters) {
  Create(v1::QUEUE_KIND_FIFO, 3);
  Put({13});
  for (int i = 0; i < 3; ++i) {
    Victim victim(Consumer(daemon_.address_unix(), 1));
    victim.Kill();
    AwaitLeased(0);
  }
  EXPECT_EQ(GetAll(client(), "{q}.dead"), (std::vector<int64_t>{13}));
}

TEST_F(Leases, DelayedItemComesWhenItsTimeHasCome) {
  const auto start = Clock::now();
  Put({2}, 200);
  Put({1});
  EXPECT_EQ(GetAll(client()), (std::vector<int64_t>{1}));
  EXPECT_EQ(GetAll(client()), (std::vector<int64_t>{2}));
  EXPECT_GE(Clock::now() - start, milliseconds(199));
}

TEST_F(Leases, StoppedDaemonEndsNoVisibility) {
  Put({1});
  const uint64_t delivery = Lease(client(), 1, 2'000).deliveries(0).delivery();
  daemon_.Signal(SIGSTOP);
  std::this_thread::sleep_for(milliseconds(3'000));  // The time is what is tested.
  daemon_.Signal(SIGCONT);
  Ack(client(), delivery);
}

}  // namespace
}  // namespace coheld
