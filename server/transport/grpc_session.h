// One peer's HTTP/2 connection as a pure byte machine that speaks gRPC: bytes in, calls out;
// messages in, bytes out. No socket, no clock. HTTP/2 (RFC 9113) is ours, but for HPACK's
// decoder, which is nghttp2's; so are gRPC's headers, message framing and compression, caps on
// headers, messages and output, the budget against floods, and the two-step GOAWAY.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/wire/result.h"
#include "server/observe/memory.h"

namespace coheld::transport {

class Output;

// A stream of the connection, as HTTP/2 numbers it.
using StreamId = int32_t;

// Names in lower case; values of "-bin" names are decoded from base64.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// Returns the first value of a name, or nothing.
std::optional<std::string_view> Find(const Metadata& metadata, std::string_view name);

// Limits of one connection. server/config fills it. What a connection can make us keep of its input
// is bounded: half a stream window for each stream, and one message of any size at a time.
struct SessionLimits {
  size_t message_bytes_max = 64 << 20;   // Larger messages end their call with TOO_LARGE.
  size_t header_bytes_max = 8 << 10;     // Decoded, for one header block.
  uint32_t streams_max = 128;            // Streams open at once.
  size_t stream_window_bytes = 1 << 20;  // Receive window of a stream; at least 65,535.
  size_t connection_window_bytes = 8 << 20;
  // With more output than this in the queue, messages that arrive are held back until it drained.
  size_t queued_bytes_max = 8 << 20;
  // Messages that there is no memory for end their call with MEMORY_FULL before they are taken in.
  observe::MemoryCap memory;

  // Whether who has so much queued output has to wait until it drained. Where there is no memory,
  // what says so must not fill it further: requests of 40 bytes are refused with 400.
  bool IsMuchOutput(size_t queued_bytes) const {
    if (queued_bytes >= queued_bytes_max) return true;
    return queued_bytes >= kQueuedBytesWithoutMemory && !memory.AllowsEntry();
  }
  static constexpr size_t kQueuedBytesWithoutMemory = 64 << 10;
};

// How a gRPC call begins.
struct CallHead {
  // Forgets everything.
  void Clear();

  std::string path;   // "/coheld.v1.List/Append".
  Metadata metadata;  // Custom metadata only: not HTTP's and gRPC's own names, not user-agent.
  std::optional<uint64_t> timeout_ms;  // From grpc-timeout, rounded up.
};

// What happens on a connection's streams, from within Feed. All may call back into the session
// (Send, Finish, Reply, Reset).
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // A well-formed gRPC request began. The ids of a session's streams grow. The head is valid during
  // the call.
  virtual void OnCall(StreamId stream, const CallHead& head) = 0;
  // A whole message, decompressed. The bytes are valid during the call.
  virtual void OnMessage(StreamId stream, std::string_view message) = 0;
  // The client sends no more messages on the stream.
  virtual void OnHalfClose(StreamId stream) = 0;
  // The stream is gone without Finish: reset by the peer, or refused by the session (bad framing,
  // too large). Nothing can be sent on it. Not called for streams that Finish or Reset ended.
  virtual void OnAbort(StreamId stream) = 0;
};

// The byte machine.
class GrpcSession {
 public:
  // The handler must outlive the session.
  GrpcSession(const SessionLimits& limits, CallHandler& handler);
  ~GrpcSession();
  GrpcSession(const GrpcSession&) = delete;
  GrpcSession& operator=(const GrpcSession&) = delete;

  // Takes what the peer sent. False if the connection is beyond saving (error() says why): pump
  // once more for the GOAWAY, then close.
  bool Feed(std::string_view bytes);

  // Moves up to about `bytes_max` bytes that are ready to go to the peer: into `out`, which is
  // empty, or, all of them copied, behind what is in a string.
  void Pump(size_t bytes_max, Output* out);
  void Pump(size_t bytes_max, std::string* out);
  // Gives back what memory is not in use. To be called when the peer has been silent for a while.
  void GiveBack();
  // True if Pump would give something.
  bool WantsWrite() const;
  // True when nothing more will come or go: close the connection.
  bool Finished() const;
  // True once the client's SETTINGS came: it speaks HTTP/2.
  bool Greeted() const;
  // True if messages that were held back for too much output can now be handed up: call Feed with
  // nothing. To be asked now and then: it may become true because there is memory again.
  bool HoldsMessages() const;
  // Tells the time of any steady clock in milliseconds, from which the budget against floods grows.
  void Advance(uint64_t now_ms);

  // Queues a message of the reply, given in one part or two. Response headers go first by
  // themselves. Does nothing on a stream that is gone.
  void Send(StreamId stream, std::string_view front, std::string_view back = {});
  // Ends the call: OK, or the failure in trailers with status details.
  void Finish(StreamId stream);
  void Finish(StreamId stream, const wire::Failure& failure);
  // Queues the only message and ends the call with OK: what a unary reply is.
  void Reply(StreamId stream, std::string_view message);
  // As Send and Reply; a large payload is taken as it is, without a copy. One that has much more
  // memory than it uses is copied, and left as it is.
  void SendTaking(StreamId stream, std::string_view front, std::string&& payload);
  void ReplyTaking(StreamId stream, std::string&& message);
  // Ends the call without a status (RST_STREAM CANCEL); what is queued on it is dropped.
  void Reset(StreamId stream);

  // Announces that no new streams are welcome (first GOAWAY); FinishDrain sends the second, after
  // which new streams are refused. The session is Finished when the last stream ends.
  void BeginDrain();
  void FinishDrain();

  // Sends a PING. pings_unanswered() counts those without an answer.
  void Ping();
  uint32_t pings_unanswered() const;

  // Messages queued by Send and all else that is to be said, as far as it was not pumped.
  size_t queued_bytes() const;
  size_t open_streams() const;
  // Why Feed returned false.
  const std::string& error() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace coheld::transport
