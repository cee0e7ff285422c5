// Exactly once on the wire: frames of Session/Call and unary calls that are doubled, late, or sent
// again over another connection, as a stock grpc++ client sends them.
#include <thread>

#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/counter.pb.h"
#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

// Where an op stands.
struct Place {
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint32_t lane = 0;
};

// One stream on a connection of its own.
class Wire {
 public:
  Wire(const std::shared_ptr<grpc::Channel>& channel, const std::string& token)
      : stub_(v1::Session::NewStub(channel)) {
    context_.AddMetadata("coheld-session", token);
    stream_ = stub_->Call(&context_);
  }
  ~Wire() { Break(); }

  void Send(uint64_t id, const std::string& path, const google::protobuf::Message& request,
            const Place& place) {
    v1::CallRequest frame;
    frame.set_id(id);
    frame.set_method(wire::FindMethod(path)->number);
    frame.set_payload(request.SerializeAsString());
    frame.set_seq(place.seq);
    frame.set_acked(place.acked);
    frame.set_lane(place.lane);
    EXPECT_TRUE(stream_->Write(frame));
  }
  v1::CallReply Receive() {
    v1::CallReply reply;
    EXPECT_TRUE(stream_->Read(&reply)) << "the stream ended";
    return reply;
  }
  // Receives the reply to this op; there must be no other before.
  template <typename Reply>
  Reply Receive(uint64_t id) {
    const v1::CallReply frame = Receive();
    EXPECT_EQ(frame.id(), id);
    EXPECT_FALSE(frame.has_error()) << frame.error().message();
    Reply reply;
    EXPECT_TRUE(reply.ParseFromString(frame.payload()));
    return reply;
  }
  v1::ErrorReason ReceiveError(uint64_t id) {
    const v1::CallReply frame = Receive();
    EXPECT_EQ(frame.id(), id);
    return frame.error().reason();
  }
  // Resets the stream: for the daemon its caller is gone.
  void Break() {
    context_.TryCancel();
    v1::CallReply reply;
    while (stream_->Read(&reply)) {
    }
  }

 private:
  std::unique_ptr<v1::Session::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::CallRequest, v1::CallReply>> stream_;
};

class ExactlyOnce : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    token_ = OpenSession();
  }
  std::unique_ptr<Wire> Connect() { return std::make_unique<Wire>(Channel(), token_); }
  static v1::QueuePutRequest Put(int64_t number) { return PutRequest("q", Integer(number)); }

  std::string token_;
};

constexpr char kPut[] = "/coheld.v1.Queue/Put";
constexpr char kGet[] = "/coheld.v1.Queue/Get";
constexpr char kWait[] = "/coheld.v1.Barrier/Wait";

TEST_P(ExactlyOnce, DoubledFramesAreDoneOnce) {
  const auto wire = Connect();
  for (uint64_t id = 1; id <= 3; ++id) wire->Send(id, kPut, Put(1), {.seq = 1});
  for (uint64_t id = 1; id <= 3; ++id) EXPECT_EQ(wire->Receive<v1::QueuePutReply>(id).length(), 1u);
  EXPECT_EQ(QueueLength("q"), 1u);
}

TEST_P(ExactlyOnce, FramesSentAgainOnAnotherConnectionGetTheFirstAnswer) {
  auto wire = Connect();
  wire->Send(1, kPut, Put(1), {.seq = 1});
  wire->Send(2, kGet, GetRequest("q"), {.seq = 2});
  EXPECT_EQ(wire->Receive<v1::QueuePutReply>(1).length(), 1u);
  EXPECT_EQ(wire->Receive<v1::QueueGetReply>(2).value().integer(), 1);
  wire = Connect();
  wire->Send(1, kGet, GetRequest("q"), {.seq = 2});
  EXPECT_EQ(wire->Receive<v1::QueueGetReply>(1).value().integer(), 1);
  EXPECT_EQ(QueueLength("q"), 0u);
}

TEST_P(ExactlyOnce, LateFramesAreRefused) {
  const auto late = Connect();
  const auto wire = Connect();
  wire->Send(1, kPut, Put(1), {.seq = 1});
  EXPECT_EQ(wire->Receive<v1::QueuePutReply>(1).length(), 1u);
  wire->Send(2, kPut, Put(2), {.seq = 2, .acked = 1});
  EXPECT_EQ(wire->Receive<v1::QueuePutReply>(2).length(), 2u);
  late->Send(1, kPut, Put(1), {.seq = 1});
  EXPECT_EQ(late->ReceiveError(1), v1::ERROR_REASON_ALREADY_ACKNOWLEDGED);
  EXPECT_EQ(QueueLength("q"), 2u);
}

TEST_P(ExactlyOnce, ACopyTakesTheWaitingOpOver) {
  const auto before = Connect();
  before->Send(5, kGet, GetRequest("q"), {.seq = 1, .lane = 3});
  AwaitWaiters("q", 1);
  const auto after = Connect();
  after->Send(9, kGet, GetRequest("q"), {.seq = 1, .lane = 3});
  EXPECT_EQ(before->ReceiveError(5), v1::ERROR_REASON_TAKEN_OVER);
  EXPECT_EQ(Waiters("q"), 1u);
  after->Send(10, kPut, Put(4), {.seq = 1, .lane = 4});
  after->Receive<v1::QueuePutReply>(10);
  EXPECT_EQ(after->Receive<v1::QueueGetReply>(9).value().integer(), 4);
}

TEST_P(ExactlyOnce, AWaitingGetGoesWithItsConnectionAndComesAnew) {
  auto wire = Connect();
  wire->Send(1, kGet, GetRequest("q"), {.seq = 1});
  AwaitWaiters("q", 1);
  wire->Break();
  AwaitWaiters("q", 0);
  wire = Connect();
  wire->Send(1, kGet, GetRequest("q"), {.seq = 1});
  wire->Send(2, kPut, Put(4), {.seq = 1, .lane = 1});
  EXPECT_EQ(wire->Receive().id() + wire->Receive().id(), 3u);
  EXPECT_EQ(QueueLength("q"), 0u);
}

TEST_P(ExactlyOnce, APartyOutlivesItsConnection) {
  auto first = Connect();
  auto create = Named<v1::BarrierCreateRequest>("b");
  create.set_parties(2);
  const auto wait = Named<v1::BarrierWaitRequest>("b");
  first->Send(1, "/coheld.v1.Barrier/Create", create, {});
  first->Receive<v1::BarrierCreateReply>(1);
  first->Send(2, kWait, wait, {.seq = 1});
  AwaitWaiters("b", 1);
  first->Break();
  const auto second = Connect();
  second->Send(1, kWait, wait, {.seq = 1, .lane = 1});
  EXPECT_EQ(second->Receive<v1::BarrierWaitReply>(1).index(), 1u);
  second->Send(2, kWait, wait, {.seq = 1});
  EXPECT_EQ(second->Receive<v1::BarrierWaitReply>(2).index(), 0u);
}

TEST_P(ExactlyOnce, AFullLaneTakesNoMoreUntilItIsAcknowledged) {
  const auto wire = Connect();
  constexpr uint64_t kRoom = 1024;
  std::thread writer([&] {
    for (uint64_t seq = 1; seq <= kRoom + 1; ++seq) wire->Send(seq, kPut, Put(1), {.seq = seq});
  });
  for (uint64_t id = 1; id <= kRoom; ++id) wire->Receive<v1::QueuePutReply>(id);
  writer.join();
  EXPECT_EQ(wire->ReceiveError(kRoom + 1), v1::ERROR_REASON_TOO_MANY);
  wire->Send(kRoom + 2, kPut, Put(1), {.seq = kRoom + 1, .acked = kRoom});
  EXPECT_EQ(wire->Receive<v1::QueuePutReply>(kRoom + 2).length(), kRoom + 1);
}

TEST_P(ExactlyOnce, UnaryCallsSayItInTheirMetadata) {
  v1::Queue::Stub stub(channel());
  for (int copy = 0; copy < 2; ++copy) {
    grpc::ClientContext context;
    context.AddMetadata("coheld-session", token_);
    context.AddMetadata("coheld-lane", "7");
    context.AddMetadata("coheld-seq", "12");
    context.AddMetadata("coheld-acked", "11");
    context.AddMetadata("coheld-site", "worker.py:12 main");
    v1::QueuePutReply reply;
    EXPECT_CALL_OK(stub.Put(&context, Put(1), &reply));
    EXPECT_EQ(reply.length(), 1u);
  }
  grpc::ClientContext late;
  late.AddMetadata("coheld-session", token_);
  late.AddMetadata("coheld-lane", "7");
  late.AddMetadata("coheld-seq", "11");
  v1::QueuePutReply reply;
  EXPECT_CALL_FAILS(stub.Put(&late, Put(1), &reply), grpc::StatusCode::FAILED_PRECONDITION,
                    "ALREADY_ACKNOWLEDGED");
  grpc::ClientContext wrong;
  wrong.AddMetadata("coheld-lane", "4294967296");
  EXPECT_CALL_FAILS(stub.Put(&wrong, Put(1), &reply), grpc::StatusCode::INVALID_ARGUMENT,
                    "INVALID_ARGUMENT");
}

TEST_P(ExactlyOnce, NothingIsDoneForASessionThatEnded) {
  const auto wire = Connect();
  wire->Send(1, kPut, Put(1), {.seq = 1});
  wire->Receive<v1::QueuePutReply>(1);
  wire->Send(2, "/coheld.v1.Session/Close", v1::SessionCloseRequest(), {});
  wire->Receive<v1::SessionCloseReply>(2);
  wire->Send(3, kPut, Put(1), {.seq = 1});
  EXPECT_EQ(wire->ReceiveError(3), v1::ERROR_REASON_SESSION_EXPIRED);
  EXPECT_EQ(QueueLength("q"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Sockets, ExactlyOnce, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
