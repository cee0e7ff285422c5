// Heads of HTTP/2 frames, and the cutting of a connection's bytes into frames.
#include "server/transport/h2_frame.h"

#include <random>

#include <gtest/gtest.h>

#include "server/transport/frame_reader.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

FrameHead Head(FrameType type, uint32_t length, int32_t stream, uint8_t flags = 0) {
  return {.length = length, .type = type, .flags = flags, .stream = stream};
}

H2Error Fault(const FrameHead& head) {
  const auto fault = CheckFrameHead(head);
  return fault ? fault->error : H2Error::kNone;
}

// Reads the bytes in pieces of this size and tells what was found, one line for each frame.
std::string Trace(std::string_view bytes, size_t piece) {
  FrameReader reader;
  std::string trace;
  while (true) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    FrameStep step;
    while ((step = reader.Next(&part)) == FrameStep::kFrame) {
      const FrameHead& head = reader.head();
      const bool data = head.type == FrameType::kData;
      if (!data || reader.begins_frame()) {
        trace += std::to_string(static_cast<int>(head.type)) + " " + std::to_string(head.length) +
                 " on " + std::to_string(head.stream) + ": ";
      }
      trace += reader.payload();
      if (!data || reader.ends_frame()) trace += "\n";
    }
    if (step == FrameStep::kFault) return trace + reader.fault().what;
    if (bytes.empty()) return trace;
  }
}

TEST(H2FrameTest, AHeadIsReadAsItWasWritten) {
  const FrameHead head = Head(FrameType::kHeaders, 0x123456, 0x7EDCBA98, 0x25);
  char bytes[kFrameHeadBytes];
  WriteFrameHead(head, bytes);
  const FrameHead read = ReadFrameHead(bytes);
  EXPECT_EQ(read.length, head.length);
  EXPECT_EQ(read.type, head.type);
  EXPECT_EQ(read.flags, head.flags);
  EXPECT_EQ(read.stream, head.stream);
}

TEST(H2FrameTest, TheReservedBitOfAStreamIsIgnored) {
  EXPECT_EQ(ReadFrameHead("\0\0\0\0\0\xFF\xFF\xFF\xFF").stream, 0x7FFFFFFF);
}

TEST(H2FrameTest, FramesOverTheLimitAreRefusedByTheirHead) {
  EXPECT_EQ(Fault(Head(FrameType::kData, kFrameBytesMax, 1)), H2Error::kNone);
  EXPECT_EQ(Fault(Head(FrameType::kData, kFrameBytesMax + 1, 1)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(static_cast<FrameType>(200), kFrameBytesMax + 1, 1)), H2Error::kFrameSize);
}

TEST(H2FrameTest, FixedLengthsAreChecked) {
  EXPECT_EQ(Fault(Head(FrameType::kPing, 8, 0)), H2Error::kNone);
  EXPECT_EQ(Fault(Head(FrameType::kPing, 7, 0)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(FrameType::kPriority, 6, 1)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(FrameType::kResetStream, 5, 1)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(FrameType::kWindowUpdate, 3, 0)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(FrameType::kGoAway, 7, 0)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(FrameType::kGoAway, 9, 0)), H2Error::kNone);
  EXPECT_EQ(Fault(Head(FrameType::kSettings, 12, 0)), H2Error::kNone);
  EXPECT_EQ(Fault(Head(FrameType::kSettings, 13, 0)), H2Error::kFrameSize);
  EXPECT_EQ(Fault(Head(FrameType::kSettings, 6, 0, kAck)), H2Error::kFrameSize);
}

TEST(H2FrameTest, SettingsWithVeryManyEntriesAreAFlood) {
  EXPECT_EQ(Fault(Head(FrameType::kSettings, 32 * 6, 0)), H2Error::kNone);
  EXPECT_EQ(Fault(Head(FrameType::kSettings, 33 * 6, 0)), H2Error::kEnhanceYourCalm);
}

TEST(H2FrameTest, FramesAreWhereTheyBelong) {
  for (const FrameType type : {FrameType::kData, FrameType::kHeaders, FrameType::kContinuation}) {
    EXPECT_EQ(Fault(Head(type, 1, 1)), H2Error::kNone);
    EXPECT_EQ(Fault(Head(type, 1, 0)), H2Error::kProtocol);
  }
  EXPECT_EQ(Fault(Head(FrameType::kPriority, 5, 0)), H2Error::kProtocol);
  EXPECT_EQ(Fault(Head(FrameType::kResetStream, 4, 0)), H2Error::kProtocol);
  EXPECT_EQ(Fault(Head(FrameType::kSettings, 0, 1)), H2Error::kProtocol);
  EXPECT_EQ(Fault(Head(FrameType::kPing, 8, 1)), H2Error::kProtocol);
  EXPECT_EQ(Fault(Head(FrameType::kGoAway, 8, 1)), H2Error::kProtocol);
  EXPECT_EQ(Fault(Head(FrameType::kPushPromise, 4, 1)), H2Error::kProtocol);
}

TEST(FrameReaderTest, PiecesOfAnySizeGiveTheSameFrames) {
  const std::string bytes = Frame(4, 0, 0, "settin") + Frame(1, 4, 1, "some headers") +
                            Frame(0, 0, 1, "data") + Frame(0, 1, 1, "") +
                            Frame(6, 0, 0, "12345678");
  const std::string expected =
      "4 6 on 0: settin\n1 12 on 1: some headers\n0 4 on 1: data\n0 0 on 1: \n6 8 on 0: 12345678\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(Trace(bytes, piece), expected);
}

TEST(FrameReaderTest, PaddingIsNotHandedOn) {
  const std::string bytes = Frame(0, kPadded, 1, std::string("\3data\0\0\0", 8)) +
                            Frame(0, kPadded, 3, std::string("\2\0\0", 3)) + Frame(0, 0, 1, "next");
  const std::string expected = "0 8 on 1: data\n0 3 on 3: \n0 4 on 1: next\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(Trace(bytes, piece), expected);
}

TEST(FrameReaderTest, MorePaddingThanFrameIsAFault) {
  EXPECT_EQ(Trace(Frame(0, kPadded, 1, std::string("\3\0\0", 3)), 100),
            "DATA with too much padding");
  EXPECT_EQ(Trace(Frame(0, kPadded, 1, ""), 100), "DATA without its pad length");
}

TEST(FrameReaderTest, UnknownFramesAreSkipped) {
  const std::string bytes = Frame(77, 0xFF, 5, std::string(3000, 'x')) + Frame(0, 0, 1, "data");
  for (const size_t piece : {1, 7, 1000, 4000}) {
    EXPECT_EQ(Trace(bytes, piece), "77 3000 on 5: \n0 4 on 1: data\n");
  }
}

TEST(FrameReaderTest, DataComesBeforeItsFrameIsWhole) {
  const std::string bytes = Frame(0, 0, 1, "0123456789").substr(0, 9 + 4);
  FrameReader reader;
  std::string_view rest = bytes;
  EXPECT_EQ(reader.Next(&rest), FrameStep::kFrame);
  EXPECT_EQ(reader.payload(), "0123");
  EXPECT_TRUE(reader.begins_frame());
  EXPECT_FALSE(reader.ends_frame());
  EXPECT_EQ(reader.Next(&rest), FrameStep::kMore);
}

TEST(FrameReaderTest, WholeFramesAreViewsOfWhatWasGiven) {
  const std::string bytes = Frame(1, 4, 1, "headers");
  FrameReader reader;
  std::string_view rest = bytes;
  EXPECT_EQ(reader.Next(&rest), FrameStep::kFrame);
  EXPECT_EQ(reader.payload().data(), bytes.data() + kFrameHeadBytes);
}

}  // namespace
}  // namespace coheld::transport
