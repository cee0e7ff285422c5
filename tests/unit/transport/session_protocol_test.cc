// What RFC 9113 asks of a server beyond well-behaved clients: states of streams, settings, windows
// at their edges, goodbyes. Frames by hand, answers read frame by frame.
#include <gtest/gtest.h>

#include "server/transport/h2_frame.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

using Events = std::vector<std::string>;

constexpr uint8_t kAllEnd = kEndHeaders | kEndStream;

std::string Number(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
          static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::string SettingsFrame(Setting name, uint32_t value) {
  std::string payload;
  AppendSetting(name, value, &payload);
  return Frame(NGHTTP2_SETTINGS, 0, 0, payload);
}

std::string Request(StreamId id, uint8_t flags = kEndHeaders, const Fields& more = {}) {
  return HeadersFrame(id, RequestFields("/a.B/C", more), flags);
}

std::string Data(StreamId id, std::string_view bytes, bool ends = false) {
  return Frame(NGHTTP2_DATA, ends ? kEndStream : 0, id, bytes);
}

std::string Grow(StreamId id, uint32_t bytes) {
  return Frame(NGHTTP2_WINDOW_UPDATE, 0, id, Number(bytes));
}

class SessionProtocolTest : public testing::Test {
 protected:
  SessionProtocolTest() {
    session_.Feed(Preface());
    PumpAll(session_);
  }

  // Feeds the bytes and tells the frames that come back, such as "RST 1 5", "GOAWAY 2", "DATA 3".
  Events Answers(const std::string& bytes) {
    session_.Feed(bytes);
    return Frames(PumpAll(session_));
  }
  static Events Frames(std::string_view bytes) {
    Events frames;
    while (!bytes.empty()) {
      const FrameHead head = ReadFrameHead(bytes.data());
      const std::string_view payload = bytes.substr(kFrameHeadBytes, head.length);
      frames.push_back(Name(head, payload));
      bytes.remove_prefix(kFrameHeadBytes + head.length);
    }
    return frames;
  }
  static std::string Name(const FrameHead& head, std::string_view payload) {
    const std::string stream = " " + std::to_string(head.stream);
    const std::string end = head.Has(kEndStream) ? " end" : "";
    switch (head.type) {
      case FrameType::kData:
        return "DATA" + stream + " " + std::to_string(payload.size()) + end;
      case FrameType::kHeaders:
        return "HEADERS" + stream + end;
      case FrameType::kResetStream:
        return "RST" + stream + " " + std::to_string(ReadNumber32(payload.data()));
      case FrameType::kGoAway:
        return "GOAWAY " + std::to_string(ReadNumber32(payload.data() + 4));
      case FrameType::kWindowUpdate:
        return "GROW" + stream + " " + std::to_string(ReadNumber32(payload.data()));
      default:
        return "frame " + std::to_string(static_cast<int>(head.type));
    }
  }
  // Sends on each stream that was called.
  void SendOn(StreamId id, size_t bytes) { session_.Send(id, std::string(bytes - 5, 'x')); }

  Recorder recorder_;
  GrpcSession session_{SessionLimits{}, recorder_};
};

TEST_F(SessionProtocolTest, TheFirstFrameIsSettings) {
  GrpcSession session(SessionLimits{}, recorder_);
  EXPECT_FALSE(session.Feed(std::string(kClientPreface) + Request(1)));
  EXPECT_EQ(Frames(PumpAll(session)).back(), "GOAWAY 1");
}

TEST_F(SessionProtocolTest, ATlsClientIsToldWhatIsWrong) {
  GrpcSession session(SessionLimits{}, recorder_);
  EXPECT_FALSE(session.Feed("\x16\x03\x01"));
  EXPECT_NE(session.error().find("TLS"), std::string::npos) << session.error();
}

TEST_F(SessionProtocolTest, StreamsOfTheServersAreRefused) {
  EXPECT_EQ(Answers(Request(2)), Events{"GOAWAY 1"});
}

TEST_F(SessionProtocolTest, IdleStreamsTakeOnlyHeaders) {
  for (const std::string& frame :
       {Data(1, "x"), Frame(NGHTTP2_RST_STREAM, 0, 1, Number(8)), Grow(1, 1), Data(2, "x")}) {
    Recorder recorder;
    GrpcSession session(SessionLimits{}, recorder);
    session.Feed(Preface());
    PumpAll(session);
    EXPECT_FALSE(session.Feed(frame));
    EXPECT_EQ(Frames(PumpAll(session)), Events{"GOAWAY 1"});
  }
}

TEST_F(SessionProtocolTest, DataBehindTheEndIsStreamClosed) {
  EXPECT_EQ(Answers(Request(1, kAllEnd) + Data(1, "x")), Events{"RST 1 5"});
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "half-close 1", "abort 1"}));
}

TEST_F(SessionProtocolTest, DataBehindAResetOfThePeersIsStreamClosed) {
  EXPECT_EQ(Answers(Request(1) + Frame(NGHTTP2_RST_STREAM, 0, 1, Number(8)) + Data(1, "x")),
            Events{"RST 1 5"});
}

TEST_F(SessionProtocolTest, LateFramesOnAStreamThatWeClosedAreNoFault) {
  recorder_.when_called = [&](StreamId id) { session_.Reset(id); };
  EXPECT_EQ(Answers(Request(1)), Events{"RST 1 8"});
  EXPECT_EQ(Answers(Data(1, "x") + HeadersFrame(1, {{"a", "b"}}, kAllEnd) + Grow(1, 9)), Events{});
  EXPECT_EQ(session_.open_streams(), 0U);
}

TEST_F(SessionProtocolTest, HeadersOnAClosedStreamEndTheConnection) {
  recorder_.when_half_closed = [&](StreamId id) { session_.Finish(id); };
  EXPECT_EQ(Answers(Request(1, kAllEnd)), Events{"HEADERS 1 end"});
  EXPECT_EQ(Answers(Request(1, kAllEnd)), Events{"GOAWAY 5"});
}

TEST_F(SessionProtocolTest, NumbersThatWerePassedOverStayUnused) {
  EXPECT_EQ(Answers(Request(7)), Events{});
  EXPECT_EQ(Answers(Request(3)), Events{"GOAWAY 1"});
}

TEST_F(SessionProtocolTest, TrailersEndARequest) {
  EXPECT_EQ(Answers(Request(1) + Data(1, Framed("a")) + HeadersFrame(1, {{"a", "b"}}, kAllEnd)),
            Events{});
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "message 1 a", "half-close 1"}));
}

TEST_F(SessionProtocolTest, HeadersInTheMidstOfARequestAreMalformed) {
  EXPECT_EQ(Answers(Request(1) + HeadersFrame(1, {{"a", "b"}}, kEndHeaders)), Events{"RST 1 1"});
  EXPECT_EQ(Answers(Request(3) + HeadersFrame(3, {{":path", "/"}}, kAllEnd)), Events{"RST 3 1"});
}

TEST_F(SessionProtocolTest, MalformedRequestsAreResetAndTheTableStaysInStep) {
  const std::string indexed = '\x40' + HeaderBlock({{"key", "value"}}).substr(1);
  EXPECT_EQ(Answers(Frame(NGHTTP2_HEADERS, kAllEnd, 1, indexed)), Events{"RST 1 1"});
  Answers(Frame(NGHTTP2_HEADERS, kAllEnd, 3, HeaderBlock(RequestFields("/a.B/C")) + '\xBE'));
  EXPECT_EQ(Find(recorder_.heads[3].metadata, "key"), "value");
}

TEST_F(SessionProtocolTest, RefusedStreamsKeepTheTableInStepToo) {
  std::string calls;
  for (int i = 0; i < 128; ++i) calls += Request(2 * i + 1);
  EXPECT_EQ(Answers(calls), Events{});
  const std::string indexed = '\x40' + HeaderBlock({{"key", "value"}}).substr(1);
  EXPECT_EQ(Answers(Frame(NGHTTP2_HEADERS, kEndHeaders, 257, indexed)), Events{"RST 257 7"});
  EXPECT_EQ(Answers(Data(257, "late")), Events{});
  session_.Reset(1);
  Answers(Frame(NGHTTP2_HEADERS, kAllEnd, 259, HeaderBlock(RequestFields("/a.B/C")) + '\xBE'));
  EXPECT_EQ(Find(recorder_.heads[259].metadata, "key"), "value");
}

TEST_F(SessionProtocolTest, ContentLengthsHaveToBeTrue) {
  const Fields four = {{"content-length", "4"}};
  EXPECT_EQ(Answers(Request(1, kAllEnd, four)), Events{"RST 1 1"});
  EXPECT_EQ(Answers(Request(3, kEndHeaders, four) + Data(3, "12345")), Events{"RST 3 1"});
  EXPECT_EQ(Answers(Request(5, kEndHeaders, four) + Data(5, "123", true)), Events{"RST 5 1"});
  Answers(Request(7, kEndHeaders, {{"content-length", "6"}}) + Data(7, Framed("a"), true));
  EXPECT_EQ(recorder_.events.back(), "half-close 7");
}

TEST_F(SessionProtocolTest, PaddingAndPriorityOfHeadersAreSkipped) {
  const std::string block = HeaderBlock(RequestFields("/a.B/C"));
  const std::string payload = '\3' + Number(3) + '\x10' + block + std::string(3, '\0');
  Answers(Frame(NGHTTP2_HEADERS, kAllEnd | kPadded | kPriorityFlag, 1, payload));
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "half-close 1"}));
}

TEST_F(SessionProtocolTest, AHeaderBlockIsNotInterrupted) {
  const std::string begun = Frame(NGHTTP2_HEADERS, 0, 1, "\x83");
  EXPECT_EQ(Answers(begun + Frame(NGHTTP2_PING, 0, 0, "12345678")), Events{"GOAWAY 1"});
}

TEST_F(SessionProtocolTest, ABlockInContinuationsIsOneBlock) {
  const std::string block = HeaderBlock(RequestFields("/a.B/C"));
  Answers(Frame(NGHTTP2_HEADERS, kEndStream, 1, block.substr(0, 10)) +
          Frame(NGHTTP2_CONTINUATION, 0, 1, block.substr(10, 20)) +
          Frame(NGHTTP2_CONTINUATION, kEndHeaders, 1, block.substr(30)));
  EXPECT_EQ(recorder_.events, (Events{"call 1 /a.B/C", "half-close 1"}));
}

TEST_F(SessionProtocolTest, UnknownFramesAndSettingsAreIgnored) {
  EXPECT_EQ(Answers(Frame(0x42, 0xFF, 1, "whatever")), Events{});
  EXPECT_EQ(Answers(SettingsFrame(static_cast<Setting>(0x4242), 1)), Events{"frame 4"});
}

TEST_F(SessionProtocolTest, SettingsOutOfTheirRangeEndTheConnection) {
  const auto after = [&](Setting name, uint32_t value) {
    GrpcSession session(SessionLimits{}, recorder_);
    session.Feed(Preface());
    PumpAll(session);
    session.Feed(SettingsFrame(name, value));
    return Frames(PumpAll(session)).back();
  };
  EXPECT_EQ(after(Setting::kEnablePush, 2), "GOAWAY 1");
  EXPECT_EQ(after(Setting::kMaxFrameSize, kFrameBytesMax - 1), "GOAWAY 1");
  EXPECT_EQ(after(Setting::kMaxFrameSize, kFrameBytesLimit + 1), "GOAWAY 1");
  EXPECT_EQ(after(Setting::kInitialWindowSize, kWindowMax + 1), "GOAWAY 3");
  EXPECT_EQ(after(Setting::kInitialWindowSize, kWindowMax), "frame 4");
}

TEST_F(SessionProtocolTest, ASmallerWindowCountsForOpenStreams) {
  Answers(Request(1));
  SendOn(1, 60'000);
  EXPECT_EQ(Answers("").back(), "DATA 1 10848");
  Answers(SettingsFrame(Setting::kInitialWindowSize, 1000));  // The stream's is -59,000 now.
  SendOn(1, 100);
  EXPECT_EQ(Answers(Grow(1, 59'000)), Events{});
  EXPECT_EQ(Answers(Grow(1, 30)), Events{"DATA 1 30"});
  EXPECT_EQ(Answers(SettingsFrame(Setting::kInitialWindowSize, 1070)),
            (Events{"frame 4", "DATA 1 70"}));
}

TEST_F(SessionProtocolTest, WindowsDoNotOverflow) {
  EXPECT_EQ(Answers(Request(1) + Grow(1, kWindowMax)), Events{"RST 1 3"});
  EXPECT_EQ(Answers(Request(3) + Grow(3, 0)), Events{"RST 3 1"});
  EXPECT_EQ(Answers(Request(5) + Grow(5, kWindowMax - kWindowDefault) +
                    SettingsFrame(Setting::kInitialWindowSize, kWindowDefault + 1)),
            Events{"GOAWAY 3"});
}

TEST_F(SessionProtocolTest, TheConnectionsWindowDoesNotOverflow) {
  EXPECT_EQ(Answers(Grow(0, kWindowMax)), Events{"GOAWAY 3"});
}

TEST_F(SessionProtocolTest, AConnectionsWindowOfNothingHoldsAllStreams) {
  Answers(Request(1) + Request(3) + Grow(1, 100'000) + Grow(3, 100'000));
  SendOn(1, 60'000);
  SendOn(3, 60'000);
  PumpAll(session_);
  EXPECT_FALSE(session_.WantsWrite());
  EXPECT_EQ(session_.queued_bytes(), 120'000U - kWindowDefault);
  Answers(Grow(0, 100'000));
  EXPECT_EQ(session_.queued_bytes(), 0U);
}

TEST_F(SessionProtocolTest, MoreThanTheStreamsWindowIsAFault) {
  SessionLimits limits;
  limits.stream_window_bytes = 70'000;
  GrpcSession session(limits, recorder_);
  // A message that is larger than the window; only the first stream that has one gets credit.
  const std::string begin("\0\0\x2\0\0", 5);
  const std::string piece(14'000 - begin.size(), 'x');
  session.Feed(Preface() + Request(1) + Data(1, begin + piece) + Request(3));
  for (int i = 0; i < 5; ++i) session.Feed(Data(3, begin + piece));
  EXPECT_EQ(recorder_.events.back(), "call 3 /a.B/C");
  PumpAll(session);
  EXPECT_TRUE(session.Feed(Data(3, "x")));
  EXPECT_EQ(recorder_.events.back(), "abort 3");
  EXPECT_EQ(Frames(PumpAll(session)), Events{"RST 3 3"});
}

TEST_F(SessionProtocolTest, PaddingCountsForTheWindowAndComesBack) {
  SessionLimits limits;
  limits.stream_window_bytes = limits.connection_window_bytes = kWindowDefault;
  GrpcSession session(limits, recorder_);
  session.Feed(Preface() + Request(1));
  PumpAll(session);
  const std::string padded = Frame(NGHTTP2_DATA, kPadded, 1, '\xFF' + std::string(255, '\0'));
  std::string all;
  for (int i = 0; i < 128; ++i) all += padded;
  EXPECT_TRUE(session.Feed(all));
  EXPECT_EQ(Frames(PumpAll(session)), (Events{"GROW 0 32768", "GROW 1 32768"}));
}

TEST_F(SessionProtocolTest, EqualMessagesOfATurnShareAFrameUpToItsLargest) {
  Answers(Request(1) + Grow(0, 1 << 20) + Grow(1, 1 << 20));
  for (int i = 0; i < 300; ++i) SendOn(1, 100);
  EXPECT_EQ(Answers(""), (Events{"HEADERS 1", "DATA 1 16300", "DATA 1 13700"}));
}

TEST_F(SessionProtocolTest, LargeFramesAreSentToThoseWhoTakeThem) {
  Answers(SettingsFrame(Setting::kMaxFrameSize, 1 << 20) + Request(1) + Grow(0, 1 << 20) +
          Grow(1, 1 << 20));
  SendOn(1, 200'000);
  EXPECT_EQ(Answers(""), (Events{"HEADERS 1", "DATA 1 200000"}));
}

TEST_F(SessionProtocolTest, StreamsAfterTheLastGoodbyeAreIgnored) {
  Answers(Request(1));
  session_.BeginDrain();
  session_.FinishDrain();
  EXPECT_EQ(Answers(Request(3) + Data(3, "x", true)), (Events{"GOAWAY 0", "GOAWAY 0"}));
  EXPECT_EQ(recorder_.events, Events{"call 1 /a.B/C"});
  session_.Finish(1, {v1::ERROR_REASON_INTERNAL, "over"});
  PumpAll(session_);
  EXPECT_TRUE(session_.Finished());
}

TEST_F(SessionProtocolTest, AGoodbyeOfThePeersLetsItsCallsEnd) {
  Answers(Request(1, kAllEnd) + Frame(NGHTTP2_GOAWAY, 0, 0, Number(0) + Number(0)));
  EXPECT_FALSE(session_.Finished());
  session_.Reply(1, "late");
  EXPECT_EQ(Answers(""), (Events{"HEADERS 1", "DATA 1 9", "HEADERS 1 end"}));
  EXPECT_TRUE(session_.Finished());
}

TEST_F(SessionProtocolTest, WindowUpdateFloodsEndTheConnection) {
  std::string flood = Request(1);
  for (int i = 0; i < 5000; ++i) flood += Grow(1, 1);
  EXPECT_EQ(Answers(flood).back(), "GOAWAY 11");
}

// A reader that opens its window in steps of some kilobytes, as slow ones do.
TEST_F(SessionProtocolTest, WindowUpdatesOfAReaderAreNoFlood) {
  Answers(SettingsFrame(Setting::kInitialWindowSize, 4096) + Request(1));
  constexpr size_t kBytes = 40 << 20;
  SendOn(1, kBytes);
  for (size_t read = 0; read + 4096 < kBytes; read += 4096) {
    ASSERT_TRUE(session_.Feed(Grow(1, 4096) + Grow(0, 4096)));
    PumpAll(session_);
  }
  EXPECT_LT(session_.queued_bytes(), 65536U);
}

// Its frames are so small that none of them alone amounts to much.
TEST_F(SessionProtocolTest, WindowUpdatesOfAReaderWithASmallWindowAreNoFlood) {
  Answers(SettingsFrame(Setting::kInitialWindowSize, 1000) + Request(1));
  constexpr size_t kBytes = 5 << 20;
  SendOn(1, kBytes);
  for (size_t read = 0; read + 1000 < kBytes; read += 500) {
    ASSERT_TRUE(session_.Feed(Grow(1, 500))) << read << ": " << session_.error();
    if (read % 10'000 == 0) session_.Feed(Grow(0, 10'000));
    PumpAll(session_);
  }
  EXPECT_LT(session_.queued_bytes(), 65536U);
}

// Messages that need not wait for a window are work, too.
TEST_F(SessionProtocolTest, WindowUpdatesForMessagesThatAreSentAtOnceAreNoFlood) {
  Answers(Request(1));
  for (int i = 0; i < 5000; ++i) {
    SendOn(1, 4000);
    PumpAll(session_);
    for (int update = 0; update < 4; ++update) {
      ASSERT_TRUE(session_.Feed(Grow(1, 1000))) << i << ": " << session_.error();
    }
    session_.Feed(Grow(0, 4000));
  }
}

// A reader that wants its reply in crumbs makes more work than it takes away.
TEST_F(SessionProtocolTest, WindowUpdatesByCrumbsAreAFlood) {
  Answers(SettingsFrame(Setting::kInitialWindowSize, 0) + Request(1));
  SendOn(1, 5 << 20);
  int updates = 0;
  while (updates < 10'000 && session_.Feed(Grow(1, 100) + (updates % 100 ? "" : Grow(0, 10'000)))) {
    PumpAll(session_);
    ++updates;
  }
  EXPECT_LT(updates, 10'000);
  EXPECT_EQ(Answers("").back(), "GOAWAY 11");
}

}  // namespace
}  // namespace coheld::transport
