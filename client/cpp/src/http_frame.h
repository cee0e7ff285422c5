// HTTP/2's frames (RFC 9113), as far as this client writes and reads them. No state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coheld::core::http {

enum class FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

inline constexpr uint8_t kEndStream = 0x1;  // Of DATA and HEADERS.
inline constexpr uint8_t kAck = 0x1;        // Of SETTINGS and PING.
inline constexpr uint8_t kEndHeaders = 0x4;
inline constexpr uint8_t kPadded = 0x8;
inline constexpr uint8_t kPriorityFlag = 0x20;

inline constexpr uint16_t kEnablePushSetting = 2;
inline constexpr uint16_t kInitialWindowSetting = 4;
inline constexpr uint16_t kFrameBytesSetting = 5;

// What both sides begin with.
inline constexpr int64_t kFirstWindowBytes = 65'535;
inline constexpr size_t kFirstFrameBytes = 16'384;
inline constexpr int64_t kWindowBytesMax = 0x7fffffff;

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr size_t kFrameHeadBytes = 9;

struct FrameHead {
  size_t length = 0;
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  int32_t stream = 0;
};

inline uint32_t ReadNumber32(const char* bytes) {
  const auto* b = reinterpret_cast<const unsigned char*>(bytes);
  return (uint32_t{b[0]} << 24) | (uint32_t{b[1]} << 16) | (uint32_t{b[2]} << 8) | b[3];
}

inline void AppendNumber32(uint32_t number, std::string* out) {
  const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                        static_cast<char>(number >> 8), static_cast<char>(number)};
  out->append(bytes, sizeof bytes);
}

// `bytes` must hold kFrameHeadBytes.
inline FrameHead ReadFrameHead(const char* bytes) {
  return {.length = ReadNumber32(bytes) >> 8,
          .type = static_cast<FrameType>(bytes[3]),
          .flags = static_cast<uint8_t>(bytes[4]),
          .stream = static_cast<int32_t>(ReadNumber32(bytes + 5) & 0x7fffffff)};
}

inline void AppendFrameHead(const FrameHead& head, std::string* out) {
  const auto length = static_cast<uint32_t>(head.length);
  const auto stream = static_cast<uint32_t>(head.stream);
  const char bytes[kFrameHeadBytes] = {
      static_cast<char>(length >> 16), static_cast<char>(length >> 8),
      static_cast<char>(length),       static_cast<char>(head.type),
      static_cast<char>(head.flags),   static_cast<char>(stream >> 24),
      static_cast<char>(stream >> 16), static_cast<char>(stream >> 8),
      static_cast<char>(stream)};
  out->append(bytes, sizeof bytes);
}

inline void AppendSetting(uint16_t name, uint32_t value, std::string* out) {
  out->push_back(static_cast<char>(name >> 8));
  out->push_back(static_cast<char>(name));
  AppendNumber32(value, out);
}

inline void AppendWindowUpdate(int32_t stream, int64_t bytes, std::string* out) {
  AppendFrameHead({.length = 4, .type = FrameType::kWindowUpdate, .stream = stream}, out);
  AppendNumber32(static_cast<uint32_t>(bytes), out);
}

}  // namespace coheld::core::http
