// One stream of a GrpcSession: what its request headers said, the message being read, the output
// that waits. Pooled, so that a call costs no allocation for it. Internal to the session.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/transport/flow_window.h"
#include "server/transport/grpc_session.h"
#include "server/transport/message_reader.h"
#include "server/transport/output.h"
#include "server/transport/reply_headers.h"

namespace coheld::transport {

// How far a stream is.
struct StreamProgress {
  StreamId id = 0;
  SendWindow send_window;
  ReceiveWindow receive_window{0};
  size_t unconsumed = 0;    // Received, but not yet given back to the peer's window.
  size_t held_bytes = 0;    // Of these, not given back to the connection's either.
  uint64_t body_bytes = 0;  // DATA received, without padding.
  std::optional<uint64_t> content_length;
  bool called = false;           // OnCall was given; the handler knows the stream.
  bool half_closed = false;      // The peer sends no more.
  bool half_close_told = false;  // OnHalfClose was given.
  bool finished = false;         // No more output will be queued.
  bool begun = false;            // The response headers are written.
  bool ended = false;            // END_STREAM is written: we send no more.
  bool reset = false;            // By either side.
  bool plain_http = false;       // Answered with an HTTP error, without trailers.
  bool compresses = false;       // Replies may be gzip.
  bool held = false;             // In the session's list of held streams.
  bool large = false;            // In the session's list of large messages.
  bool waits_to_write = false;   // In the session's list of streams with output.
};

struct GrpcStream : StreamProgress {
  // Makes it as new, but for the memory of its buffers.
  void Recycle();
  // Neither side has anything to say.
  bool Closed() const { return reset || (ended && half_closed); }

  MessageReader reader;
  Output output;                   // Framed messages that wait for their turn.
  std::unique_ptr<Ending> ending;  // Absent: OK.
  std::string_view http_status;    // Of an answer that waits for the request's end, or empty.
};

// The open streams of a session; those that closed are recycled with their buffers.
class GrpcStreamTable {
 public:
  // Returns the stream, or nullptr.
  GrpcStream* Find(StreamId id) const;
  // The id is larger than any before.
  GrpcStream& Open(StreamId id);
  void Close(GrpcStream& stream);
  // By id.
  std::span<const std::unique_ptr<GrpcStream>> open() const { return open_; }
  // Gives back the memory of closed streams, and what is empty of the open ones.
  void GiveBack();

 private:
  static constexpr size_t kSparesMax = 16;
  using Streams = std::vector<std::unique_ptr<GrpcStream>>;
  Streams::const_iterator Place(StreamId id) const;

  Streams open_;  // By id.
  Streams spares_;
};

}  // namespace coheld::transport
