// A daemon that stood still ends nothing whose time passed meanwhile: on a loop whose clock is the
// test's, with real sessions over HTTP/2 bytes.
#include <gtest/gtest.h>

#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/session.pb.h"
#include "server/dispatch/dispatcher.h"
#include "tests/unit/dispatch/fake_edge.h"

namespace coheld::dispatch {
namespace {

class Stalls : public ::testing::Test {
 protected:
  // Leaves a session without a connection.
  void Detach() {
    Client client(dispatcher_);
    client.Open();
    client.Call<v1::QueuePutReply>("Queue/Put", Put());
  }
  static v1::QueuePutRequest Put() {
    v1::QueuePutRequest request;
    request.set_name("q");
    request.mutable_value()->set_integer(1);
    return request;
  }
  size_t sessions() const { return dispatcher_.engine().sessions().all().size(); }

  FakeLoop loop_;
  Dispatcher dispatcher_{loop_, {}, {}, ""};
};

TEST_F(Stalls, WithoutOneATtlPassesOnTime) {
  Detach();
  loop_.Pass(kTtlMs - 1);
  EXPECT_EQ(sessions(), 1u);
  loop_.Pass(1);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(Stalls, EndNoSession) {
  Detach();
  loop_.Pass(kTtlMs - 1);
  loop_.Stall(3 * kTtlMs);
  loop_.FireIfDue();
  EXPECT_EQ(sessions(), 1u);
  loop_.Pass(kTtlMs - 1);
  EXPECT_EQ(sessions(), 1u);
  loop_.Pass(1);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(Stalls, AreNoticedByACallToo) {
  Detach();
  Client other(dispatcher_);
  loop_.Stall(3 * kTtlMs);
  other.Call<v1::QueuePutReply>("Queue/Put", Put());
  loop_.FireIfDue();
  loop_.Pass(kTtlMs - 1);
  EXPECT_EQ(sessions(), 1u);
  loop_.Pass(1);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(Stalls, AddToTheTtlsOfObjects) {
  Client client(dispatcher_);
  client.Call<v1::QueuePutReply>("Queue/Put", Put());
  v1::ObjectSetTtlRequest request;
  request.set_name("q");
  request.set_ttl_ms(5000);
  client.Call<v1::ObjectSetTtlReply>("Object/SetTtl", request);
  loop_.Pass(1000);
  loop_.Stall(60'000);
  loop_.FireIfDue();
  loop_.Pass(3000);
  EXPECT_EQ(dispatcher_.engine().store().objects().size(), 1u);
  loop_.Pass(2000);
  EXPECT_EQ(dispatcher_.engine().store().objects().size(), 0u);
}

TEST_F(Stalls, OfLessThanAQuarterOfTheTtlAreNone) {
  Detach();
  for (int i = 0; i < 4; ++i) {
    loop_.Stall(kTtlMs / 4);
    loop_.FireIfDue();
  }
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(Stalls, AreNotWhatAnIdleDaemonDoes) {
  Client client(dispatcher_);
  client.Open();
  loop_.Pass(10'000);
  loop_.Stall(3'600'000);  // Nothing is due, so nothing runs.
  loop_.FireIfDue();
  Detach();
  loop_.Pass(kTtlMs);
  EXPECT_EQ(sessions(), 1u);
}

TEST_F(Stalls, LeaveTheTimeoutsOfWaitingOpsAlone) {
  Client client(dispatcher_);
  v1::QueueGetRequest request;
  request.set_name("q");
  request.set_timeout_ms(2000);
  client.Call<v1::QueueGetReply>("Queue/Get", request);
  EXPECT_EQ(dispatcher_.engine().parked().size(), 1u);
  loop_.Stall(60'000);
  loop_.FireIfDue();
  EXPECT_EQ(dispatcher_.engine().parked().size(), 0u);
}

}  // namespace
}  // namespace coheld::dispatch
