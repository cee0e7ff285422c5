// A daemon that stood still ends nothing whose time passed meanwhile: on a loop whose clock is the
// test's, with real sessions over HTTP/2 bytes.
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/session.pb.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/peer_calls.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::dispatch {
namespace {

constexpr uint64_t kTtlMs = 4000;

class FakeLoop : public EdgeLoop {
 public:
  TimeMs Now() const override { return now_; }
  void ArmTimer(TimeMs when, std::function<void()> fire) override {
    when_ = when;
    fire_ = std::move(fire);
  }
  std::unique_ptr<Watch> WatchProcess(int, std::function<void()>) override { return nullptr; }

  // Lets time pass as it should: the timer fires when it is due.
  void Pass(uint64_t ms) {
    const TimeMs end = engine::After(now_, ms);
    while (when_ <= end) {
      now_ = std::max(now_, when_);
      Fire();
    }
    now_ = end;
  }
  // Lets time pass while nothing runs.
  void Stall(uint64_t ms) { now_ = engine::After(now_, ms); }
  void FireIfDue() {
    if (when_ <= now_) Fire();
  }

 private:
  void Fire() {
    when_ = engine::kNever;
    std::exchange(fire_, nullptr)();
  }

  TimeMs now_{1000};
  TimeMs when_ = engine::kNever;
  std::function<void()> fire_;
};

// A client and its connection.
class Client : public transport::Connection {
 public:
  explicit Client(Dispatcher& dispatcher)
      : calls_(dispatcher.OnConnection(*this)), session_({}, *calls_) {}
  const transport::Peer& peer() const override { return peer_; }
  transport::GrpcSession& session() override { return session_; }
  void RequestFlush() override {}
  void Drop(std::string_view) override {}

  template <typename Reply>
  Reply Call(const std::string& path, const google::protobuf::Message& request) {
    transport::Fields more;
    if (!token_.empty()) more.emplace_back("coheld-session", token_);
    const transport::StreamId stream =
        client_.Call(transport::RequestFields("/coheld.v1." + path, more),
                     transport::Framed(request.SerializeAsString()));
    transport::Exchange(client_, session_);
    status_ = client_.response(stream).status();
    Reply reply;
    if (status_ == "0") reply.ParseFromString(client_.response(stream).messages().at(0));
    return reply;
  }
  void Open() {
    v1::SessionOpenRequest request;
    request.set_ttl_ms(kTtlMs);
    token_ = Call<v1::SessionOpenReply>("Session/Open", request).token();
  }
  // Uses a session that another connection opened.
  void Use(const Client& other) { token_ = other.token_; }
  const std::string& status() const { return status_; }

 private:
  const transport::Peer peer_;
  std::string token_;
  std::string status_;
  std::unique_ptr<transport::CallHandler> calls_;
  transport::GrpcSession session_;
  transport::ClientSession client_;
};

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
