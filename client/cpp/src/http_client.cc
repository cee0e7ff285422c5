// See http_client.h.
#include "client/cpp/src/http_client.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proto/wire/check.h"
#include "proto/wire/framing.h"
#include "proto/wire/hpack.h"

namespace coheld::core {
namespace {

using http::FrameHead;
using http::FrameType;

constexpr std::string_view kTlsAlert = "\x15\x03";  // Its answer to what is no TLS.
constexpr uint32_t kWindowBytes = 16 << 20;         // Of each stream, and of all.
constexpr size_t kBufferBytesKept = 1 << 20;        // Larger ones are given back when empty.
constexpr size_t kHeaderBytesMax = 64 << 10;        // Of one answer.
constexpr uint32_t kPingBytes = 8;

// HPACK (RFC 7541) without compression: what is in the static table by its index, all else as it
// is.
constexpr char kMethodPost = static_cast<char>(0x83);
constexpr char kSchemeHttp = static_cast<char>(0x86);
constexpr char kSchemeHttps = static_cast<char>(0x87);

// The name is the static table's `index`, at most 14.
void AppendHeader(char index, std::string_view value, std::string* out) {
  out->push_back(index);
  wire::AppendHpackText(value, out);
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  out->push_back(0);
  wire::AppendHpackText(name, out);
  wire::AppendHpackText(value, out);
}

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Padding may be missing; what follows a foreign character is ignored.
std::string DecodeBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) break;
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count);
    }
  }
  return bytes;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string DecodePercent(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    decoded +=
        escape ? static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

void TakeHeader(std::string_view name, std::string_view value, HttpStream* stream) {
  if (name == ":status" && value != "200") {
    stream->failure.message = "the peer answered with HTTP status " + std::string(value);
  } else if (name == "grpc-status") {
    stream->code = static_cast<wire::Code>(std::atoi(std::string(value).c_str()));
  } else if (name == "grpc-message" && stream->failure.message.empty()) {
    stream->failure.message = DecodePercent(value);
  } else if (name == "grpc-status-details-bin") {
    wire::Failure failure = wire::DecodeStatusDetails(DecodeBase64(value));
    if (failure.reason != v1::ERROR_REASON_UNSPECIFIED) stream->failure = std::move(failure);
  }
}

}  // namespace

HttpClient::HttpClient(size_t message_bytes_max, std::string_view scheme)
    : message_bytes_max_(message_bytes_max), encrypted_(scheme == "https") {
  COHELD_CHECK(nghttp2_hd_inflate_new(&inflater_) == 0);
  control_ = http::kClientPreface;
  http::AppendFrameHead({.length = 12, .type = FrameType::kSettings}, &control_);
  http::AppendSetting(http::Setting::kEnablePush, 0, &control_);
  http::AppendSetting(http::Setting::kInitialWindowSize, kWindowBytes, &control_);
  http::AppendWindowUpdate(0, kWindowBytes - http::kWindowDefault, &control_);
}

HttpClient::~HttpClient() { nghttp2_hd_inflate_del(inflater_); }

HttpStream* HttpClient::Find(StreamId id) const {
  for (auto stream = streams_.rbegin(); stream != streams_.rend(); ++stream) {
    if ((*stream)->id == id) return stream->get();
  }
  return nullptr;
}

bool HttpClient::Refuse(const char* why) {
  error_ = std::string("the peer does not speak gRPC: ") + why;
  return false;
}

HttpClient::StreamId HttpClient::Begin(std::string_view path, std::string_view authority,
                                       std::string_view session_token) {
  constexpr char kAuthorityIndex = 1;
  constexpr char kPathIndex = 4;
  const StreamId id = next_id_;
  next_id_ += 2;
  std::string headers = {kMethodPost, encrypted_ ? kSchemeHttps : kSchemeHttp};
  AppendHeader(kPathIndex, path, &headers);
  AppendHeader(kAuthorityIndex, authority, &headers);
  AppendHeader("te", "trailers", &headers);
  AppendHeader("content-type", "application/grpc", &headers);
  AppendHeader("user-agent", "coheld-cpp", &headers);
  if (!session_token.empty()) AppendHeader("coheld-session", session_token, &headers);
  http::AppendFrameHead({.length = static_cast<uint32_t>(headers.size()),
                         .type = FrameType::kHeaders,
                         .flags = http::kEndHeaders,
                         .stream = id},
                        &control_);
  control_.append(headers);
  auto stream = std::make_unique<HttpStream>();
  stream->id = id;
  stream->send_window = stream_window_;
  streams_.push_back(std::move(stream));
  return id;
}

bool HttpClient::NextMessage(StreamId id, std::string_view* message) {
  HttpStream& stream = *Find(id);
  if (stream.incoming_read == stream.incoming.size()) {
    stream.incoming.clear();
    stream.incoming_read = 0;
    if (stream.incoming.capacity() > kBufferBytesKept) stream.incoming.shrink_to_fit();
    return false;
  }
  const std::string_view rest = std::string_view(stream.incoming).substr(stream.incoming_read);
  if (rest.size() < wire::kPrefixBytes) return false;
  const wire::MessagePrefix prefix = wire::ReadPrefix(rest.data());
  if (prefix.compressed) error_ = "the daemon sent a compressed message";
  if (prefix.length > message_bytes_max_) oversized_ = prefix.length;
  if (!error_.empty() || oversized_ != 0) return false;
  if (rest.size() < wire::kPrefixBytes + prefix.length) {
    stream.incoming.erase(0, std::exchange(stream.incoming_read, 0));
    stream.incoming.reserve(wire::kPrefixBytes + prefix.length);
    return false;
  }
  *message = rest.substr(wire::kPrefixBytes, prefix.length);
  stream.incoming_read += wire::kPrefixBytes + prefix.length;
  return true;
}

bool HttpClient::Feed(std::string_view bytes) {
  if (!error_.empty()) return false;
  if (!std::exchange(fed_, true) && bytes.starts_with(kTlsAlert)) {
    error_ = "the daemon speaks TLS there; connect to tls://host:port";
    return false;
  }
  while (FeedPiece(&bytes)) {
  }
  return error_.empty();
}

bool HttpClient::FeedPiece(std::string_view* bytes) {
  if (head_size_ < http::kFrameHeadBytes) {
    const size_t taken = std::min(bytes->size(), http::kFrameHeadBytes - head_size_);
    if (taken == 0) return false;
    std::memcpy(head_bytes_.data() + head_size_, bytes->data(), taken);
    bytes->remove_prefix(taken);
    head_size_ += taken;
    return head_size_ < http::kFrameHeadBytes || BeginFrame();
  }
  const std::string_view piece = bytes->substr(0, payload_left_);
  if (piece.empty() && payload_left_ > 0) return false;
  bytes->remove_prefix(piece.size());
  payload_left_ -= piece.size();
  if (payload_left_ == 0) head_size_ = 0;
  if (head_.type == FrameType::kData) return TakeData(piece);
  if (payload_left_ == 0 && payload_.empty()) return TakeFrame(piece);
  payload_.append(piece);
  if (payload_left_ > 0) return true;
  const bool taken = TakeFrame(payload_);
  payload_.clear();
  return taken;
}

bool HttpClient::BeginFrame() {
  head_ = http::ReadFrameHead(head_bytes_.data());
  payload_left_ = head_.length;
  padding_left_ = 0;
  padding_known_ = !head_.Has(http::kPadded);
  if (!settled_ && head_.type != FrameType::kSettings) return Refuse("it did not send SETTINGS");
  if (head_.length > http::kFrameBytesMax) return Refuse("a frame is too large");
  if (header_stream_ != 0 && head_.type != FrameType::kContinuation) {
    return Refuse("headers were interrupted");
  }
  return true;
}

// Called at least once for each frame, with what came of it. Padding counts for the windows.
bool HttpClient::TakeData(std::string_view payload) {
  HttpStream* const stream = Find(head_.stream);
  ReportReceived(static_cast<int64_t>(payload.size()), stream);
  if (!padding_known_ && !payload.empty()) {
    padding_left_ = static_cast<unsigned char>(payload.front());
    padding_known_ = true;
    payload.remove_prefix(1);
    if (padding_left_ > payload.size() + payload_left_) return Refuse("the padding is too long");
  }
  if (payload_left_ < padding_left_) {
    const size_t padding = padding_left_ - payload_left_;
    payload.remove_suffix(std::min(payload.size(), padding));
    padding_left_ = payload_left_;
  }
  if (stream == nullptr) return true;
  stream->incoming.append(payload);
  if (payload_left_ == 0 && head_.Has(http::kEndStream)) stream->closed = true;
  return true;
}

void HttpClient::ReportReceived(int64_t size, HttpStream* stream) {
  unreported_bytes_ += size;
  if (unreported_bytes_ >= kWindowBytes / 2) {
    http::AppendWindowUpdate(0, static_cast<uint32_t>(std::exchange(unreported_bytes_, 0)),
                             &control_);
  }
  if (stream == nullptr) return;
  stream->unreported_bytes += size;
  if (stream->unreported_bytes >= kWindowBytes / 2) {
    http::AppendWindowUpdate(
        stream->id, static_cast<uint32_t>(std::exchange(stream->unreported_bytes, 0)), &control_);
  }
}

bool HttpClient::TakeFrame(std::string_view payload) {
  switch (head_.type) {
    case FrameType::kHeaders:
    case FrameType::kContinuation:
      return TakeHeaders(payload);
    case FrameType::kResetStream:
      if (HttpStream* const stream = Find(head_.stream)) stream->closed = stream->ended = true;
      return true;
    case FrameType::kSettings:
      return TakeSettings(payload);
    case FrameType::kPushPromise:
      return Refuse("it pushes");
    case FrameType::kPing:
      if (payload.size() != kPingBytes) return Refuse("a PING has no 8 bytes");
      if (head_.Has(http::kAck)) return true;
      http::AppendFrameHead({.length = kPingBytes, .type = FrameType::kPing, .flags = http::kAck},
                            &control_);
      control_.append(payload);
      return true;
    case FrameType::kGoAway:
      return TakeGoaway(payload);
    case FrameType::kWindowUpdate:
      return TakeWindowUpdate(payload);
    case FrameType::kData:
    case FrameType::kPriority:
      return true;
  }
  return true;  // Frames of unknown types are to be ignored.
}

bool HttpClient::TakeHeaders(std::string_view payload) {
  if (head_.type == FrameType::kHeaders) {
    size_t padding = 0;
    size_t before = 0;
    if (head_.Has(http::kPadded)) {
      if (payload.empty()) return Refuse("the padding is too long");
      padding = static_cast<unsigned char>(payload.front());
      before = 1;
    }
    if (head_.Has(http::kPriorityFlag)) before += 5;
    if (before + padding > payload.size()) return Refuse("the padding is too long");
    payload = payload.substr(before, payload.size() - before - padding);
    header_stream_ = head_.stream;
    header_ends_stream_ = head_.Has(http::kEndStream);
  } else if (header_stream_ == 0 || header_stream_ != head_.stream) {
    return Refuse("a CONTINUATION continues nothing");
  }
  if (header_block_.size() + payload.size() > kHeaderBytesMax) return Refuse("too many headers");
  header_block_.append(payload);
  return !head_.Has(http::kEndHeaders) || TakeHeaderBlock();
}

bool HttpClient::TakeHeaderBlock() {
  HttpStream* const stream = Find(std::exchange(header_stream_, 0));
  const auto* next = reinterpret_cast<const uint8_t*>(header_block_.data());
  size_t left = header_block_.size();
  while (true) {
    nghttp2_nv header{};
    int flags = 0;
    const ssize_t taken =
        nghttp2_hd_inflate_hd2(inflater_, &header, &flags, next, left, /*in_final=*/1);
    if (taken < 0) return Refuse("its headers cannot be read");
    next += taken;
    left -= static_cast<size_t>(taken);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 && stream != nullptr) {
      TakeHeader(View(header.name, header.namelen), View(header.value, header.valuelen), stream);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  header_block_.clear();
  if (stream != nullptr && header_ends_stream_) stream->closed = true;
  return true;
}

bool HttpClient::TakeSettings(std::string_view payload) {
  if (head_.Has(http::kAck)) return true;
  if (payload.size() % http::kSettingBytes != 0) return Refuse("its SETTINGS cannot be read");
  for (; !payload.empty(); payload.remove_prefix(http::kSettingBytes)) {
    const auto name = static_cast<http::Setting>(http::ReadNumber16(payload.data()));
    const uint32_t value = http::ReadNumber32(payload.data() + 2);
    if (name == http::Setting::kMaxFrameSize) {
      frame_bytes_max_ = std::max<size_t>(value, http::kFrameBytesMax);
    } else if (name == http::Setting::kInitialWindowSize) {
      if (value > http::kWindowMax) return Refuse("a window is too large");
      for (const auto& stream : streams_) stream->send_window += int64_t{value} - stream_window_;
      stream_window_ = value;
    }
  }
  settled_ = true;
  http::AppendFrameHead({.type = FrameType::kSettings, .flags = http::kAck}, &control_);
  return true;
}

bool HttpClient::TakeGoaway(std::string_view payload) {
  if (payload.size() < 8) return Refuse("its GOAWAY cannot be read");
  going_away_ = true;
  const auto last = static_cast<StreamId>(http::ReadNumber32(payload.data()) & http::kWindowMax);
  for (const auto& stream : streams_) {
    if (stream->id > last) stream->closed = stream->ended = true;
  }
  return true;
}

bool HttpClient::TakeWindowUpdate(std::string_view payload) {
  if (payload.size() != 4) return Refuse("its WINDOW_UPDATE cannot be read");
  HttpStream* const stream = Find(head_.stream);
  if (stream == nullptr && head_.stream != 0) return true;
  int64_t& window = head_.stream == 0 ? send_window_ : stream->send_window;
  window += http::ReadNumber32(payload.data()) & http::kWindowMax;
  return window <= http::kWindowMax || Refuse("a window is too large");
}

void HttpClient::Pump(size_t bytes_max, std::string* out) {
  if (!control_.empty()) {
    out->append(control_);
    control_.clear();
  }
  for (const auto& stream : streams_) PumpStream(bytes_max, stream.get(), out);
}

void HttpClient::PumpStream(size_t bytes_max, HttpStream* stream, std::string* out) {
  while (!stream->ended && out->size() < bytes_max) {
    const size_t left = stream->outgoing.size() - stream->outgoing_sent;
    const int64_t window = std::max<int64_t>(0, std::min(send_window_, stream->send_window));
    const size_t size = std::min({left, frame_bytes_max_, static_cast<size_t>(window)});
    const bool ends = stream->half_close && size == left;
    if (size == 0 && !ends) return;
    http::AppendFrameHead({.length = static_cast<uint32_t>(size),
                           .type = FrameType::kData,
                           .flags = ends ? http::kEndStream : uint8_t{0},
                           .stream = stream->id},
                          out);
    MoveData(size, stream, out);
    stream->ended = ends;
  }
}

void HttpClient::MoveData(size_t size, HttpStream* stream, std::string* out) {
  out->append(stream->outgoing, stream->outgoing_sent, size);
  stream->outgoing_sent += size;
  stream->send_window -= static_cast<int64_t>(size);
  send_window_ -= static_cast<int64_t>(size);
  if (stream->outgoing_sent < stream->outgoing.size()) return;
  stream->outgoing.clear();
  stream->outgoing_sent = 0;
  if (stream->outgoing.capacity() > kBufferBytesKept) stream->outgoing.shrink_to_fit();
}

bool HttpClient::all_pumped() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const auto& stream) { return stream->outgoing.empty(); });
}

}  // namespace coheld::core
