// What gRPC promises for one call: deadlines, cancellation, metadata, message sizes, compression,
// and the right errors for calls that are none.
#include <thread>

#include <grpcpp/generic/generic_stub.h>

#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class Calls : public Conformance {
 protected:
  // Makes a unary call to any path with any bytes.
  grpc::Status CallRaw(const std::string& path, const std::string& bytes) {
    grpc::GenericStub stub(channel());
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    auto call = stub.PrepareUnaryCall(&context, path, grpc::ByteBuffer(&slice, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer reply;
    grpc::Status status;
    call->Finish(&reply, &status, &queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }
};

// A call in a thread of its own.
class ParkedGet {
 public:
  ParkedGet(std::shared_ptr<grpc::Channel> channel, const v1::QueueGetRequest& request)
      : thread_([this, channel, request] {
          v1::Queue::Stub stub(channel);
          status_ = stub.Get(&context_, request, &reply_);
        }) {}
  ~ParkedGet() {
    if (thread_.joinable()) context_.TryCancel(), thread_.join();
  }

  void Cancel() { context_.TryCancel(); }
  // Waits for the end.
  const grpc::Status& Status() {
    if (thread_.joinable()) thread_.join();
    return status_;
  }
  const v1::QueueGetReply& reply() const { return reply_; }

 private:
  grpc::ClientContext context_;
  v1::QueueGetReply reply_;
  grpc::Status status_;
  std::thread thread_;  // Last: it uses the others.
};

TEST_P(Calls, DeadlineEndsAParkedGetInTime) {
  v1::Queue::Stub stub(channel());
  v1::QueueGetReply reply;
  EXPECT_CALL_FAILS(
      [&] {
        auto request = GetRequest("warm-up");
        request.set_timeout_ms(0);
        return Call(stub, &v1::Queue::Stub::Get, request, &reply);
      }(),
      grpc::StatusCode::FAILED_PRECONDITION, "QUEUE_EMPTY");

  const auto began = Clock::now();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + milliseconds(200));
  const grpc::Status status = stub.Get(&context, GetRequest("q"), &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_GE(Clock::now() - began, milliseconds(190));
  EXPECT_LT(Clock::now() - began, milliseconds(5000));
}

TEST_P(Calls, GetterPastItsDeadlineTakesNoItem) {
  v1::Queue::Stub stub(channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + milliseconds(50));
  v1::QueueGetReply got;
  EXPECT_EQ(stub.Get(&context, GetRequest("q"), &got).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  v1::QueuePutReply put;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Put, PutRequest("q", Integer(1)), &put));
  EXPECT_EQ(QueueLength("q"), 1);
}

TEST_P(Calls, ParkedGetGetsTheItemPutLater) {
  ParkedGet get(channel(), GetRequest("q"));
  AwaitWaiters("q", 1);
  v1::Queue::Stub stub(channel());
  v1::QueuePutReply put;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Put, PutRequest("q", Integer(7)), &put));
  EXPECT_CALL_OK(get.Status());
  EXPECT_EQ(get.reply().value().integer(), 7);
}

TEST_P(Calls, CancellationUnparks) {
  ParkedGet get(channel(), GetRequest("q"));
  AwaitWaiters("q", 1);
  get.Cancel();
  EXPECT_EQ(get.Status().error_code(), grpc::StatusCode::CANCELLED);
  AwaitWaiters("q", 0);
}

TEST_P(Calls, CancelledGetterTakesNoItem) {
  ParkedGet get(channel(), GetRequest("q"));
  AwaitWaiters("q", 1);
  get.Cancel();
  EXPECT_EQ(get.Status().error_code(), grpc::StatusCode::CANCELLED);
  v1::Queue::Stub stub(channel());
  v1::QueuePutReply put;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Put, PutRequest("q", Integer(1)), &put));
  EXPECT_EQ(QueueLength("q"), 1);
}

TEST_P(Calls, GetterWhoseConnectionIsGoneTakesNoItem) {
  auto other = Channel();
  auto get = std::make_unique<ParkedGet>(other, GetRequest("q"));
  AwaitWaiters("q", 1);
  get.reset();
  other.reset();
  AwaitWaiters("q", 0);
  v1::Queue::Stub stub(channel());
  v1::QueuePutReply put;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Put, PutRequest("q", Integer(1)), &put));
  EXPECT_EQ(QueueLength("q"), 1);
}

TEST_P(Calls, OpsOwnTimeoutIsNotTheCallsDeadline) {
  v1::Queue::Stub stub(channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  auto request = GetRequest("q");
  request.set_timeout_ms(50);
  v1::QueueGetReply reply;
  EXPECT_CALL_FAILS(stub.Get(&context, request, &reply), grpc::StatusCode::FAILED_PRECONDITION,
                    "QUEUE_EMPTY");
}

// Bytes that gzip makes much smaller, but that differ from place to place.
std::string Megabytes(size_t count) {
  std::string bytes(count << 20, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i >> 8);
  return bytes;
}

v1::SharedValueSetRequest SetRequest(const std::string& name, const std::string& bytes) {
  auto request = Named<v1::SharedValueSetRequest>(name);
  *request.mutable_value() = Bytes(bytes);
  return request;
}

TEST_P(Calls, MessagesOfSixteenMebibytesPassBothWays) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  v1::SharedValue::Stub stub(Channel(arguments));
  const std::string bytes = Megabytes(16);
  v1::SharedValueChangeReply change;
  EXPECT_CALL_OK(Call(stub, &v1::SharedValue::Stub::Set, SetRequest("v", bytes), &change));
  v1::SharedValueGetReply reply;
  EXPECT_CALL_OK(
      Call(stub, &v1::SharedValue::Stub::Get, Named<v1::SharedValueGetRequest>("v"), &reply));
  EXPECT_TRUE(reply.value().bytes() == bytes);
}

TEST_P(Calls, MessageOverTheLimitIsResourceExhausted) {
  v1::Session::Stub session(channel());
  v1::SessionOpenReply opened;
  EXPECT_CALL_OK(Call(session, &v1::Session::Stub::Open, v1::SessionOpenRequest(), &opened));
  ASSERT_GT(opened.message_bytes_max(), 0);
  v1::SharedValue::Stub stub(channel());
  v1::SharedValueChangeReply change;
  const std::string bytes(opened.message_bytes_max(), 'x');
  EXPECT_CALL_FAILS(Call(stub, &v1::SharedValue::Stub::Set, SetRequest("v", bytes), &change),
                    grpc::StatusCode::RESOURCE_EXHAUSTED, "TOO_LARGE");
  EXPECT_CALL_OK(Call(stub, &v1::SharedValue::Stub::Set, SetRequest("v", "small"), &change));
}

TEST_P(Calls, ReplyOverTheClientsLimitHurtsThatCallOnly) {
  v1::SharedValue::Stub stub(channel());  // grpc++ takes 4 MiB unless told otherwise.
  v1::SharedValueChangeReply change;
  EXPECT_CALL_OK(Call(stub, &v1::SharedValue::Stub::Set, SetRequest("big", Megabytes(6)), &change));
  EXPECT_CALL_OK(Call(stub, &v1::SharedValue::Stub::Set, SetRequest("small", "x"), &change));
  v1::SharedValueGetReply reply;
  EXPECT_EQ(Call(stub, &v1::SharedValue::Stub::Get, Named<v1::SharedValueGetRequest>("big"), &reply)
                .error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_CALL_OK(
      Call(stub, &v1::SharedValue::Stub::Get, Named<v1::SharedValueGetRequest>("small"), &reply));
}

TEST_P(Calls, CompressedRequestsAreUnderstood) {
  v1::SharedValue::Stub stub(channel());
  const std::string bytes = Megabytes(1);
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    grpc::ClientContext context;
    context.set_compression_algorithm(algorithm);
    v1::SharedValueChangeReply change;
    const grpc::Status status = stub.Set(&context, SetRequest("v", bytes), &change);
    // gzip must work; what else is unknown must be refused as the protocol says.
    if (algorithm != GRPC_COMPRESS_GZIP && !status.ok()) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
      continue;
    }
    EXPECT_CALL_OK(status);
  }
  v1::SharedValueGetReply reply;
  EXPECT_CALL_OK(
      Call(stub, &v1::SharedValue::Stub::Get, Named<v1::SharedValueGetRequest>("v"), &reply));
  EXPECT_TRUE(reply.value().bytes() == bytes);
}

TEST_P(Calls, UnknownMetadataIsIgnored) {
  v1::Admin::Stub stub(channel());
  grpc::ClientContext context;
  context.AddMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  context.AddMetadata("trace-bin", std::string("\0\1\2\xff", 4));
  context.AddMetadata("trace-bin", "twice");
  v1::AdminPingReply reply;
  EXPECT_CALL_OK(stub.Ping(&context, v1::AdminPingRequest(), &reply));
}

TEST_P(Calls, TooMuchMetadataHurtsThatCallOnly) {
  v1::Admin::Stub stub(channel());
  grpc::ClientContext context;
  context.AddMetadata("padding", std::string(1 << 20, 'x'));
  v1::AdminPingReply reply;
  EXPECT_FALSE(stub.Ping(&context, v1::AdminPingRequest(), &reply).ok());
  grpc::ClientContext next;
  next.set_wait_for_ready(true);
  EXPECT_CALL_OK(stub.Ping(&next, v1::AdminPingRequest(), &reply));
}

TEST_P(Calls, UnknownMethodIsUnimplemented) {
  EXPECT_CALL_FAILS(CallRaw("/coheld.v1.List/NoSuchOp", ""), grpc::StatusCode::UNIMPLEMENTED,
                    "UNKNOWN_METHOD");
}

TEST_P(Calls, UnknownServiceIsUnimplemented) {
  EXPECT_EQ(CallRaw("/nobody.Knows/Me", "").error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_P(Calls, MalformedPayloadIsInvalidArgument) {
  EXPECT_CALL_FAILS(CallRaw("/coheld.v1.List/Append", "\xff\xff\xff\xff"),
                    grpc::StatusCode::INVALID_ARGUMENT, "MALFORMED");
  v1::Admin::Stub stub(channel());
  v1::AdminPingReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Admin::Stub::Ping, v1::AdminPingRequest(), &reply));
}

TEST_P(Calls, EmptyNameIsRefused) {
  EXPECT_CALL_FAILS(CallRaw("/coheld.v1.List/Append", ""), grpc::StatusCode::INVALID_ARGUMENT,
                    "INVALID_NAME");
}

INSTANTIATE_TEST_SUITE_P(, Calls, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
