// The client's side of one HTTP/2 connection that speaks gRPC, as a pure byte machine: messages in,
// bytes out; bytes in, messages out. No socket, no clock, no thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "proto/wire/result.h"
#include "proto/wire/status.h"

namespace coheld::core {

// One gRPC call on the connection.
struct HttpStream {
  std::string outgoing;      // Framed messages that HTTP/2 has not taken yet ...
  size_t outgoing_sent = 0;  // ... from here on.
  bool half_close = false;   // Nothing follows `outgoing`.
  std::string incoming;      // What came and was not yet read as messages ...
  size_t incoming_read = 0;  // ... from here on.
  bool closed = false;       // Nothing more will come.

  // Valid when closed. kUnavailable if the stream was reset or the connection went away.
  wire::Code code = wire::Code::kUnavailable;
  wire::Failure failure;
};

// The byte machine.
class HttpClient {
 public:
  using StreamId = int32_t;

  // `message_bytes_max` limits the replies; `scheme` is "https" if what is below encrypts.
  explicit HttpClient(size_t message_bytes_max, std::string_view scheme = "http");
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Begins a call; the token becomes metadata unless it is empty.
  StreamId Begin(std::string_view path, std::string_view authority, std::string_view session_token);
  // Returns the buffer to append framed messages (proto/wire/framing.h) to; Resume sends them.
  std::string& Outgoing(StreamId id);
  void Resume(StreamId id);
  void HalfClose(StreamId id);

  // Takes the next whole message of a stream; the bytes stay valid until the next Feed or
  // NextMessage.
  bool NextMessage(StreamId id, std::string_view* message);
  const HttpStream& stream(StreamId id) const { return *streams_.at(id); }

  // Takes what the peer sent. False if the connection is beyond saving: error() says why.
  bool Feed(std::string_view bytes);
  // Appends up to about `bytes_max` bytes for the peer.
  void Pump(size_t bytes_max, std::string* out);
  // True once the peer's SETTINGS came.
  bool settled() const { return settled_; }
  // True if no new call is welcome (GOAWAY), or anything is broken.
  bool going_away() const { return going_away_ || !error_.empty(); }
  // True if all messages were pumped.
  bool all_pumped() const;
  const std::string& error() const { return error_; }
  // The length of a message over the limit, after which nothing more can be read; 0: none came.
  uint32_t oversized() const { return oversized_; }

 private:
  struct Callbacks;

  nghttp2_session* session_ = nullptr;
  std::map<StreamId, std::unique_ptr<HttpStream>> streams_;
  const size_t message_bytes_max_;
  const std::string_view scheme_;
  bool fed_ = false;
  bool settled_ = false;
  bool going_away_ = false;
  std::string error_;
  uint32_t oversized_ = 0;
};

}  // namespace coheld::core
