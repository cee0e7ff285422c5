// Every service answers the generated stubs of a stock grpc++ client, and errors arrive as grpc++
// users read them. What each op means is tested with the engine.
#include <set>
#include <vector>

#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

class Services : public Conformance {};

TEST_P(Services, AdminPingSendsThePayloadBack) {
  v1::Admin::Stub stub(channel());
  v1::AdminPingRequest request;
  request.set_payload(std::string("\0\xff payload", 10));
  v1::AdminPingReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Admin::Stub::Ping, request, &reply));
  EXPECT_EQ(reply.payload(), request.payload());
}

TEST_P(Services, AdminStatusNamesTheDaemonsProcess) {
  v1::Admin::Stub stub(channel());
  v1::AdminStatusReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Admin::Stub::Status, v1::AdminStatusRequest(), &reply));
  EXPECT_EQ(reply.pid(), daemon_.pid());
  EXPECT_EQ(reply.durability(), "memory");
  EXPECT_EQ(reply.connections(), 1);
}

TEST_P(Services, AdminObjectsListsWhatWasMade) {
  v1::List::Stub list(channel());
  v1::ListChangeReply change;
  EXPECT_CALL_OK(Call(list, &v1::List::Stub::Append, AppendRequest("one", Integer(1)), &change));
  v1::Admin::Stub admin(channel());
  v1::AdminObjectsReply reply;
  EXPECT_CALL_OK(Call(admin, &v1::Admin::Stub::Objects, v1::AdminObjectsRequest(), &reply));
  ASSERT_EQ(reply.objects_size(), 1);
  EXPECT_EQ(reply.objects(0).name(), "one");
  EXPECT_EQ(reply.objects(0).type(), "list");
  EXPECT_EQ(reply.objects(0).size(), 1);
}

TEST_P(Services, SessionOpensAndCloses) {
  v1::Session::Stub stub(channel());
  v1::SessionOpenReply opened;
  EXPECT_CALL_OK(Call(stub, &v1::Session::Stub::Open, v1::SessionOpenRequest(), &opened));
  EXPECT_FALSE(opened.token().empty());
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", opened.token());
  v1::SessionCloseReply closed;
  EXPECT_CALL_OK(stub.Close(&context, v1::SessionCloseRequest(), &closed));
}

TEST_P(Services, ListKeepsItsItems) {
  v1::List::Stub stub(channel());
  v1::ListChangeReply change;
  for (int i = 0; i < 3; ++i) {
    EXPECT_CALL_OK(Call(stub, &v1::List::Stub::Append, AppendRequest("l", Integer(i)), &change));
  }
  EXPECT_EQ(change.length(), 3);
  v1::ListGetSliceReply reply;
  EXPECT_CALL_OK(
      Call(stub, &v1::List::Stub::GetSlice, Named<v1::ListGetSliceRequest>("l"), &reply));
  ASSERT_EQ(reply.values_size(), 3);
  EXPECT_EQ(reply.values(2).integer(), 2);
}

TEST_P(Services, DictIncrements) {
  v1::Dict::Stub stub(channel());
  auto request = Named<v1::DictIncrementRequest>("d");
  *request.mutable_key() = Text("word");
  *request.mutable_amount() = Integer(5);
  v1::DictIncrementReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Dict::Stub::Increment, request, &reply));
  EXPECT_CALL_OK(Call(stub, &v1::Dict::Stub::Increment, request, &reply));
  EXPECT_EQ(reply.value().integer(), 10);
}

TEST_P(Services, SharedValueHoldsWhatWasSet) {
  v1::SharedValue::Stub stub(channel());
  auto request = Named<v1::SharedValueSetRequest>("v");
  *request.mutable_value() = Text("grüße");
  v1::SharedValueChangeReply change;
  EXPECT_CALL_OK(Call(stub, &v1::SharedValue::Stub::Set, request, &change));
  v1::SharedValueGetReply reply;
  EXPECT_CALL_OK(
      Call(stub, &v1::SharedValue::Stub::Get, Named<v1::SharedValueGetRequest>("v"), &reply));
  EXPECT_EQ(reply.value().text(), "grüße");
}

TEST_P(Services, QueueGivesFirstWhatCameFirst) {
  v1::Queue::Stub stub(channel());
  v1::QueuePutReply put;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Put, PutRequest("q", Integer(1)), &put));
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Put, PutRequest("q", Integer(2)), &put));
  v1::QueueGetReply got;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Get, GetRequest("q"), &got));
  EXPECT_EQ(got.value().integer(), 1);
}

// Acquires without waiting, as that owner.
bool TryAcquire(v1::Lock::Stub& stub, const std::string& session, const std::string& thread) {
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", session);
  context.AddMetadata("coheld-thread", thread);
  auto request = Named<v1::LockAcquireRequest>("lock");
  request.set_timeout_ms(0);
  v1::LockAcquireReply reply;
  EXPECT_CALL_OK(stub.Acquire(&context, request, &reply));
  return reply.acquired();
}

TEST_P(Services, LockBelongsToTheSessionAndThreadInTheMetadata) {
  v1::Lock::Stub stub(channel());
  const std::string session = OpenSession();
  EXPECT_TRUE(TryAcquire(stub, session, "1"));
  EXPECT_FALSE(TryAcquire(stub, session, "2"));
  EXPECT_FALSE(TryAcquire(stub, OpenSession(), "1"));

  grpc::ClientContext context;
  context.AddMetadata("coheld-session", session);
  context.AddMetadata("coheld-thread", "2");
  v1::LockReleaseReply reply;
  EXPECT_CALL_FAILS(stub.Release(&context, Named<v1::LockReleaseRequest>("lock"), &reply),
                    grpc::StatusCode::PERMISSION_DENIED, "LOCK_NOT_OWNER");
}

TEST_P(Services, AcquireWithoutSessionSaysSo) {
  v1::Lock::Stub stub(channel());
  v1::LockAcquireReply reply;
  EXPECT_CALL_FAILS(
      Call(stub, &v1::Lock::Stub::Acquire, Named<v1::LockAcquireRequest>("lock"), &reply),
      grpc::StatusCode::FAILED_PRECONDITION, "SESSION_REQUIRED");
}

TEST_P(Services, UnknownSessionTokenIsRefused) {
  v1::Lock::Stub stub(channel());
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", "no-such-token");
  v1::LockAcquireReply reply;
  EXPECT_CALL_FAILS(stub.Acquire(&context, Named<v1::LockAcquireRequest>("lock"), &reply),
                    grpc::StatusCode::FAILED_PRECONDITION, "SESSION_EXPIRED");
}

TEST_P(Services, ErrorsCarryCodeMessageAndReason) {
  v1::List::Stub list(channel());
  v1::ListPopReply popped;
  EXPECT_CALL_FAILS(Call(list, &v1::List::Stub::Pop, Named<v1::ListPopRequest>("none"), &popped),
                    grpc::StatusCode::OUT_OF_RANGE, "INDEX_OUT_OF_RANGE");

  v1::Queue::Stub queue(channel());
  auto get = GetRequest("empty");
  get.set_timeout_ms(0);
  v1::QueueGetReply got;
  EXPECT_CALL_FAILS(Call(queue, &v1::Queue::Stub::Get, get, &got),
                    grpc::StatusCode::FAILED_PRECONDITION, "QUEUE_EMPTY");
}

TEST_P(Services, AnotherTypeUnderTheNameIsWrongType) {
  v1::List::Stub list(channel());
  v1::ListChangeReply change;
  EXPECT_CALL_OK(Call(list, &v1::List::Stub::Append, AppendRequest("x", Integer(1)), &change));
  v1::Queue::Stub queue(channel());
  v1::QueueGetReply got;
  EXPECT_CALL_FAILS(Call(queue, &v1::Queue::Stub::Get, GetRequest("x"), &got),
                    grpc::StatusCode::FAILED_PRECONDITION, "WRONG_TYPE");
}

TEST_P(Services, ErrorMessagesKeepTheirUnicode) {
  v1::Admin::Stub stub(channel());
  v1::AdminDescribeReply reply;
  const std::string name = "größe % 100";
  const grpc::Status status =
      Call(stub, &v1::Admin::Stub::Describe, Named<v1::AdminDescribeRequest>(name), &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_NE(status.error_message().find(name), std::string::npos) << status.error_message();
}

INSTANTIATE_TEST_SUITE_P(, Services, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
