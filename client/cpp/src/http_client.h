// The client's side of one HTTP/2 connection that speaks gRPC, as a pure byte machine: messages in,
// bytes out; bytes in, messages out. No socket, no clock, no thread.
//
// The framing is our own (proto/wire/http2_frame.h): a library's is most of what an op costs here.
// What a client of one known server does not need is left out: priorities, pushes, compressed
// request headers.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/wire/http2_frame.h"
#include "proto/wire/result.h"
#include "proto/wire/status.h"

namespace coheld::core {

namespace http = wire::http2;

// One gRPC call on the connection.
struct HttpStream {
  int32_t id = 0;
  std::string outgoing;      // Framed messages that HTTP/2 has not taken yet ...
  size_t outgoing_sent = 0;  // ... from here on.
  bool half_close = false;   // Nothing follows `outgoing`.
  std::string incoming;      // What came and was not yet read as messages ...
  size_t incoming_read = 0;  // ... from here on.
  bool closed = false;       // Nothing more will come.

  // Valid when closed. kUnavailable if the stream was reset or the connection went away.
  wire::Code code = wire::Code::kUnavailable;
  wire::Failure failure;

  // Of HttpClient.
  bool ended = false;            // The peer was told that nothing follows, or wants nothing.
  int64_t send_window = 0;       // What the peer takes.
  int64_t unreported_bytes = 0;  // Received, and not given back to the peer's window.
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
  // Returns the buffer to append framed messages (proto/wire/framing.h) to; the next Pump takes
  // them.
  std::string& Outgoing(StreamId id) { return Find(id)->outgoing; }
  void HalfClose(StreamId id) { Find(id)->half_close = true; }

  // Takes the next whole message of a stream; the bytes stay valid until the next Feed or
  // NextMessage.
  bool NextMessage(StreamId id, std::string_view* message);
  const HttpStream& stream(StreamId id) const { return *Find(id); }

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
  // Returns null if there is none. The newest is found first.
  HttpStream* Find(StreamId id) const;
  // Says that the peer is no gRPC server, and why. Returns false.
  bool Refuse(const char* why);

  void PumpStream(size_t bytes_max, HttpStream* stream, std::string* out);
  // Moves one DATA frame of `size` bytes to `out`.
  void MoveData(size_t size, HttpStream* stream, std::string* out);

  // Takes a piece of what Feed was given, and cuts it off. False at an error, or without progress.
  bool FeedPiece(std::string_view* bytes);
  // Takes a frame's head.
  bool BeginFrame();
  bool TakeData(std::string_view payload);
  // Gives the peer's windows back what was received.
  void ReportReceived(int64_t size, HttpStream* stream);
  // Takes a frame that is no DATA, whole.
  bool TakeFrame(std::string_view payload);
  bool TakeHeaders(std::string_view payload);
  bool TakeHeaderBlock();
  bool TakeSettings(std::string_view payload);
  bool TakeGoaway(std::string_view payload);
  bool TakeWindowUpdate(std::string_view payload);

  nghttp2_hd_inflater* inflater_ = nullptr;  // Only HPACK is the library's.
  std::vector<std::unique_ptr<HttpStream>> streams_;
  StreamId next_id_ = 1;
  const size_t message_bytes_max_;
  const bool encrypted_;
  bool fed_ = false;
  bool settled_ = false;
  bool going_away_ = false;
  std::string error_;
  uint32_t oversized_ = 0;

  std::string control_;  // Frames other than DATA, to be pumped first.
  int64_t send_window_ = http::kWindowDefault;
  int64_t stream_window_ = http::kWindowDefault;  // What the peer gives each stream.
  size_t frame_bytes_max_ = http::kFrameBytesMax;
  int64_t unreported_bytes_ = 0;

  // The frame that is being received.
  std::array<char, http::kFrameHeadBytes> head_bytes_{};
  size_t head_size_ = 0;
  http::FrameHead head_;
  size_t payload_left_ = 0;  // Of a DATA frame.
  size_t padding_left_ = 0;  // The last of payload_left_.
  bool padding_known_ = true;
  std::string payload_;         // Of other frames, as far as it came.
  std::string header_block_;    // Headers over several frames ...
  StreamId header_stream_ = 0;  // ... of this stream; 0: none are under way.
  bool header_ends_stream_ = false;
};

}  // namespace coheld::core
