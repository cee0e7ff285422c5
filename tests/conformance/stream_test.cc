// The stream coheld.v1.Session/Call as a stock grpc++ client drives it: many ops in flight, replies
// when they are ready, errors for one op that leave the others alone.
#include <algorithm>
#include <map>
#include <thread>

#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

class Stream : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    stub_ = std::make_unique<v1::Session::Stub>(channel());
    token_ = OpenSession();
    context_.AddMetadata("coheld-session", token_);
    stream_ = stub_->Call(&context_);
  }

  void TearDown() override {
    if (!finished_) context_.TryCancel();
  }

  // Sends one op.
  void Send(uint64_t id, const std::string& path, const google::protobuf::Message& request,
            uint64_t deadline_ms = 0) {
    v1::CallRequest frame;
    frame.set_id(id);
    frame.set_method(wire::FindMethod(path)->number);
    frame.set_payload(request.SerializeAsString());
    frame.set_deadline_ms(deadline_ms);
    EXPECT_TRUE(stream_->Write(frame));
  }

  // Cancels an op.
  void SendCancel(uint64_t id) {
    v1::CallRequest frame;
    frame.set_id(id);
    EXPECT_TRUE(stream_->Write(frame));
  }

  // Reads the next reply.
  v1::CallReply Receive() {
    v1::CallReply reply;
    EXPECT_TRUE(stream_->Read(&reply)) << "the stream ended";
    return reply;
  }

  std::string token_;
  std::unique_ptr<v1::Session::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::CallRequest, v1::CallReply>> stream_;
  bool finished_ = false;
};

TEST_P(Stream, ManyFramesInFlightAreAllAnswered) {
  constexpr uint64_t kFrames = 20000;
  std::thread writer([&] {
    for (uint64_t id = 1; id <= kFrames; ++id) {
      Send(id, "/coheld.v1.List/Append", AppendRequest("l", Integer(static_cast<int64_t>(id))));
    }
    stream_->WritesDone();
  });
  std::map<uint64_t, int> answers;
  v1::CallReply reply;
  while (stream_->Read(&reply)) {
    EXPECT_FALSE(reply.has_error()) << reply.error().message();
    ++answers[reply.id()];
  }
  writer.join();
  finished_ = true;
  EXPECT_CALL_OK(stream_->Finish());
  EXPECT_EQ(answers.size(), kFrames);
  EXPECT_TRUE(std::all_of(answers.begin(), answers.end(),
                          [](const auto& answer) { return answer.second == 1; }));
  v1::List::Stub list(channel());
  v1::ListLenReply length;
  EXPECT_CALL_OK(Call(list, &v1::List::Stub::Len, Named<v1::ListLenRequest>("l"), &length));
  EXPECT_EQ(length.length(), kFrames);
}

TEST_P(Stream, ParkedOpHoldsNothingUp) {
  Send(1, "/coheld.v1.Queue/Get", GetRequest("q"));
  Send(2, "/coheld.v1.Admin/Ping", v1::AdminPingRequest());
  EXPECT_EQ(Receive().id(), 2);
  Send(3, "/coheld.v1.Queue/Put", PutRequest("q", Integer(9)));
  std::map<uint64_t, v1::CallReply> replies;
  for (int i = 0; i < 2; ++i) {
    const v1::CallReply reply = Receive();
    replies[reply.id()] = reply;
  }
  ASSERT_EQ(replies.count(1), 1);
  EXPECT_EQ(replies.count(3), 1);
  v1::QueueGetReply got;
  EXPECT_TRUE(got.ParseFromString(replies[1].payload()));
  EXPECT_EQ(got.value().integer(), 9);
}

TEST_P(Stream, FailedOpNamesItsReasonAndSparesTheOthers) {
  Send(1, "/coheld.v1.List/Pop", Named<v1::ListPopRequest>("none"));
  Send(2, "/coheld.v1.Admin/Ping", v1::AdminPingRequest());
  const v1::CallReply failed = Receive();
  EXPECT_EQ(failed.id(), 1);
  EXPECT_EQ(failed.error().reason(), v1::ERROR_REASON_INDEX_OUT_OF_RANGE);
  EXPECT_EQ(failed.error().code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_FALSE(failed.error().message().empty());
  EXPECT_FALSE(Receive().has_error());
}

TEST_P(Stream, UnknownMethodNumberFailsThatOpOnly) {
  v1::CallRequest frame;
  frame.set_id(1);
  frame.set_method(999);
  EXPECT_TRUE(stream_->Write(frame));
  EXPECT_EQ(Receive().error().reason(), v1::ERROR_REASON_UNKNOWN_METHOD);
  Send(2, "/coheld.v1.Admin/Ping", v1::AdminPingRequest());
  EXPECT_FALSE(Receive().has_error());
}

TEST_P(Stream, MalformedPayloadFailsThatOpOnly) {
  v1::CallRequest frame;
  frame.set_id(1);
  frame.set_method(wire::FindMethod("/coheld.v1.List/Append")->number);
  frame.set_payload("\xff\xff\xff");
  EXPECT_TRUE(stream_->Write(frame));
  EXPECT_EQ(Receive().error().reason(), v1::ERROR_REASON_MALFORMED);
  Send(2, "/coheld.v1.Admin/Ping", v1::AdminPingRequest());
  EXPECT_FALSE(Receive().has_error());
}

TEST_P(Stream, DeadlineEndsAParkedOpWithoutTakingAnItem) {
  Send(1, "/coheld.v1.Queue/Get", GetRequest("q"), /*deadline_ms=*/50);
  EXPECT_EQ(Receive().error().reason(), v1::ERROR_REASON_DEADLINE_EXCEEDED);
  Send(2, "/coheld.v1.Queue/Put", PutRequest("q", Integer(1)));
  EXPECT_FALSE(Receive().has_error());
  EXPECT_EQ(QueueLength("q"), 1);
}

TEST_P(Stream, CancelFrameEndsAParkedOpWithoutTakingAnItem) {
  Send(1, "/coheld.v1.Queue/Get", GetRequest("q"));
  SendCancel(1);
  const v1::CallReply reply = Receive();
  EXPECT_EQ(reply.id(), 1);
  EXPECT_EQ(reply.error().reason(), v1::ERROR_REASON_CANCELLED);
  Send(2, "/coheld.v1.Queue/Put", PutRequest("q", Integer(1)));
  EXPECT_FALSE(Receive().has_error());
  EXPECT_EQ(QueueLength("q"), 1);
}

// A reply could no longer be told from another: the stream ends.
TEST_P(Stream, IdInFlightEndsTheStream) {
  Send(1, "/coheld.v1.Queue/Get", GetRequest("q"));
  Send(1, "/coheld.v1.Admin/Ping", v1::AdminPingRequest());
  v1::CallReply reply;
  while (stream_->Read(&reply)) {
  }
  finished_ = true;
  EXPECT_CALL_FAILS(stream_->Finish(), grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT");
}

TEST_P(Stream, CancelledStreamUnparksItsOps) {
  for (uint64_t id = 1; id <= 100; ++id) Send(id, "/coheld.v1.Queue/Get", GetRequest("q"));
  AwaitWaiters("q", 100);
  context_.TryCancel();
  AwaitWaiters("q", 0);
}

TEST_P(Stream, LockIsReleasedWhenItsSessionIsClosed) {
  Send(1, "/coheld.v1.Lock/Acquire", Named<v1::LockAcquireRequest>("lock"));
  EXPECT_FALSE(Receive().has_error());
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", token_);
  v1::SessionCloseReply closed;
  EXPECT_CALL_OK(stub_->Close(&context, v1::SessionCloseRequest(), &closed));
  v1::Lock::Stub lock(channel());
  v1::LockInspectReply inspected;
  EXPECT_CALL_OK(
      Call(lock, &v1::Lock::Stub::Inspect, Named<v1::LockInspectRequest>("lock"), &inspected));
  EXPECT_FALSE(inspected.locked());
}

TEST_P(Stream, HalfClosedStreamEndsOkAfterItsReplies) {
  Send(1, "/coheld.v1.Admin/Ping", v1::AdminPingRequest());
  stream_->WritesDone();
  EXPECT_EQ(Receive().id(), 1);
  v1::CallReply more;
  EXPECT_FALSE(stream_->Read(&more));
  finished_ = true;
  EXPECT_CALL_OK(stream_->Finish());
}

TEST_P(Stream, LargeFramesFlowBothWays) {
  const std::string bytes(3 << 20, 'b');
  auto set = Named<v1::SharedValueSetRequest>("v");
  *set.mutable_value() = Bytes(bytes);
  Send(1, "/coheld.v1.SharedValue/Set", set);
  EXPECT_FALSE(Receive().has_error());
  for (uint64_t id = 2; id < 10; ++id) {
    Send(id, "/coheld.v1.SharedValue/Get", Named<v1::SharedValueGetRequest>("v"));
  }
  for (uint64_t id = 2; id < 10; ++id) {
    v1::SharedValueGetReply reply;
    EXPECT_TRUE(reply.ParseFromString(Receive().payload()));
    EXPECT_TRUE(reply.value().bytes() == bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(, Stream, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
