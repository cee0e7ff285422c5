// See client_session.h.
#include "tests/unit/transport/client_session.h"

#include <algorithm>
#include <cstring>

#include "proto/wire/check.h"
#include "proto/wire/framing.h"
#include "server/transport/gzip.h"

namespace coheld::transport {
namespace {

constexpr size_t kInflatedMax = 256 << 20;

nghttp2_nv NameValue(const std::string& name, const std::string& value) {
  const auto bytes = [](const std::string& text) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::vector<std::string> Cut(std::string_view body) {
  std::vector<std::string> messages;
  while (body.size() >= wire::kPrefixBytes) {
    const wire::MessagePrefix prefix = wire::ReadPrefix(body.data());
    body.remove_prefix(wire::kPrefixBytes);
    if (body.size() < prefix.length) break;
    std::string message(body.substr(0, prefix.length));
    body.remove_prefix(prefix.length);
    if (prefix.compressed) {
      std::string inflated;
      COHELD_CHECK(InflateGzip(message, kInflatedMax, &inflated) == Inflated::kOk);
      message.swap(inflated);
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

void AppendLiteral(std::string_view text, std::string* out) {
  // An HPACK integer with a 7-bit prefix and no Huffman bit.
  size_t size = text.size();
  if (size < 127) {
    *out += static_cast<char>(size);
  } else {
    *out += static_cast<char>(127);
    for (size -= 127; size >= 128; size >>= 7) *out += static_cast<char>(0x80 | (size & 127));
    *out += static_cast<char>(size);
  }
  out->append(text);
}

}  // namespace

std::vector<std::string> Response::messages() const { return Cut(body); }

Fields RequestFields(const std::string& path, const Fields& more) {
  Fields fields = {
      {":method", "POST"},
      {":scheme", "http"},
      {":path", path},
      {":authority", "localhost"},
      {"content-type", "application/grpc"},
      {"te", "trailers"},
  };
  for (const auto& [name, value] : more) {
    bool replaced = false;
    for (auto& field : fields) {
      if (field.first != name) continue;
      field.second = value;
      replaced = true;
    }
    if (!replaced) fields.emplace_back(name, value);
  }
  return fields;
}

std::string Framed(std::string_view message, bool compressed) {
  std::string out;
  wire::AppendPrefix({.compressed = compressed, .length = static_cast<uint32_t>(message.size())},
                     &out);
  out.append(message);
  return out;
}

std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  const auto id = static_cast<uint32_t>(stream);
  std::string out = {
      static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size),
      static_cast<char>(type),       static_cast<char>(flags),     static_cast<char>(id >> 24),
      static_cast<char>(id >> 16),   static_cast<char>(id >> 8),   static_cast<char>(id)};
  out.append(payload);
  return out;
}

std::string Preface() { return NGHTTP2_CLIENT_MAGIC + Frame(NGHTTP2_SETTINGS, 0, 0); }

std::string HeaderBlock(const Fields& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';  // Literal without indexing, new name.
    AppendLiteral(name, &block);
    AppendLiteral(value, &block);
  }
  return block;
}

std::string HeadersFrame(int32_t stream, const Fields& fields, uint8_t flags) {
  return Frame(NGHTTP2_HEADERS, flags, stream, HeaderBlock(fields));
}

ClientSession::ClientSession(const Options& options) {
  static nghttp2_session_callbacks* const callbacks = MakeCallbacks();
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, options.auto_window_update ? 0 : 1);
  nghttp2_option_set_peer_max_concurrent_streams(option, 1'000'000);
  COHELD_CHECK(nghttp2_session_client_new2(&h2_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                        options.initial_window};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, &entry, 1);
}

ClientSession::~ClientSession() { nghttp2_session_del(h2_); }

nghttp2_session_callbacks* ClientSession::MakeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks,
      [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
         const uint8_t* value, size_t value_size, uint8_t, void* user) {
        const std::string key(reinterpret_cast<const char*>(name), name_size);
        static_cast<ClientSession*>(user)->responses_[frame->hd.stream_id].headers[key].assign(
            reinterpret_cast<const char*>(value), value_size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
        static_cast<ClientSession*>(user)->responses_[id].body.append(
            reinterpret_cast<const char*>(bytes), size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t id, uint32_t code, void* user) {
        Response& response = static_cast<ClientSession*>(user)->responses_[id];
        response.closed = true;
        response.error_code = code;
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        static_cast<ClientSession*>(user)->OnFrame(*frame);
        return 0;
      });
  return callbacks;
}

void ClientSession::OnFrame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    goaways_.emplace_back(frame.goaway.last_stream_id, frame.goaway.error_code);
  }
  if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) ++pongs_;
}

ssize_t ClientSession::ReadOutgoing(nghttp2_session*, int32_t, uint8_t* buffer, size_t size,
                                    uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& outgoing = *static_cast<Outgoing*>(source->ptr);
  const size_t taken = std::min(size, outgoing.bytes.size() - outgoing.taken);
  if (taken == 0 && !outgoing.ends) return NGHTTP2_ERR_DEFERRED;
  std::memcpy(buffer, outgoing.bytes.data() + outgoing.taken, taken);
  outgoing.taken += taken;
  if (outgoing.taken == outgoing.bytes.size() && outgoing.ends) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(taken);
}

StreamId ClientSession::Call(const Fields& fields, std::string_view framed, bool ends) {
  std::vector<nghttp2_nv> headers;
  for (const auto& [name, value] : fields) headers.push_back(NameValue(name, value));
  auto outgoing = std::make_unique<Outgoing>();
  outgoing->bytes = framed;
  outgoing->ends = ends;
  nghttp2_data_provider provider{};
  provider.source.ptr = outgoing.get();
  provider.read_callback = &ReadOutgoing;
  const StreamId id =
      nghttp2_submit_request(h2_, nullptr, headers.data(), headers.size(), &provider, nullptr);
  COHELD_CHECK(id > 0);
  outgoing_[id] = std::move(outgoing);
  return id;
}

void ClientSession::Write(StreamId stream, std::string_view framed, bool ends) {
  outgoing_[stream]->bytes.append(framed);
  outgoing_[stream]->ends = ends;
  nghttp2_session_resume_data(h2_, stream);
}

void ClientSession::Reset(StreamId stream) {
  nghttp2_submit_rst_stream(h2_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void ClientSession::Ping() { nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, nullptr); }

void ClientSession::EnlargeWindow(StreamId stream, int32_t bytes) {
  nghttp2_submit_window_update(h2_, NGHTTP2_FLAG_NONE, stream, bytes);
}

std::string ClientSession::Take() {
  std::string out;
  while (true) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(h2_, &bytes);
    if (size <= 0) return out;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
}

bool ClientSession::Give(std::string_view bytes) {
  const ssize_t used =
      nghttp2_session_mem_recv(h2_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return used >= 0;
}

void Recorder::OnCall(StreamId stream, const CallHead& head) {
  events.push_back("call " + std::to_string(stream) + " " + head.path);
  heads[stream] = head;
  if (when_called) when_called(stream);
}

void Recorder::OnMessage(StreamId stream, std::string_view message) {
  events.push_back("message " + std::to_string(stream) + " " + std::string(message));
  if (when_message) when_message(stream, message);
}

void Recorder::OnHalfClose(StreamId stream) {
  events.push_back("half-close " + std::to_string(stream));
  if (when_half_closed) when_half_closed(stream);
}

void Recorder::OnAbort(StreamId stream) { events.push_back("abort " + std::to_string(stream)); }

std::string PumpAll(GrpcSession& session) {
  std::string out;
  size_t before = 0;
  do {
    before = out.size();
    session.Pump(1 << 20, &out);
  } while (out.size() > before);
  return out;
}

void Exchange(ClientSession& peer, GrpcSession& session) {
  while (true) {
    const std::string up = peer.Take();
    if (!up.empty() || session.HoldsMessages()) session.Feed(up);
    const std::string down = PumpAll(session);
    if (!down.empty()) peer.Give(down);
    if (up.empty() && down.empty() && !session.HoldsMessages()) return;
  }
}

}  // namespace coheld::transport
