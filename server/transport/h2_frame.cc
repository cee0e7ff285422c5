// See h2_frame.h.
#include "server/transport/h2_frame.h"

namespace coheld::transport {
namespace {

constexpr uint32_t kPriorityBytes = 5;
constexpr uint32_t kNumberBytes = 4;  // RST_STREAM's error and WINDOW_UPDATE's increment.
constexpr uint32_t kPingBytes = 8;
constexpr uint32_t kGoAwayBytesMin = 8;

std::optional<FrameFault> WantStream(const FrameHead& head, const char* what) {
  if (head.stream != 0) return std::nullopt;
  return FrameFault{H2Error::kProtocol, what};
}

std::optional<FrameFault> WantConnection(const FrameHead& head, const char* what) {
  if (head.stream == 0) return std::nullopt;
  return FrameFault{H2Error::kProtocol, what};
}

std::optional<FrameFault> WantLength(const FrameHead& head, uint32_t length, const char* what) {
  if (head.length == length) return std::nullopt;
  return FrameFault{H2Error::kFrameSize, what};
}

std::optional<FrameFault> CheckSettings(const FrameHead& head) {
  if (head.stream != 0) return FrameFault{H2Error::kProtocol, "SETTINGS on a stream"};
  if (head.Has(kAck)) return WantLength(head, 0, "SETTINGS with ACK has a payload");
  if (head.length % kSettingBytes != 0) {
    return FrameFault{H2Error::kFrameSize, "SETTINGS whose length is no multiple of 6"};
  }
  if (head.length > kSettingsMax * kSettingBytes) {
    return FrameFault{H2Error::kEnhanceYourCalm, "SETTINGS with over 32 entries"};
  }
  return std::nullopt;
}

std::optional<FrameFault> CheckPadding(const FrameHead& head, const char* what) {
  if (!head.Has(kPadded) || head.length > 0) return std::nullopt;
  return FrameFault{H2Error::kFrameSize, what};
}

}  // namespace

std::optional<FrameFault> CheckFrameHead(const FrameHead& head) {
  if (head.length > kFrameBytesMax) {
    return FrameFault{H2Error::kFrameSize, "a frame over SETTINGS_MAX_FRAME_SIZE"};
  }
  std::optional<FrameFault> fault;
  switch (head.type) {
    case FrameType::kData:
      fault = WantStream(head, "DATA on stream 0");
      return fault ? fault : CheckPadding(head, "DATA without its pad length");
    case FrameType::kHeaders:
      fault = WantStream(head, "HEADERS on stream 0");
      return fault ? fault : CheckPadding(head, "HEADERS without its pad length");
    case FrameType::kPriority:
      fault = WantStream(head, "PRIORITY on stream 0");
      return fault ? fault : WantLength(head, kPriorityBytes, "PRIORITY must have 5 bytes");
    case FrameType::kResetStream:
      fault = WantStream(head, "RST_STREAM on stream 0");
      return fault ? fault : WantLength(head, kNumberBytes, "RST_STREAM must have 4 bytes");
    case FrameType::kSettings:
      return CheckSettings(head);
    case FrameType::kPushPromise:
      return FrameFault{H2Error::kProtocol, "PUSH_PROMISE by a client"};
    case FrameType::kPing:
      fault = WantConnection(head, "PING on a stream");
      return fault ? fault : WantLength(head, kPingBytes, "PING must have 8 bytes");
    case FrameType::kGoAway:
      if (head.stream != 0) return FrameFault{H2Error::kProtocol, "GOAWAY on a stream"};
      if (head.length >= kGoAwayBytesMin) return std::nullopt;
      return FrameFault{H2Error::kFrameSize, "GOAWAY must have 8 bytes at least"};
    case FrameType::kWindowUpdate:
      return WantLength(head, kNumberBytes, "WINDOW_UPDATE must have 4 bytes");
    case FrameType::kContinuation:
      return WantStream(head, "CONTINUATION on stream 0");
  }
  return std::nullopt;
}

void AppendResetStream(int32_t stream, H2Error error, std::string* out) {
  AppendFrameHead({.length = kNumberBytes, .type = FrameType::kResetStream, .stream = stream}, out);
  wire::http2::AppendNumber32(static_cast<uint32_t>(error), out);
}

void AppendSettings(std::string_view payload, std::string* out) {
  AppendFrameHead({.length = static_cast<uint32_t>(payload.size()), .type = FrameType::kSettings},
                  out);
  out->append(payload);
}

void AppendSettingsAck(std::string* out) {
  AppendFrameHead({.type = FrameType::kSettings, .flags = kAck}, out);
}

void AppendPing(std::string_view opaque, bool ack, std::string* out) {
  const uint8_t flags = ack ? kAck : 0;
  AppendFrameHead({.length = kPingBytes, .type = FrameType::kPing, .flags = flags}, out);
  out->append(opaque);
}

void AppendGoAway(int32_t last_stream, H2Error error, std::string_view why, std::string* out) {
  const auto length = static_cast<uint32_t>(kGoAwayBytesMin + why.size());
  AppendFrameHead({.length = length, .type = FrameType::kGoAway}, out);
  wire::http2::AppendNumber32(static_cast<uint32_t>(last_stream), out);
  wire::http2::AppendNumber32(static_cast<uint32_t>(error), out);
  out->append(why);
}

}  // namespace coheld::transport
