// HTTP/2 frames (RFC 9113, 4 and 6) as bytes, as both sides write and read them. No state, and no
// rules: what a frame may look like, and what it means, is the connection's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coheld::wire::http2 {

inline constexpr std::string_view kClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr size_t kFrameHeadBytes = 9;
// The largest payload that any peer accepts: the default, and the minimum, of
// SETTINGS_MAX_FRAME_SIZE.
inline constexpr uint32_t kFrameBytesMax = 16 << 10;
inline constexpr uint32_t kFrameBytesLimit = (1 << 24) - 1;  // Of that setting.
inline constexpr uint32_t kWindowDefault = 65535;
inline constexpr uint32_t kWindowMax = 0x7fffffff;
inline constexpr size_t kSettingBytes = 6;

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

inline constexpr uint8_t kEndStream = 0x1;  // Of DATA and HEADERS.
inline constexpr uint8_t kAck = 0x1;        // Of SETTINGS and PING.
inline constexpr uint8_t kEndHeaders = 0x4;
inline constexpr uint8_t kPadded = 0x8;
inline constexpr uint8_t kPriorityFlag = 0x20;

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

inline void AppendNumber32(uint32_t number, std::string* out) {
  const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                        static_cast<char>(number >> 8), static_cast<char>(number)};
  out->append(bytes, sizeof(bytes));
}

// Reads a head; kFrameHeadBytes must be there.
inline FrameHead ReadFrameHead(const char* bytes) {
  return {.length = ReadNumber32(bytes) >> 8,
          .type = static_cast<FrameType>(bytes[3]),
          .flags = static_cast<uint8_t>(bytes[4]),
          .stream = static_cast<int32_t>(ReadNumber32(bytes + 5) & kWindowMax)};
}

// Writes the length in a head.
inline void WriteFrameLength(size_t length, char* head) {
  head[0] = static_cast<char>(length >> 16);
  head[1] = static_cast<char>(length >> 8);
  head[2] = static_cast<char>(length);
}

// Writes a head to kFrameHeadBytes at `out`.
inline void WriteFrameHead(const FrameHead& head, char* out) {
  const auto stream = static_cast<uint32_t>(head.stream);
  WriteFrameLength(head.length, out);
  out[3] = static_cast<char>(head.type);
  out[4] = static_cast<char>(head.flags);
  out[5] = static_cast<char>(stream >> 24);
  out[6] = static_cast<char>(stream >> 16);
  out[7] = static_cast<char>(stream >> 8);
  out[8] = static_cast<char>(stream);
}

inline void AppendFrameHead(const FrameHead& head, std::string* out) {
  char bytes[kFrameHeadBytes];
  WriteFrameHead(head, bytes);
  out->append(bytes, sizeof(bytes));
}

inline void AppendSetting(Setting name, uint32_t value, std::string* payload) {
  const auto number = static_cast<uint16_t>(name);
  payload->push_back(static_cast<char>(number >> 8));
  payload->push_back(static_cast<char>(number));
  AppendNumber32(value, payload);
}

inline void AppendWindowUpdate(int32_t stream, uint32_t increment, std::string* out) {
  AppendFrameHead({.length = 4, .type = FrameType::kWindowUpdate, .stream = stream}, out);
  AppendNumber32(increment, out);
}

}  // namespace coheld::wire::http2
