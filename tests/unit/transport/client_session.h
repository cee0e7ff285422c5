// A small gRPC client as a byte machine (nghttp2's client session), raw HTTP/2 frames for what no
// client would send, and a CallHandler that records. For tests of GrpcSession without sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "server/transport/grpc_session.h"

namespace coheld::transport {

// What a client saw of one call.
struct Response {
  std::map<std::string, std::string> headers;  // Of the response and its trailers.
  std::string body;                            // The raw DATA bytes.
  bool closed = false;
  uint32_t error_code = 0;

  // The messages in the body, inflated.
  std::vector<std::string> messages() const;
  std::string status() const {
    const auto found = headers.find("grpc-status");
    return found == headers.end() ? "" : found->second;
  }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// The headers that every gRPC request has, and more.
Fields RequestFields(const std::string& path, const Fields& more = {});

// One message with its prefix.
std::string Framed(std::string_view message, bool compressed = false);

// Frames as bytes: the header, then the payload.
std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload = {});
// The connection preface and an empty SETTINGS.
std::string Preface();
// A HEADERS frame whose block spells every field out (no indexing).
std::string HeadersFrame(int32_t stream, const Fields& fields, uint8_t flags);
std::string HeaderBlock(const Fields& fields);

class ClientSession {
 public:
  struct Options {
    uint32_t initial_window = 65535;
    bool auto_window_update = true;
  };
  explicit ClientSession(const Options& options);
  ClientSession() : ClientSession(Options{}) {}
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Begins a call; with `ends`, the first message is the last.
  StreamId Call(const Fields& fields, std::string_view framed = {}, bool ends = true);
  void Write(StreamId stream, std::string_view framed, bool ends = false);
  void Reset(StreamId stream);
  void Ping();
  void EnlargeWindow(StreamId stream, int32_t bytes);

  // Bytes for the server, and from it.
  std::string Take();
  bool Give(std::string_view bytes);
  Response& response(StreamId stream) { return responses_[stream]; }
  const std::vector<std::pair<int32_t, uint32_t>>& goaways() const { return goaways_; }
  uint32_t pongs() const { return pongs_; }
  nghttp2_session* h2() { return h2_; }

 private:
  struct Outgoing {
    std::string bytes;
    size_t taken = 0;
    bool ends = false;
  };
  static nghttp2_session_callbacks* MakeCallbacks();
  static ssize_t ReadOutgoing(nghttp2_session*, int32_t, uint8_t* buffer, size_t size,
                              uint32_t* flags, nghttp2_data_source* source, void*);
  void OnFrame(const nghttp2_frame& frame);

  nghttp2_session* h2_ = nullptr;
  std::map<StreamId, Response> responses_;
  std::map<StreamId, std::unique_ptr<Outgoing>> outgoing_;
  std::vector<std::pair<int32_t, uint32_t>> goaways_;  // Last stream, error code.
  uint32_t pongs_ = 0;
};

// Records events as text: "call 1 /a.B/C", "message 1 text", "half-close 1", "abort 1".
class Recorder : public CallHandler {
 public:
  void OnCall(StreamId stream, const CallHead& head) override;
  void OnMessage(StreamId stream, std::string_view message) override;
  void OnHalfClose(StreamId stream) override;
  void OnAbort(StreamId stream) override;

  std::vector<std::string> events;
  std::map<StreamId, CallHead> heads;
  std::function<void(StreamId)> when_called;
  std::function<void(StreamId, std::string_view)> when_message;
  std::function<void(StreamId)> when_half_closed;
};

// Carries bytes both ways until both are quiet.
void Exchange(ClientSession& peer, GrpcSession& session);
// Everything that the session has to say now.
std::string PumpAll(GrpcSession& session);

}  // namespace coheld::transport
