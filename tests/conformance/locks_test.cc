// Leases, guards, deadlocks and explanations as any gRPC client meets them: by unary calls with
// metadata, and by frames. Nothing of coheld's own client is used.
#include <chrono>
#include <thread>

#include "coheld/v1/object.grpc.pb.h"
#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A client with a session, each call of which says where in its program it is.
class Client {
 public:
  Client(const std::shared_ptr<grpc::Channel>& channel, const std::string& program)
      : lock_(channel), dict_(channel), object_(channel) {
    v1::SessionOpenRequest request;
    request.mutable_label()->set_program(program);
    request.mutable_label()->set_host("host of " + program);
    request.mutable_label()->set_pid(17);
    v1::SessionOpenReply reply;
    v1::Session::Stub session(channel);
    EXPECT_CALL_OK(Call(session, &v1::Session::Stub::Open, request, &reply));
    token_ = reply.token();
    session_ = reply.session();
  }

  grpc::Status Acquire(const std::string& name, const std::string& site,
                       v1::LockAcquireReply* reply, uint64_t lease_ms = 0,
                       milliseconds deadline = milliseconds(60'000)) {
    grpc::ClientContext context;
    Prepare(&context, site, 0);
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    auto request = Named<v1::LockAcquireRequest>(name);
    request.set_lease_ms(lease_ms);
    return lock_.Acquire(&context, request, reply);
  }

  grpc::Status Release(const std::string& name) {
    grpc::ClientContext context;
    Prepare(&context, "", 0);
    v1::LockReleaseReply reply;
    return lock_.Release(&context, Named<v1::LockReleaseRequest>(name), &reply);
  }

  grpc::Status Set(const std::string& name, uint64_t fencing_token) {
    grpc::ClientContext context;
    Prepare(&context, "", fencing_token);
    auto request = Named<v1::DictSetRequest>(name);
    *request.mutable_key() = Integer(1);
    *request.mutable_value() = Integer(2);
    v1::DictChangeReply reply;
    return dict_.Set(&context, request, &reply);
  }

  grpc::Status Guard(const std::string& name, const std::string& lock) {
    grpc::ClientContext context;
    Prepare(&context, "", 0);
    auto request = Named<v1::ObjectGuardRequest>(name);
    request.set_lock(lock);
    v1::ObjectGuardReply reply;
    return object_.Guard(&context, request, &reply);
  }

  uint64_t session() const { return session_; }

 private:
  void Prepare(grpc::ClientContext* context, const std::string& site, uint64_t token) {
    context->AddMetadata("coheld-session", token_);
    if (!site.empty()) context->AddMetadata("coheld-site", site);
    if (token != 0) context->AddMetadata("coheld-token", std::to_string(token));
  }

  v1::Lock::Stub lock_;
  v1::Dict::Stub dict_;
  v1::Object::Stub object_;
  std::string token_;
  uint64_t session_ = 0;
};

class Locks : public Conformance {};

TEST_P(Locks, TwoThatLockCrosswiseAreToldAtOnce) {
  Client one(Channel(), "one.py");
  Client two(Channel(), "two.py");
  v1::LockAcquireReply reply;
  EXPECT_CALL_OK(one.Acquire("A", "one.py:1", &reply));
  EXPECT_CALL_OK(two.Acquire("B", "two.py:1", &reply));
  std::thread waiter([&] {
    v1::LockAcquireReply granted;
    EXPECT_CALL_OK(one.Acquire("B", "one.py:2", &granted));
    EXPECT_TRUE(granted.acquired());
  });
  AwaitWaiters("B", 1);
  const auto start = steady_clock::now();
  const grpc::Status status = two.Acquire("A", "two.py:2", &reply);
  EXPECT_LT(steady_clock::now() - start, milliseconds(100));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(Reason(status), "DEADLOCK");
  for (const char* part : {"(one.py, pid 17, @host of one.py) waits at one.py:2 for the lock \"B\"",
                           "(two.py, pid 17, @host of two.py) waits at two.py:2 for the lock \"A\"",
                           "since one.py:1", "since two.py:1"}) {
    EXPECT_NE(status.error_message().find(part), std::string::npos) << status.error_message();
  }
  EXPECT_CALL_OK(two.Release("B"));
  waiter.join();
}

TEST_P(Locks, ACallWhoseDeadlinePassesIsToldWhoHolds) {
  Client one(Channel(), "one.py");
  Client two(Channel(), "two.py");
  v1::LockAcquireReply reply;
  EXPECT_CALL_OK(one.Acquire("A", "one.py:1", &reply));
  // By a frame: grpc++ itself gives up when its deadline passes and does not show what we say then.
  v1::Session::Stub sessions(channel());
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", OpenSession());
  const auto stream = sessions.Call(&context);
  v1::CallRequest frame;
  frame.set_id(1);
  frame.set_method(wire::FindMethod("/coheld.v1.Lock/Acquire")->number);
  frame.set_payload(Named<v1::LockAcquireRequest>("A").SerializeAsString());
  frame.set_deadline_ms(20);
  EXPECT_TRUE(stream->Write(frame));
  v1::CallReply answer;
  EXPECT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.error().reason(), v1::ERROR_REASON_DEADLINE_EXCEEDED);
  EXPECT_NE(answer.error().message().find("held by session " + std::to_string(one.session()) +
                                          " thread 0 (one.py"),
            std::string::npos)
      << answer.error().message();
  context.TryCancel();
}

TEST_P(Locks, AGuardedObjectIsChangedOnlyWithTheCurrentToken) {
  Client one(Channel(), "one.py");
  Client two(Channel(), "two.py");
  EXPECT_CALL_OK(one.Set("{t}d", 0));
  v1::LockAcquireReply first;
  EXPECT_CALL_OK(one.Acquire("{t}l", "", &first));
  EXPECT_CALL_OK(one.Guard("{t}d", "{t}l"));
  EXPECT_CALL_OK(one.Set("{t}d", 0));
  EXPECT_CALL_OK(two.Set("{t}d", first.token()));
  EXPECT_CALL_FAILS(two.Set("{t}d", 0), grpc::StatusCode::PERMISSION_DENIED, "GUARD_STALE");
  EXPECT_CALL_OK(one.Release("{t}l"));
  v1::LockAcquireReply second;
  EXPECT_CALL_OK(two.Acquire("{t}l", "", &second));
  EXPECT_GT(second.token(), first.token());
  EXPECT_CALL_FAILS(one.Set("{t}d", first.token()), grpc::StatusCode::PERMISSION_DENIED,
                    "GUARD_STALE");
  EXPECT_CALL_OK(two.Set("{t}d", 0));
}

TEST_P(Locks, ALeaseEndsByItselfAndBothAreTold) {
  Client one(Channel(), "one.py");
  Client two(Channel(), "two.py");
  v1::LockAcquireReply reply;
  EXPECT_CALL_OK(one.Acquire("l", "", &reply, 50));
  EXPECT_FALSE(reply.owner_died());
  EXPECT_CALL_OK(two.Acquire("l", "", &reply));
  EXPECT_TRUE(reply.acquired() && reply.owner_died());
  EXPECT_CALL_FAILS(one.Release("l"), grpc::StatusCode::ABORTED, "LOCK_LOST");
}

TEST_P(Locks, ExplainTellsWhoAndWhere) {
  Client one(Channel(), "one.py");
  Client two(Channel(), "two.py");
  v1::LockAcquireReply reply;
  EXPECT_CALL_OK(one.Acquire("A", "one.py:1", &reply));
  std::thread waiter([&] {
    v1::LockAcquireReply granted;
    EXPECT_CALL_OK(two.Acquire("A", "two.py:2", &granted));
  });
  AwaitWaiters("A", 1);
  v1::Admin::Stub admin(channel());
  v1::AdminExplainReply explained;
  EXPECT_CALL_OK(
      Call(admin, &v1::Admin::Stub::Explain, Named<v1::AdminExplainRequest>("A"), &explained));
  ASSERT_EQ(explained.holders_size(), 1);
  EXPECT_EQ(explained.holders(0).site(), "one.py:1");
  EXPECT_EQ(explained.holders(0).label().host(), "host of one.py");
  ASSERT_EQ(explained.waiters_size(), 1);
  EXPECT_EQ(explained.waiters(0).site(), "two.py:2");
  EXPECT_EQ(explained.waiters(0).session(), two.session());
  EXPECT_CALL_OK(one.Release("A"));
  waiter.join();
}

INSTANTIATE_TEST_SUITE_P(, Locks, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
