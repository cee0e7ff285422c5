// The client's byte machine against the server's, without a socket in between.
#include "client/cpp/src/http_client.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proto/wire/framing.h"
#include "server/transport/grpc_session.h"

namespace coheld::core {
namespace {

// Answers each message as the test says.
class Handler : public transport::CallHandler {
 public:
  void OnCall(transport::StreamId, const transport::CallHead& call) override { head = call; }
  void OnMessage(transport::StreamId stream, std::string_view message) override {
    on_message(stream, message);
  }
  void OnHalfClose(transport::StreamId) override {}
  void OnAbort(transport::StreamId) override {}

  transport::CallHead head;
  std::function<void(transport::StreamId, std::string_view)> on_message;
};

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    handler_.on_message = [this](transport::StreamId stream, std::string_view message) {
      server_.Send(stream, message);
    };
  }

  // Carries bytes between the two, `piece` at a time, until both are silent.
  void Exchange(size_t piece = 1 << 20) {
    while (true) {
      std::string up;
      client_.Pump(1 << 20, &up);
      std::string down;
      server_.Pump(1 << 20, &down);
      if (up.empty() && down.empty()) return;
      for (size_t i = 0; i < up.size(); i += piece) server_.Feed(up.substr(i, piece));
      for (size_t i = 0; i < down.size(); i += piece) {
        if (!client_.Feed(down.substr(i, piece))) return;
      }
    }
  }

  void Send(HttpClient::StreamId id, std::string_view message) {
    std::string& outgoing = client_.Outgoing(id);
    wire::AppendPrefix({.length = static_cast<uint32_t>(message.size())}, &outgoing);
    outgoing.append(message);
  }

  std::vector<std::string> Received(HttpClient::StreamId id) {
    std::vector<std::string> messages;
    std::string_view message;
    while (client_.NextMessage(id, &message)) messages.emplace_back(message);
    return messages;
  }

  Handler handler_;
  transport::GrpcSession server_{{}, handler_};
  HttpClient client_{size_t{32} << 20};
};

TEST_F(HttpClientTest, MessagesGoThereAndBack) {
  const auto id = client_.Begin("/coheld.v1.Session/Call", "localhost", "token");
  Send(id, "one");
  Send(id, "");
  Exchange();
  EXPECT_EQ(Received(id), (std::vector<std::string>{"one", ""}));
  Send(id, "two");
  Exchange();
  EXPECT_EQ(Received(id), std::vector<std::string>{"two"});
  EXPECT_EQ(handler_.head.path, "/coheld.v1.Session/Call");
  EXPECT_EQ(transport::Find(handler_.head.metadata, "coheld-session"), "token");
}

TEST_F(HttpClientTest, MessagesSurviveBytewiseDelivery) {
  const auto id = client_.Begin("/x/y", "localhost", "");
  Send(id, "one");
  Send(id, std::string(1000, 'x'));
  Exchange(1);
  EXPECT_EQ(Received(id), (std::vector<std::string>{"one", std::string(1000, 'x')}));
}

TEST_F(HttpClientTest, BigMessagesPassTheWindows) {
  const auto id = client_.Begin("/x/y", "localhost", "");
  const std::string big(size_t{20} << 20, 'x');
  Send(id, big);
  while (true) {  // Each read opens the window for more.
    Exchange(64 << 10);
    const std::vector<std::string> messages = Received(id);
    if (messages.empty()) continue;
    EXPECT_EQ(messages, std::vector<std::string>{big});
    break;
  }
}

TEST_F(HttpClientTest, AFailureArrivesWithItsReason) {
  const auto id = client_.Begin("/x/y", "localhost", "");
  handler_.on_message = [this](transport::StreamId stream, std::string_view) {
    server_.Finish(stream, {v1::ERROR_REASON_SESSION_EXPIRED, "50% gone\n"});
  };
  Send(id, "one");
  Exchange();
  ASSERT_TRUE(client_.stream(id).closed);
  EXPECT_EQ(client_.stream(id).code, wire::Code::kFailedPrecondition);
  EXPECT_EQ(client_.stream(id).failure.reason, v1::ERROR_REASON_SESSION_EXPIRED);
  EXPECT_EQ(client_.stream(id).failure.message, "50% gone\n");
}

TEST_F(HttpClientTest, AUnaryCallEndsWithItsReply) {
  const auto id = client_.Begin("/x/y", "localhost", "");
  handler_.on_message = [this](transport::StreamId stream, std::string_view message) {
    server_.Reply(stream, message);
  };
  Send(id, "one");
  client_.HalfClose(id);
  Exchange();
  EXPECT_EQ(Received(id), std::vector<std::string>{"one"});
  EXPECT_TRUE(client_.stream(id).closed);
  EXPECT_EQ(client_.stream(id).code, wire::Code::kOk);
}

TEST_F(HttpClientTest, AnOversizedMessageIsNotRead) {
  HttpClient small(100);
  const auto id = small.Begin("/x/y", "localhost", "");
  std::string& outgoing = small.Outgoing(id);
  wire::AppendPrefix({.length = 200}, &outgoing);
  outgoing.append(std::string(200, 'x'));
  std::string bytes;
  small.Pump(1 << 20, &bytes);
  server_.Feed(bytes);
  bytes.clear();
  server_.Pump(1 << 20, &bytes);
  EXPECT_TRUE(small.Feed(bytes));
  std::string_view message;
  EXPECT_FALSE(small.NextMessage(id, &message));
  EXPECT_EQ(small.oversized(), 200u);
}

TEST_F(HttpClientTest, GarbageIsNotGrpc) {
  client_.Feed("SSH-2.0-OpenSSH_9.2\r\n");
  std::string goodbye;
  client_.Pump(1 << 20, &goodbye);
  EXPECT_NE(client_.error().find("does not speak gRPC"), std::string::npos) << client_.error();
}

TEST_F(HttpClientTest, ADrainingServerIsNoticed) {
  Exchange();
  EXPECT_TRUE(client_.settled());
  EXPECT_FALSE(client_.going_away());
  server_.BeginDrain();
  Exchange();
  EXPECT_TRUE(client_.going_away());
}

}  // namespace
}  // namespace coheld::core
