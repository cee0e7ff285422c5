// Calls through a GrpcSession, driven by an nghttp2 client without sockets.
#include <gtest/gtest.h>

#include "proto/wire/status.h"
#include "server/transport/gzip.h"
#include "server/transport/headers.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

using Events = std::vector<std::string>;

class SessionCallsTest : public testing::Test {
 protected:
  SessionCallsTest() { limits_.message_bytes_max = 1 << 20; }

  GrpcSession& session() {
    if (!session_) session_ = std::make_unique<GrpcSession>(limits_, recorder_);
    return *session_;
  }
  void Exchange() { transport::Exchange(peer_, session()); }
  // One whole unary call with one message.
  Response& Unary(const Fields& fields, std::string_view framed) {
    const StreamId id = peer_.Call(fields, framed);
    Exchange();
    return peer_.response(id);
  }
  void EchoUnary() {
    recorder_.when_message = [this](StreamId id, std::string_view message) {
      session().Reply(id, message);
    };
  }

  SessionLimits limits_;
  Recorder recorder_;
  ClientSession peer_;
  std::unique_ptr<GrpcSession> session_;
};

TEST_F(SessionCallsTest, AUnaryCallIsHandedUpInOrder) {
  Unary(RequestFields("/a.B/C"), Framed("ping"));
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "message 1 ping", "half-close 1"}));
}

TEST_F(SessionCallsTest, AReplyCarriesMessageAndStatus) {
  EchoUnary();
  const Response& response = Unary(RequestFields("/a.B/C"), Framed("ping"));
  EXPECT_EQ(response.headers.at(":status"), "200");
  EXPECT_EQ(response.headers.at("content-type"), "application/grpc");
  EXPECT_EQ(response.messages(), (std::vector<std::string>{"ping"}));
  EXPECT_EQ(response.status(), "0");
  EXPECT_TRUE(response.closed);
  EXPECT_EQ(session().open_streams(), 0U);
}

TEST_F(SessionCallsTest, AUnaryReplyLeavesInOnePump) {
  recorder_.when_half_closed = [this](StreamId id) { session().Reply(id, "pong"); };
  Exchange();
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("ping"));
  session().Feed(peer_.Take());
  std::string out;
  session().Pump(64 << 10, &out);
  peer_.Give(out);
  EXPECT_EQ(peer_.response(id).status(), "0");
  EXPECT_FALSE(session().WantsWrite());
}

TEST_F(SessionCallsTest, FailuresBecomeTrailersWithDetails) {
  recorder_.when_half_closed = [this](StreamId id) {
    session().Finish(id, {v1::ERROR_REASON_KEY_NOT_FOUND, "no key \"ä\""});
  };
  const Response& response = Unary(RequestFields("/a.B/C"), Framed("ping"));
  EXPECT_EQ(response.status(), "5");
  EXPECT_EQ(response.headers.at("grpc-message"), "no key \"%C3%A4\"");
  const auto details = DecodeBase64(response.headers.at("grpc-status-details-bin"));
  EXPECT_EQ(wire::DecodeStatusDetails(details.value()).reason, v1::ERROR_REASON_KEY_NOT_FOUND);
  EXPECT_TRUE(response.body.empty());
}

TEST_F(SessionCallsTest, AFailureAfterMessagesKeepsTheMessages) {
  recorder_.when_half_closed = [this](StreamId id) {
    session().Send(id, "one");
    session().Finish(id, {v1::ERROR_REASON_INTERNAL, "broke"});
  };
  const Response& response = Unary(RequestFields("/a.B/C"), Framed("ping"));
  EXPECT_EQ(response.messages(), (std::vector<std::string>{"one"}));
  EXPECT_EQ(response.status(), "13");
}

TEST_F(SessionCallsTest, VeryLongFailureMessagesStillFitTheClient) {
  recorder_.when_half_closed = [this](StreamId id) {
    session().Finish(id, {v1::ERROR_REASON_INTERNAL, std::string(100'000, 'x')});
  };
  const Response& response = Unary(RequestFields("/a.B/C"), Framed("ping"));
  EXPECT_EQ(response.headers.at("grpc-message"), std::string(1024, 'x'));
}

TEST_F(SessionCallsTest, StreamsCarryMessagesBothWays) {
  recorder_.when_message = [this](StreamId id, std::string_view message) {
    session().Send(id, std::string(message) + "!");
  };
  recorder_.when_half_closed = [this](StreamId id) { session().Finish(id); };
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a") + Framed("b"), false);
  Exchange();
  EXPECT_EQ(peer_.response(id).messages(), (std::vector<std::string>{"a!", "b!"}));
  peer_.Write(id, Framed("c"), true);
  Exchange();
  EXPECT_EQ(peer_.response(id).messages(), (std::vector<std::string>{"a!", "b!", "c!"}));
  EXPECT_EQ(peer_.response(id).status(), "0");
}

TEST_F(SessionCallsTest, ManyMessagesShareADataFrame) {
  recorder_.when_message = [this](StreamId id, std::string_view message) {
    session().Send(id, message);
  };
  std::string framed;
  for (int i = 0; i < 100; ++i) framed += Framed("0123456789");
  Exchange();
  peer_.Call(RequestFields("/a.B/C"), framed, false);
  session().Feed(peer_.Take());
  const std::string out = PumpAll(session());
  constexpr size_t kHeadersAndFrames = 9 + 100 + 9;
  EXPECT_LE(out.size(), 100 * (5 + 10) + kHeadersAndFrames);
}

TEST_F(SessionCallsTest, AResetByThePeerAborts) {
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a"), false);
  Exchange();
  peer_.Reset(id);
  Exchange();
  EXPECT_EQ(recorder_.events.back(), "abort 1");
  EXPECT_EQ(session().open_streams(), 0U);
  session().Send(id, "nobody hears this");
  session().Finish(id);
  EXPECT_EQ(session().queued_bytes(), 0U);
}

TEST_F(SessionCallsTest, AResetAfterFinishIsNotAnAbort) {
  EchoUnary();
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a"), false);
  session().Feed(peer_.Take());
  peer_.Reset(id);
  Exchange();
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "message 1 a"}));
}

TEST_F(SessionCallsTest, FinishBeforeHalfCloseTellsTheClientToStop) {
  recorder_.when_called = [this](StreamId id) {
    session().Finish(id, {v1::ERROR_REASON_UNKNOWN_METHOD, "no such method"});
  };
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a"), false);
  Exchange();
  EXPECT_EQ(peer_.response(id).status(), "12");
  EXPECT_TRUE(peer_.response(id).closed);
  EXPECT_EQ(peer_.response(id).error_code, uint32_t{NGHTTP2_NO_ERROR});
  EXPECT_EQ(session().open_streams(), 0U);
}

TEST_F(SessionCallsTest, OurResetEndsTheStreamForBoth) {
  recorder_.when_called = [this](StreamId id) { session().Reset(id); };
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a"), false);
  Exchange();
  EXPECT_EQ(peer_.response(id).error_code, uint32_t{NGHTTP2_CANCEL});
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C"}));
}

TEST_F(SessionCallsTest, MetadataIsHandedUpAndBinaryIsDecoded) {
  Unary(RequestFields("/a.B/C", {{"coheld-session", "t0ken"},
                                 {"trace-bin", "AAEC"},
                                 {"pair-bin", "YQ==,Yg"},
                                 {"user-agent", "test"}}),
        Framed("a"));
  const Metadata expected = {{"coheld-session", "t0ken"},
                             {"trace-bin", std::string("\0\1\2", 3)},
                             {"pair-bin", "a"},
                             {"pair-bin", "b"}};
  EXPECT_EQ(recorder_.heads[1].metadata, expected);
  EXPECT_EQ(Find(recorder_.heads[1].metadata, "coheld-session"), "t0ken");
  EXPECT_EQ(Find(recorder_.heads[1].metadata, "other"), std::nullopt);
}

TEST_F(SessionCallsTest, BinaryMetadataThatIsNotBase64IsRefused) {
  const Response& response =
      Unary(RequestFields("/a.B/C", {{"trace-bin", "not base64!"}}), Framed("a"));
  EXPECT_EQ(response.status(), "3");
  EXPECT_TRUE(recorder_.events.empty());
}

TEST_F(SessionCallsTest, TimeoutsAreHandedUp) {
  Unary(RequestFields("/a.B/C", {{"grpc-timeout", "1500u"}}), Framed("a"));
  EXPECT_EQ(recorder_.heads[1].timeout_ms, 2U);
}

TEST_F(SessionCallsTest, MalformedTimeoutsAreRefused) {
  const Response& response =
      Unary(RequestFields("/a.B/C", {{"grpc-timeout", "soon"}}), Framed("a"));
  EXPECT_EQ(response.status(), "3");
  EXPECT_TRUE(recorder_.events.empty());
}

TEST_F(SessionCallsTest, AMissingTeIsTolerated) {
  EchoUnary();
  Fields fields = RequestFields("/a.B/C");
  fields.pop_back();
  EXPECT_EQ(Unary(fields, Framed("a")).status(), "0");
}

TEST_F(SessionCallsTest, WhatIsNotGrpcGets415) {
  const Response& response =
      Unary(RequestFields("/a.B/C", {{"content-type", "application/json"}}), "{}");
  EXPECT_EQ(response.headers.at(":status"), "415");
  EXPECT_NE(response.body.find("gRPC"), std::string::npos);
  EXPECT_TRUE(response.closed);
  EXPECT_TRUE(recorder_.events.empty());
  EXPECT_EQ(session().queued_bytes(), 0U);
}

TEST_F(SessionCallsTest, OtherMethodsThanPostGet405) {
  const Response& response = Unary(RequestFields("/a.B/C", {{":method", "GET"}}), "");
  EXPECT_EQ(response.headers.at(":status"), "405");
  EXPECT_EQ(response.headers.at("allow"), "POST");
}

TEST_F(SessionCallsTest, GzipRequestsAreInflatedAndAnsweredInKind) {
  EchoUnary();
  const std::string text(10'000, 'x');
  const Response& response =
      Unary(RequestFields("/a.B/C",
                          {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity,gzip"}}),
            Framed(DeflateGzip(text).value(), true));
  EXPECT_EQ(response.messages(), (std::vector<std::string>{text}));
  EXPECT_EQ(response.headers.at("grpc-encoding"), "gzip");
  EXPECT_LT(response.body.size(), 1000U);
}

TEST_F(SessionCallsTest, RepliesAreNotCompressedForClientsThatDoNotCompress) {
  EchoUnary();
  const std::string text(10'000, 'x');
  const Response& response =
      Unary(RequestFields("/a.B/C", {{"grpc-accept-encoding", "identity,gzip"}}), Framed(text));
  EXPECT_EQ(response.headers.count("grpc-encoding"), 0U);
  EXPECT_EQ(response.body.size(), text.size() + 5);
}

TEST_F(SessionCallsTest, UnknownEncodingsAreUnimplementedAndToldWhatIsNot) {
  const Response& response =
      Unary(RequestFields("/a.B/C", {{"grpc-encoding", "snappy"}}), Framed("a"));
  EXPECT_EQ(response.status(), "12");
  EXPECT_EQ(response.headers.at("grpc-accept-encoding"), "identity,gzip");
}

TEST_F(SessionCallsTest, ABombEndsItsCallOnly) {
  EchoUnary();
  const std::string bomb = DeflateGzip(std::string(8 << 20, '\0')).value();
  const Response& refused =
      Unary(RequestFields("/a.B/C", {{"grpc-encoding", "gzip"}}), Framed(bomb, true));
  EXPECT_EQ(refused.status(), "8");
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "abort 1"}));
  EXPECT_EQ(Unary(RequestFields("/a.B/C"), Framed("a")).status(), "0");
}

TEST_F(SessionCallsTest, AnOversizedMessageEndsItsCallOnly) {
  EchoUnary();
  const std::string lie("\0\x7F\xFF\xFF\xFFxx", 7);
  const Response& refused = Unary(RequestFields("/a.B/C"), lie);
  EXPECT_EQ(refused.status(), "8");
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "abort 1"}));
  EXPECT_EQ(Unary(RequestFields("/a.B/C"), Framed("a")).status(), "0");
}

TEST_F(SessionCallsTest, ARequestThatEndsInsideAMessageIsMalformed) {
  const Response& refused = Unary(RequestFields("/a.B/C"), Framed("whole").substr(0, 8));
  EXPECT_EQ(refused.status(), "3");
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "abort 1"}));
}

TEST_F(SessionCallsTest, OversizedHeadersEndTheirCallOnly) {
  EchoUnary();
  const Response& refused =
      Unary(RequestFields("/a.B/C", {{"big", std::string(9000, 'x')}}), Framed("a"));
  EXPECT_EQ(refused.status(), "8");
  EXPECT_TRUE(recorder_.events.empty());
  EXPECT_EQ(Unary(RequestFields("/a.B/C"), Framed("a")).status(), "0");
}

TEST_F(SessionCallsTest, DrainLetsOpenCallsEndAndFinishes) {
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a"));
  Exchange();
  session().BeginDrain();
  Exchange();
  ASSERT_EQ(peer_.goaways().size(), 1U);
  EXPECT_EQ(peer_.goaways()[0].first, INT32_MAX);
  session().FinishDrain();
  Exchange();
  ASSERT_EQ(peer_.goaways().size(), 2U);
  EXPECT_EQ(peer_.goaways()[1].first, id);
  EXPECT_FALSE(session().Finished());
  session().Reply(id, "late");
  Exchange();
  EXPECT_EQ(peer_.response(id).status(), "0");
  EXPECT_TRUE(session().Finished());
}

TEST_F(SessionCallsTest, CallsBetweenTheTwoGoawaysAreServed) {
  EchoUnary();
  Exchange();
  session().BeginDrain();
  const StreamId id = peer_.Call(RequestFields("/a.B/C"), Framed("a"));
  session().Feed(peer_.Take());  // Was under way when the first GOAWAY left.
  Exchange();
  EXPECT_EQ(peer_.response(id).status(), "0");
}

TEST_F(SessionCallsTest, PingsAreCountedUntilAnswered) {
  Exchange();
  session().Ping();
  EXPECT_EQ(session().pings_unanswered(), 1U);
  Exchange();
  EXPECT_EQ(session().pings_unanswered(), 0U);
  peer_.Ping();
  Exchange();
  EXPECT_EQ(peer_.pongs(), 1U);
}

TEST_F(SessionCallsTest, GreetedIsTrueAfterTheClientsSettings) {
  EXPECT_FALSE(session().Greeted());
  session().Feed(NGHTTP2_CLIENT_MAGIC);
  EXPECT_FALSE(session().Greeted());
  session().Feed(Frame(NGHTTP2_SETTINGS, 0, 0));
  EXPECT_TRUE(session().Greeted());
}

}  // namespace
}  // namespace coheld::transport
