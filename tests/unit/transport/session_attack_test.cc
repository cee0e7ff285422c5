// Hostile bytes against a GrpcSession: floods, bombs, garbage. Each hurts its own connection only,
// and within bounds.
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "server/transport/h2_frame.h"
#include "tests/unit/seeds.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

constexpr uint8_t kHeadersEnd = NGHTTP2_FLAG_END_HEADERS;
constexpr uint8_t kAllEnd = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM;

std::string Repeat(int count, const std::function<std::string(int)>& make) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += make(i);
  return bytes;
}

// Returns the error code of the last GOAWAY among the frames, or -1. Not by a client of a library:
// it would take offence at answers to what it has not sent.
int GoawayIn(std::string_view frames) {
  int code = -1;
  while (frames.size() >= kFrameHeadBytes) {
    const FrameHead head = ReadFrameHead(frames.data());
    frames.remove_prefix(kFrameHeadBytes);
    if (head.type == FrameType::kGoAway) code = static_cast<int>(ReadNumber32(frames.data() + 4));
    frames.remove_prefix(head.length);
  }
  return code;
}

// Feeds the bytes to a fresh session and returns the error code of its GOAWAY, or -1.
int GoawayAfter(const std::string& bytes, Recorder* recorder) {
  GrpcSession session(SessionLimits{}, *recorder);
  session.Feed(Preface() + bytes);
  return GoawayIn(PumpAll(session));
}

int GoawayAfter(const std::string& bytes) {
  Recorder recorder;
  return GoawayAfter(bytes, &recorder);
}

TEST(SessionAttackTest, PingFloodsEndTheConnection) {
  const std::string ping = Frame(NGHTTP2_PING, 0, 0, "12345678");
  EXPECT_EQ(GoawayAfter(Repeat(5000, [&](int) { return ping; })), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(SessionAttackTest, SettingsFloodsEndTheConnection) {
  const std::string settings = Frame(NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ(GoawayAfter(Repeat(5000, [&](int) { return settings; })), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(SessionAttackTest, EmptyDataFloodsEndTheConnection) {
  const std::string begin = HeadersFrame(1, RequestFields("/a.B/C"), kHeadersEnd);
  const std::string empty = Frame(NGHTTP2_DATA, 0, 1);
  EXPECT_EQ(GoawayAfter(begin + Repeat(5000, [&](int) { return empty; })),
            NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(SessionAttackTest, PriorityFloodsEndTheConnection) {
  const std::string priority = Frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5));
  EXPECT_EQ(GoawayAfter(Repeat(5000, [&](int) { return priority; })), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(SessionAttackTest, RapidResetsEndTheConnection) {
  Recorder recorder;
  const std::string reset("\0\0\0\x8", 4);
  const int code = GoawayAfter(Repeat(5000,
                                      [&](int i) {
                                        const int32_t id = 2 * i + 1;
                                        return HeadersFrame(id, RequestFields("/a.B/C"), kAllEnd) +
                                               Frame(NGHTTP2_RST_STREAM, 0, id, reset);
                                      }),
                               &recorder);
  EXPECT_EQ(code, NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_LT(recorder.events.size(), 4001U * 3);
}

// The peer makes us reset its streams by breaking each of them.
TEST(SessionAttackTest, MadeYouResetsEndTheConnection) {
  const std::string zero_increment(4, '\0');
  const int code = GoawayAfter(Repeat(5000, [&](int i) {
    const int32_t id = 2 * i + 1;
    return HeadersFrame(id, RequestFields("/a.B/C"), kAllEnd) +
           Frame(NGHTTP2_WINDOW_UPDATE, 0, id, zero_increment);
  }));
  EXPECT_GT(code, NGHTTP2_NO_ERROR);
}

TEST(SessionAttackTest, ContinuationFloodsEndTheConnection) {
  const std::string begin = Frame(NGHTTP2_HEADERS, 0, 1, HeaderBlock(RequestFields("/a.B/C")));
  const std::string more = Frame(NGHTTP2_CONTINUATION, 0, 1, HeaderBlock({{"a", "b"}}));
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  EXPECT_FALSE(session.Feed(Preface() + begin + Repeat(100, [&](int) { return more; })));
  EXPECT_FALSE(session.error().empty());
}

// One large entry in the HPACK table, then references to it: 40 MB of headers from 14 KB.
std::string HpackBomb() {
  std::string block = HeaderBlock(RequestFields("/a.B/C"));
  block += '\x40';  // Literal with incremental indexing, new name.
  block += HeaderBlock({{"x", std::string(3900, 'x')}}).substr(1);
  block += std::string(10'000, '\xBE');  // Indexed: entry 62, the newest.
  return block;
}

TEST(SessionAttackTest, AnHpackBombIsResetAndItsConnectionLivesOn) {
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  EXPECT_TRUE(session.Feed(Preface() + Frame(NGHTTP2_HEADERS, kAllEnd, 1, HpackBomb())));
  ClientSession listener;
  const StreamId id = listener.Call(RequestFields("/a.B/C"));
  listener.Take();
  listener.Give(PumpAll(session));
  EXPECT_TRUE(listener.response(id).closed);
  EXPECT_EQ(listener.response(id).status(), "");
  EXPECT_TRUE(recorder.events.empty());
  EXPECT_TRUE(session.Feed(HeadersFrame(3, RequestFields("/a.B/C"), kAllEnd)));
  EXPECT_EQ(recorder.events.size(), 2U);
}

TEST(SessionAttackTest, HpackBombsEndTheConnectionSoon) {
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  session.Feed(Preface());
  const std::string block = HpackBomb();
  int bombs = 0;
  while (bombs < 100 && session.Feed(Frame(NGHTTP2_HEADERS, kAllEnd, 2 * bombs + 1, block))) {
    ++bombs;
  }
  EXPECT_LE(bombs, 20);
}

TEST(SessionAttackTest, OversizedHeadersAgainAndAgainEndTheConnection) {
  const Fields big = RequestFields("/a.B/C", {{"big", std::string(9000, 'x')}});
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  session.Feed(Preface());
  int rounds = 0;
  while (rounds < 1000 && session.Feed(HeadersFrame(2 * rounds + 1, big, kAllEnd))) {
    PumpAll(session);
    ++rounds;
  }
  EXPECT_LT(rounds, 300);
}

TEST(SessionAttackTest, MoreStreamsThanAllowedAreRefused) {
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  session.Feed(Preface());
  PumpAll(session);
  session.Feed(Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0));
  for (int i = 0; i < 200; ++i) {
    session.Feed(HeadersFrame(2 * i + 1, RequestFields("/a.B/C"), kAllEnd));
  }
  EXPECT_LE(session.open_streams(), SessionLimits{}.streams_max);
}

TEST(SessionAttackTest, PingsAtTheRateOfRepliesAreNoFlood) {
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  ClientSession peer;
  recorder.when_half_closed = [&](StreamId id) { session.Reply(id, "x"); };
  for (int i = 0; i < 20'000; ++i) {
    peer.Call(RequestFields("/a.B/C"), Framed("a"));
    peer.Ping();
    Exchange(peer, session);
  }
  EXPECT_EQ(peer.pongs(), 20'000U);
  EXPECT_TRUE(peer.goaways().empty());
}

TEST(SessionAttackTest, TimeForgivesEarlierPings) {
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  session.Feed(Preface());
  const std::string pings = Repeat(3000, [](int) { return Frame(NGHTTP2_PING, 0, 0, "12345678"); });
  for (uint64_t now_ms = 1; now_ms < 20'000; now_ms += 3000) {
    session.Advance(now_ms);
    EXPECT_TRUE(session.Feed(pings)) << now_ms;
    PumpAll(session);
  }
}

TEST(SessionAttackTest, AnythingButHttp2IsRefusedAtOnce) {
  Recorder recorder;
  GrpcSession session(SessionLimits{}, recorder);
  EXPECT_FALSE(session.Feed("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_FALSE(session.error().empty());
  PumpAll(session);
  EXPECT_TRUE(session.Finished());
}

std::string LivelyTraffic() {
  ClientSession peer;
  std::string bytes = peer.Take();
  peer.Give(Frame(NGHTTP2_SETTINGS, 0, 0));
  peer.Call(RequestFields("/a.B/C", {{"key", "value"}, {"grpc-timeout", "1S"}}), Framed("one"));
  const StreamId stream = peer.Call(RequestFields("/a.B/D"), Framed("a") + Framed(""), false);
  bytes += peer.Take();
  peer.Ping();
  peer.Write(stream, Framed(std::string(3000, 'x')), true);
  const StreamId reset = peer.Call(RequestFields("/a.B/E"), Framed("b").substr(0, 3), false);
  bytes += peer.Take();
  peer.Reset(reset);
  peer.Call(RequestFields("/a.B/F", {{"content-type", "text/html"}}), "text");
  return bytes + peer.Take();
}

TEST(SessionAttackTest, OneByteAtATimeGivesTheSameEvents) {
  const std::string bytes = LivelyTraffic();
  Recorder whole;
  GrpcSession whole_session(SessionLimits{}, whole);
  EXPECT_TRUE(whole_session.Feed(bytes));
  Recorder parts;
  GrpcSession parts_session(SessionLimits{}, parts);
  for (const char c : bytes) EXPECT_TRUE(parts_session.Feed({&c, 1}));
  EXPECT_EQ(whole.events, parts.events);
  EXPECT_EQ(whole.events.size(), 10U);
  EXPECT_EQ(PumpAll(whole_session), PumpAll(parts_session));
}

TEST(SessionAttackTest, DamagedTrafficNeverCrashes) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string traffic = LivelyTraffic();
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = traffic;
    for (unsigned i = 0; i <= random() % 8; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    Recorder recorder;
    GrpcSession session(SessionLimits{}, recorder);
    recorder.when_message = [&](StreamId id, std::string_view message) {
      session.Send(id, message);
    };
    recorder.when_half_closed = [&](StreamId id) { session.Finish(id); };
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = 1 + random() % 500;
      if (!session.Feed(std::string_view(bytes).substr(at, size))) break;
      PumpAll(session);
      at += size;
    }
    PumpAll(session);
    ASSERT_EQ(session.queued_bytes() > 0 && session.open_streams() == 0, false);
  }
}

TEST(SessionAttackTest, GarbageNeverCrashes) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = Preface();
    for (int frame = 0; frame < 20; ++frame) {
      std::string payload(random() % 40, '\0');
      for (char& c : payload) c = static_cast<char>(random());
      bytes += Frame(static_cast<uint8_t>(random() % 11), static_cast<uint8_t>(random()),
                     static_cast<int32_t>(random() % 6), payload);
    }
    Recorder recorder;
    GrpcSession session(SessionLimits{}, recorder);
    session.Feed(bytes);
    PumpAll(session);
  }
}

}  // namespace
}  // namespace coheld::transport
