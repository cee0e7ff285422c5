// HTTP/2 frames (RFC 9113, 4 and 6) as bytes: their heads, what each type's head must look like,
// and the small frames that we write. No state: what a frame means for a stream or the connection
// is the session's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coheld::transport {

inline constexpr std::string_view kClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr size_t kFrameHeadBytes = 9;
// The largest payload that we accept, and that any peer accepts: the default, and the minimum, of
// SETTINGS_MAX_FRAME_SIZE.
inline constexpr uint32_t kFrameBytesMax = 16 << 10;
inline constexpr uint32_t kFrameBytesLimit = (1 << 24) - 1;  // Of that setting.
inline constexpr uint32_t kWindowDefault = 65535;
inline constexpr uint32_t kWindowMax = 0x7fffffff;
inline constexpr uint32_t kHeaderTableDefault = 4096;
inline constexpr size_t kSettingBytes = 6;
inline constexpr size_t kSettingsMax = 32;  // In one frame: more is a flood.

enum class FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kResetStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

inline constexpr uint8_t kEndStream = 0x1;
inline constexpr uint8_t kAck = 0x1;
inline constexpr uint8_t kEndHeaders = 0x4;
inline constexpr uint8_t kPadded = 0x8;
inline constexpr uint8_t kPriorityFlag = 0x20;

enum class H2Error : uint32_t {
  kNone = 0,
  kProtocol = 1,
  kInternal = 2,
  kFlowControl = 3,
  kStreamClosed = 5,
  kFrameSize = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompression = 9,
  kEnhanceYourCalm = 11,
};

// Setting identifiers (6.5.2) that concern us.
enum class Setting : uint16_t {
  kHeaderTableSize = 1,
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
  kMaxHeaderListSize = 6,
};

struct FrameHead {
  bool Has(uint8_t flag) const { return (flags & flag) != 0; }

  uint32_t length = 0;  // Of the payload; 24 bits.
  FrameType type{};     // Perhaps none of those above.
  uint8_t flags = 0;
  int32_t stream = 0;
};

// Reads 2 or 4 bytes in network order; they must be there.
inline uint16_t ReadNumber16(const char* bytes) {
  const auto* b = reinterpret_cast<const uint8_t*>(bytes);
  return static_cast<uint16_t>(b[0] << 8 | b[1]);
}
inline uint32_t ReadNumber32(const char* bytes) {
  const auto* b = reinterpret_cast<const uint8_t*>(bytes);
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
}

// Reads a head; kFrameHeadBytes must be there.
inline FrameHead ReadFrameHead(const char* bytes) {
  return {.length = ReadNumber32(bytes) >> 8,
          .type = static_cast<FrameType>(bytes[3]),
          .flags = static_cast<uint8_t>(bytes[4]),
          .stream = static_cast<int32_t>(ReadNumber32(bytes + 5) & kWindowMax)};
}

// Writes a head to kFrameHeadBytes at `out`.
inline void WriteFrameHead(const FrameHead& head, char* out) {
  const auto stream = static_cast<uint32_t>(head.stream);
  out[0] = static_cast<char>(head.length >> 16);
  out[1] = static_cast<char>(head.length >> 8);
  out[2] = static_cast<char>(head.length);
  out[3] = static_cast<char>(head.type);
  out[4] = static_cast<char>(head.flags);
  out[5] = static_cast<char>(stream >> 24);
  out[6] = static_cast<char>(stream >> 16);
  out[7] = static_cast<char>(stream >> 8);
  out[8] = static_cast<char>(stream);
}

// A broken rule of the protocol that ends the connection.
struct FrameFault {
  H2Error error = H2Error::kProtocol;
  const char* what = "";
};

// Checks what the head alone tells: the length and the stream that its type allows. What is larger
// than it can be is so refused before any of it is kept.
std::optional<FrameFault> CheckFrameHead(const FrameHead& head);

// True for the types that we know; others are skipped (5.5).
inline bool IsKnown(FrameType type) { return type <= FrameType::kContinuation; }

void AppendFrameHead(const FrameHead& head, std::string* out);
void AppendResetStream(int32_t stream, H2Error error, std::string* out);
void AppendSetting(Setting name, uint32_t value, std::string* payload);
void AppendSettings(std::string_view payload, std::string* out);
void AppendSettingsAck(std::string* out);
// `opaque` has 8 bytes.
void AppendPing(std::string_view opaque, bool ack, std::string* out);
void AppendGoAway(int32_t last_stream, H2Error error, std::string_view why, std::string* out);
void AppendWindowUpdate(int32_t stream, uint32_t increment, std::string* out);

}  // namespace coheld::transport
