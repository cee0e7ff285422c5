// HTTP/2 by nghttp2. See http_client.h.
#include "client/cpp/src/http_client.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "proto/wire/check.h"
#include "proto/wire/framing.h"

namespace coheld::core {
namespace {

constexpr std::string_view kTlsAlert = "\x15\x03";  // Its answer to what is no TLS.
constexpr int32_t kWindowBytes = 16 << 20;
constexpr size_t kBufferBytesKept = 1 << 20;  // Larger ones are given back when empty.

nghttp2_nv Header(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
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

struct HttpClient::Callbacks {
  static HttpClient& Self(void* user) { return *static_cast<HttpClient*>(user); }

  static HttpStream* Find(HttpClient& self, StreamId id) {
    const auto found = self.streams_.find(id);
    return found == self.streams_.end() ? nullptr : found->second.get();
  }

  static ssize_t Read(nghttp2_session*, int32_t, uint8_t* buffer, size_t length, uint32_t* flags,
                      nghttp2_data_source* source, void*) {
    auto& stream = *static_cast<HttpStream*>(source->ptr);
    const size_t taken = std::min(length, stream.outgoing.size() - stream.outgoing_sent);
    std::memcpy(buffer, stream.outgoing.data() + stream.outgoing_sent, taken);
    stream.outgoing_sent += taken;
    if (stream.outgoing_sent == stream.outgoing.size()) {
      stream.outgoing.clear();
      stream.outgoing_sent = 0;
      if (stream.half_close) *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (taken == 0 && !stream.half_close) return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(taken);
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t length,
                    void* user) {
    HttpStream* stream = Find(Self(user), id);
    if (stream != nullptr) stream->incoming.append(reinterpret_cast<const char*>(bytes), length);
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_length, const uint8_t* value, size_t value_length, uint8_t,
                      void* user) {
    HttpStream* stream = Find(Self(user), frame->hd.stream_id);
    if (stream == nullptr) return 0;
    TakeHeader({reinterpret_cast<const char*>(name), name_length},
               {reinterpret_cast<const char*>(value), value_length}, stream);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    HttpClient& self = Self(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) self.going_away_ = true;
    if (frame->hd.type == NGHTTP2_SETTINGS) self.settled_ = true;
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
                      (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA);
    HttpStream* stream = ends ? Find(self, frame->hd.stream_id) : nullptr;
    if (stream != nullptr) stream->closed = true;
    return 0;
  }

  static int OnClose(nghttp2_session*, int32_t id, uint32_t, void* user) {
    HttpStream* stream = Find(Self(user), id);
    if (stream != nullptr) stream->closed = true;
    return 0;
  }
};

HttpClient::HttpClient(size_t message_bytes_max, std::string_view scheme)
    : message_bytes_max_(message_bytes_max), scheme_(scheme) {
  nghttp2_session_callbacks* callbacks = nullptr;
  COHELD_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnClose);
  COHELD_CHECK(nghttp2_session_client_new(&session_, callbacks, this) == 0);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
}

HttpClient::~HttpClient() { nghttp2_session_del(session_); }

HttpClient::StreamId HttpClient::Begin(std::string_view path, std::string_view authority,
                                       std::string_view session_token) {
  std::array<nghttp2_nv, 8> headers = {Header(":method", "POST"),
                                       Header(":scheme", scheme_),
                                       Header(":path", path),
                                       Header(":authority", authority),
                                       Header("te", "trailers"),
                                       Header("content-type", "application/grpc"),
                                       Header("user-agent", "coheld-cpp"),
                                       Header("coheld-session", session_token)};
  auto stream = std::make_unique<HttpStream>();
  nghttp2_data_provider provider{};
  provider.source.ptr = stream.get();
  provider.read_callback = Callbacks::Read;
  const StreamId id = nghttp2_submit_request(
      session_, nullptr, headers.data(),
      session_token.empty() ? headers.size() - 1 : headers.size(), &provider, nullptr);
  COHELD_CHECK(id > 0);
  streams_.emplace(id, std::move(stream));
  return id;
}

std::string& HttpClient::Outgoing(StreamId id) { return streams_.at(id)->outgoing; }

void HttpClient::Resume(StreamId id) { nghttp2_session_resume_data(session_, id); }

void HttpClient::HalfClose(StreamId id) {
  streams_.at(id)->half_close = true;
  Resume(id);
}

bool HttpClient::NextMessage(StreamId id, std::string_view* message) {
  HttpStream& stream = *streams_.at(id);
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
  if (!std::exchange(fed_, true) && bytes.starts_with(kTlsAlert)) {
    error_ = "the daemon speaks TLS there; connect to tls://host:port";
    return false;
  }
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken == static_cast<ssize_t>(bytes.size())) return true;
  error_ = std::string("the peer does not speak gRPC: ") +
           nghttp2_strerror(taken < 0 ? static_cast<int>(taken) : NGHTTP2_ERR_PROTO);
  return false;
}

void HttpClient::Pump(size_t bytes_max, std::string* out) {
  const size_t start = out->size();
  while (out->size() - start < bytes_max) {
    const uint8_t* bytes = nullptr;
    const ssize_t length = nghttp2_session_mem_send(session_, &bytes);
    if (length <= 0) break;
    out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }
  // After an error of the peer nghttp2 reads on until its GOAWAY is out.
  if (!going_away_ && error_.empty() && nghttp2_session_want_read(session_) == 0) {
    error_ = "the peer does not speak gRPC";
  }
}

bool HttpClient::all_pumped() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const auto& entry) { return entry.second->outgoing.empty(); });
}

}  // namespace coheld::core
