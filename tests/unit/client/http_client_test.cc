// The client's byte machine against the server's, without a socket in between.
#include "client/cpp/src/http_client.h"

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proto/wire/framing.h"
#include "server/transport/grpc_session.h"
#include "tests/unit/seeds.h"

namespace coheld::core {
namespace {

using http::FrameType;

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

// What a server sends that is not ours, made by hand.
class FramesTest : public ::testing::Test {
 protected:
  FramesTest() {
    Feed(FrameType::kSettings, 0, 0, "");
    stream_ = client_.Begin("/x/y", "localhost", "");
    Pumped();
  }

  bool Feed(FrameType type, uint8_t flags, int32_t stream, std::string_view payload,
            size_t piece = 1 << 20) {
    std::string frame;
    http::AppendFrameHead({.length = static_cast<uint32_t>(payload.size()),
                           .type = type,
                           .flags = flags,
                           .stream = stream},
                          &frame);
    frame.append(payload);
    bool good = true;
    for (size_t i = 0; i < frame.size(); i += piece) good = client_.Feed(frame.substr(i, piece));
    return good;
  }

  // Returns what the client has to send.
  std::string Pumped() {
    std::string bytes;
    client_.Pump(1 << 20, &bytes);
    return bytes;
  }

  // Lets the client send a message of this size, without its prefix.
  void Send(size_t size) { client_.Outgoing(stream_).append(size, 'x'); }

  std::string Received() {
    std::string_view message;
    return client_.NextMessage(stream_, &message) ? std::string(message) : "none";
  }

  HttpClient client_{size_t{32} << 20};
  HttpClient::StreamId stream_ = 0;
};

const std::string kMessage("\0\0\0\0\3one", 8);

TEST_F(FramesTest, PaddingIsNoPartOfAMessage) {
  for (const size_t piece : {1, 2, 9, 10, 1000}) {
    EXPECT_TRUE(Feed(FrameType::kData, http::kPadded, stream_, "\4" + kMessage + "!!!!", piece));
    EXPECT_EQ(Received(), "one");
  }
}

TEST_F(FramesTest, PaddingLongerThanItsFrameIsRefused) {
  EXPECT_FALSE(Feed(FrameType::kData, http::kPadded, stream_, "\4abc"));
}

TEST_F(FramesTest, HeadersMayComeInPieces) {
  constexpr std::string_view kHeaders(
      "\x88\0\x0bgrpc-status\1"
      "5",
      16);
  EXPECT_TRUE(Feed(FrameType::kHeaders, http::kEndStream, stream_, kHeaders.substr(0, 4)));
  EXPECT_FALSE(client_.stream(stream_).closed);
  EXPECT_TRUE(Feed(FrameType::kContinuation, http::kEndHeaders, stream_, kHeaders.substr(4)));
  EXPECT_TRUE(client_.stream(stream_).closed);
  EXPECT_EQ(client_.stream(stream_).code, wire::Code::kNotFound);
}

TEST_F(FramesTest, NothingComesBetweenPiecesOfHeaders) {
  Feed(FrameType::kHeaders, 0, stream_, "\x88");
  EXPECT_FALSE(Feed(FrameType::kPing, 0, 0, "12345678"));
}

TEST_F(FramesTest, APingIsAnswered) {
  EXPECT_TRUE(Feed(FrameType::kPing, 0, 0, "12345678"));
  EXPECT_EQ(Pumped(), std::string("\0\0\x08\6\1\0\0\0\0", 9) + "12345678");
  EXPECT_TRUE(Feed(FrameType::kPing, http::kAck, 0, "12345678"));
  EXPECT_EQ(Pumped(), "");
}

TEST_F(FramesTest, NoMoreIsSentThanTheWindowsTake) {
  Send(100'000);
  const size_t framed = http::kWindowDefault + 4 * http::kFrameHeadBytes;
  EXPECT_EQ(Pumped().size(), framed);
  EXPECT_EQ(Pumped(), "");
  std::string update;
  http::AppendWindowUpdate(0, 1000, &update);
  EXPECT_TRUE(client_.Feed(update));
  EXPECT_EQ(Pumped(), "");  // The stream's own window is full.
  update.clear();
  http::AppendWindowUpdate(stream_, 500, &update);
  EXPECT_TRUE(client_.Feed(update));
  EXPECT_EQ(Pumped().size(), 500 + http::kFrameHeadBytes);
}

TEST_F(FramesTest, ALaterSettingChangesTheWindowOfAnOpenStream) {
  Send(100'000);
  Pumped();
  std::string more;
  http::AppendSetting(http::Setting::kInitialWindowSize, http::kWindowDefault + 100, &more);
  EXPECT_TRUE(Feed(FrameType::kSettings, 0, 0, more));
  Pumped();
  std::string update;
  http::AppendWindowUpdate(0, 1000, &update);
  EXPECT_TRUE(client_.Feed(update));
  EXPECT_EQ(Pumped().size(), 100 + http::kFrameHeadBytes);
}

TEST_F(FramesTest, AResetStreamSendsNoMore) {
  EXPECT_TRUE(Feed(FrameType::kResetStream, 0, stream_, std::string_view("\0\0\0\x8", 4)));
  EXPECT_TRUE(client_.stream(stream_).closed);
  EXPECT_EQ(client_.stream(stream_).code, wire::Code::kUnavailable);
  Send(10);
  EXPECT_EQ(Pumped(), "");
}

TEST_F(FramesTest, FramesOfUnknownTypesAreIgnored) {
  EXPECT_TRUE(Feed(static_cast<FrameType>(0x42), 0xff, stream_, "whatever"));
  EXPECT_TRUE(Feed(FrameType::kData, 0, stream_, kMessage));
  EXPECT_EQ(Received(), "one");
}

TEST_F(FramesTest, RandomBytesAreNotGrpcOrIgnored) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int run = 0; run < 20'000; ++run) {
    HttpClient client(1000);
    client.Begin("/x/y", "localhost", "");
    std::string bytes("\0\0\0\4\0\0\0\0\0", 9);
    for (int frame = 0; frame < 8; ++frame) {
      std::string payload(random() % 20, '\0');
      for (char& byte : payload) byte = static_cast<char>(random());
      http::AppendFrameHead({.length = static_cast<uint32_t>(payload.size()),
                             .type = static_cast<FrameType>(random() % 11),
                             .flags = static_cast<uint8_t>(random()),
                             .stream = static_cast<int32_t>(random() % 4)},
                            &bytes);
      bytes += payload;
    }
    while (!bytes.empty()) {
      const size_t piece = 1 + random() % bytes.size();
      if (!client.Feed(bytes.substr(0, piece))) break;
      bytes.erase(0, piece);
      std::string_view message;
      while (client.NextMessage(1, &message)) {
      }
      std::string out;
      client.Pump(1 << 20, &out);
    }
  }
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
