// See http2_client.h. Section numbers are RFC 9113's.
#include "tests/bench/http2_client.h"

#include <algorithm>

namespace coheld::bench {
namespace {

constexpr size_t kFrameHeadBytes = 9;
constexpr uint8_t kEndStream = 0x1;
constexpr uint8_t kAck = 0x1;
constexpr uint8_t kEndHeaders = 0x4;
constexpr uint8_t kPadded = 0x8;
constexpr uint8_t kPriority = 0x20;
constexpr uint32_t kWindowMax = 0x7fffffff;
constexpr uint64_t kWindowStep = 1 << 30;  // Half of the window: one update for each gigabyte.

uint32_t ReadNumber(std::string_view bytes) {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

std::string NumberBytes(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
          static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::string Setting(uint16_t name, uint32_t value) {
  return std::string{static_cast<char>(name >> 8), static_cast<char>(name)} + NumberBytes(value);
}

}  // namespace

void Http2Client::Begin(Output* out) {
  outbox_.Append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  // No push; windows as large as they get, so that the peer is never held back.
  AppendFrame(kSettings, 0, 0, Setting(2, 0) + Setting(4, kWindowMax));
  AppendFrame(kWindowUpdate, 0, 0, NumberBytes(kWindowMax - 65535));
  Flush(out);
}

void Http2Client::Flush(Output* out) {
  SendReady();
  out->MoveAllFrom(&outbox_);
}

size_t Http2Client::Take(std::string_view bytes, std::vector<Answer>* answers) {
  answers_ = answers;
  size_t used = 0;
  while (bytes.size() - used >= kFrameHeadBytes && error().empty()) {
    const std::string_view head = bytes.substr(used, kFrameHeadBytes);
    const size_t length = ReadNumber(head) >> 8;
    if (bytes.size() - used < kFrameHeadBytes + length) break;
    OnFrame({.type = static_cast<uint8_t>(head[3]),
             .flags = static_cast<uint8_t>(head[4]),
             .stream = ReadNumber(head.substr(5)) & kWindowMax,
             .payload = bytes.substr(used + kFrameHeadBytes, length)});
    used += kFrameHeadBytes + length;
  }
  answers_ = nullptr;
  return used;
}

void Http2Client::OnFrame(const Frame& frame) {
  switch (frame.type) {
    case kData:
      return OnDataFrame(frame);
    case kHeaders:
      return OnHeadersFrame(frame);
    case kSettings:
      return OnSettings(frame);
    case kWindowUpdate:
      return OnWindowUpdate(frame);
    case kReset:
      return OnEnd(frame.stream, true);
    case kPing:
      if ((frame.flags & kAck) == 0) AppendFrame(kPing, kAck, 0, frame.payload);
      return;
    case kGoAway:
      return Break("the server sent GOAWAY, code " +
                   std::to_string(ReadNumber(frame.payload.substr(4))));
    case kContinuation:
      return Break("the server sent CONTINUATION, which this client does not read");
    default:  // 5.5: frames of unknown type are ignored.
      return;
  }
}

void Http2Client::OnDataFrame(const Frame& frame) {
  std::string_view data = frame.payload;
  if ((frame.flags & kPadded) != 0) {
    const auto padding = static_cast<uint8_t>(data[0]);
    data = data.substr(1, data.size() - 1 - padding);
  }
  OnData(frame.stream, data);
  Consumed(frame.stream, frame.payload.size());
  if ((frame.flags & kEndStream) != 0) OnEnd(frame.stream, false);
}

void Http2Client::OnHeadersFrame(const Frame& frame) {
  if ((frame.flags & (kPadded | kPriority)) != 0 || (frame.flags & kEndHeaders) == 0) {
    return Break("the server sent HEADERS that this client does not read");
  }
  OnHeaders(frame.stream, decoder_.Succeeds(frame.payload));
  if ((frame.flags & kEndStream) != 0) OnEnd(frame.stream, false);
}

void Http2Client::OnSettings(const Frame& frame) {
  if ((frame.flags & kAck) != 0) return;
  for (std::string_view rest = frame.payload; rest.size() >= 6; rest.remove_prefix(6)) {
    const uint32_t value = ReadNumber(rest.substr(2));
    switch (ReadNumber(rest) >> 16) {
      case 1:
        if (value < 4096) return Break("the server wants a header table under 4,096 bytes");
        break;
      case 3:
        streams_max_ = value;
        break;
      case 4:
        if (watched_window_ != nullptr) *watched_window_ += int64_t{value} - stream_window_start_;
        stream_window_start_ = value;
        break;
      case 5:
        frame_bytes_max_ = value;
        break;
      default:
        break;
    }
  }
  AppendFrame(kSettings, kAck, 0, "");
  if (!settled_) {
    settled_ = true;
    OnSettled();
  }
}

void Http2Client::OnWindowUpdate(const Frame& frame) {
  const uint32_t bytes = ReadNumber(frame.payload) & kWindowMax;
  if (frame.stream == 0) connection_window_ += bytes;
  if (frame.stream != 0 && frame.stream == watched_stream_) *watched_window_ += bytes;
}

void Http2Client::Consumed(StreamNumber stream, size_t bytes) {
  connection_consumed_ += bytes;
  if (connection_consumed_ >= kWindowStep) {
    AppendFrame(kWindowUpdate, 0, 0, NumberBytes(static_cast<uint32_t>(connection_consumed_)));
    connection_consumed_ = 0;
  }
  if (stream != watched_stream_) return;  // No other stream gets near its window.
  watched_consumed_ += bytes;
  if (watched_consumed_ >= kWindowStep) {
    AppendFrame(kWindowUpdate, 0, stream, NumberBytes(static_cast<uint32_t>(watched_consumed_)));
    watched_consumed_ = 0;
  }
}

StreamNumber Http2Client::OpenStream(const std::vector<HeaderField>& fields) {
  return OpenStreamWith(encoder_.Encode(fields));
}

StreamNumber Http2Client::OpenStreamWith(std::string_view block) {
  const StreamNumber stream = next_stream_;
  next_stream_ += 2;
  AppendFrame(kHeaders, kEndHeaders, stream, block);
  return stream;
}

void Http2Client::SendData(StreamNumber stream, Output* data, size_t bytes, bool end,
                           int64_t* window) {
  *window -= static_cast<int64_t>(bytes);
  connection_window_ -= static_cast<int64_t>(bytes);
  do {
    const size_t part = std::min<size_t>(bytes, frame_bytes_max_);
    bytes -= part;
    AppendHead(kData, end && bytes == 0 ? kEndStream : 0, stream, part);
    outbox_.MoveFrom(data, part);
  } while (bytes > 0);
}

void Http2Client::WatchWindow(StreamNumber stream, int64_t* window) {
  watched_stream_ = stream;
  watched_window_ = window;
}

void Http2Client::AppendFrame(uint8_t type, uint8_t flags, StreamNumber stream,
                              std::string_view payload) {
  AppendHead(type, flags, stream, payload.size());
  outbox_.Append(payload);
}

void Http2Client::AppendHead(uint8_t type, uint8_t flags, StreamNumber stream, size_t length) {
  const char head[kFrameHeadBytes] = {
      static_cast<char>(length >> 16), static_cast<char>(length >> 8),
      static_cast<char>(length),       static_cast<char>(type),
      static_cast<char>(flags),        static_cast<char>(stream >> 24),
      static_cast<char>(stream >> 16), static_cast<char>(stream >> 8),
      static_cast<char>(stream)};
  outbox_.Append({head, sizeof head});
}

}  // namespace coheld::bench
