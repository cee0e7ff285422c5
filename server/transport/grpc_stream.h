// One stream of a GrpcSession: what its request headers said, the message being read, the output
// that waits. Pooled, so that a call costs no allocation for it. Internal to the session.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/transport/grpc_session.h"
#include "server/transport/message_reader.h"

namespace coheld::transport {

// What the request's headers said beside the call's head. Judged when they are complete.
struct RequestTraits {
  bool post = false;
  bool grpc = false;  // The content-type is gRPC's.
  bool accepts_gzip = false;
  bool timeout_malformed = false;
  bool binary_malformed = false;  // A "-bin" value is not base64.
  bool encoding_unknown = false;
  Encoding encoding = Encoding::kIdentity;
  size_t bytes = 0;  // Decoded, counted as RFC 9113 6.5.2 does: 32 more for each field.
};

struct RequestHeaders : RequestTraits {
  CallHead head;
};

// The framed messages that wait for their turn on the wire.
class OutputQueue {
 public:
  // Appends a message, given in two parts.
  void Append(std::string_view front, std::string_view back);
  void AppendCompressed(std::string_view gzip);
  // Appends bytes that are no gRPC message.
  void AppendRaw(std::string_view bytes) { buffer_.append(bytes); }
  std::string_view bytes() const { return std::string_view{buffer_}.substr(sent_); }
  size_t size() const { return buffer_.size() - sent_; }
  void Pop(size_t bytes);
  // Drops everything; the buffer too if it is larger than that.
  void Clear(size_t bytes_kept);

 private:
  std::string buffer_;
  size_t sent_ = 0;
};

// How the call ends; absent members are not sent.
struct Ending {
  std::string grpc_status;
  std::string message;  // Percent-encoded.
  std::string details;  // Base64.
  std::string accept_encoding;
};

// How far a stream is.
struct StreamProgress {
  StreamId id = 0;
  size_t unconsumed = 0;            // Received, but not yet given back to the peer's window.
  size_t held_bytes = 0;            // Of these, not given back to the connection's either.
  bool called = false;              // OnCall was given; the handler knows the stream.
  bool half_closed = false;         // The peer sends no more.
  bool half_close_told = false;     // OnHalfClose was given.
  bool finished = false;            // No more output will be queued.
  bool response_submitted = false;  // nghttp2 has the response headers.
  bool deferred = false;            // nghttp2 waits to be told of more output.
  bool plain_http = false;          // Answered with an HTTP error, without trailers.
  bool compresses = false;          // Replies may be gzip.
  bool held = false;                // In the session's list of held streams.
  bool large = false;               // In the session's list of large messages.
};

struct GrpcStream : StreamProgress {
  // Makes it as new, but for the memory of its buffers and its place in the pool.
  void Recycle();

  size_t index = 0;  // In the pool.
  RequestHeaders request;
  MessageReader reader;
  OutputQueue output;
  std::unique_ptr<Ending> ending;  // Absent: OK.
};

// Owns the streams of a session and recycles them with their buffers.
class GrpcStreamPool {
 public:
  GrpcStream* Take(StreamId id, size_t message_bytes_max);
  void Put(GrpcStream* stream);
  // Streams taken and not put back.
  size_t taken() const { return streams_.size() - spares_.size(); }

 private:
  static constexpr size_t kSparesMax = 16;
  std::vector<std::unique_ptr<GrpcStream>> streams_;  // Each at its own index.
  std::vector<GrpcStream*> spares_;
};

}  // namespace coheld::transport
