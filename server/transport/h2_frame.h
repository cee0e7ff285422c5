// HTTP/2 frames as the daemon takes and writes them, beyond what both sides share
// (proto/wire/http2_frame.h): what each type's head must look like, and the small frames. No state:
// what a frame means for a stream or the connection is the session's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/wire/http2_frame.h"

namespace coheld::transport {

using wire::http2::AppendFrameHead;
using wire::http2::AppendSetting;
using wire::http2::AppendWindowUpdate;
using wire::http2::FrameHead;
using wire::http2::FrameType;
using wire::http2::kAck;
using wire::http2::kClientPreface;
using wire::http2::kEndHeaders;
using wire::http2::kEndStream;
using wire::http2::kFrameBytesLimit;
using wire::http2::kFrameBytesMax;
using wire::http2::kFrameHeadBytes;
using wire::http2::kPadded;
using wire::http2::kPriorityFlag;
using wire::http2::kSettingBytes;
using wire::http2::kWindowDefault;
using wire::http2::kWindowMax;
using wire::http2::ReadFrameHead;
using wire::http2::ReadNumber16;
using wire::http2::ReadNumber32;
using wire::http2::Setting;
using wire::http2::WriteFrameHead;
using wire::http2::WriteFrameLength;

inline constexpr uint32_t kHeaderTableDefault = 4096;
inline constexpr size_t kSettingsMax = 32;  // In one frame: more is a flood.

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

// A broken rule of the protocol that ends the connection.
struct FrameFault {
  H2Error error = H2Error::kProtocol;
  const char* what = "";
};

// Checks what the head alone tells: the length and the stream that its type allows. What is larger
// than it can be is so refused before any of it is kept.
std::optional<FrameFault> CheckFrameHead(const FrameHead& head);
// True if nothing can be wrong with it: DATA and HEADERS, nearly always. False says nothing.
inline bool IsPlainHead(const FrameHead& head) {
  const bool known = head.type == FrameType::kData || head.type == FrameType::kHeaders;
  return known && head.stream != 0 && !head.Has(kPadded) && head.length <= kFrameBytesMax;
}

// True for the types that we know; others are skipped (5.5).
inline bool IsKnown(FrameType type) { return type <= FrameType::kContinuation; }

void AppendResetStream(int32_t stream, H2Error error, std::string* out);
void AppendSettings(std::string_view payload, std::string* out);
void AppendSettingsAck(std::string* out);
// `opaque` has 8 bytes.
void AppendPing(std::string_view opaque, bool ack, std::string* out);
void AppendGoAway(int32_t last_stream, H2Error error, std::string_view why, std::string* out);

}  // namespace coheld::transport
