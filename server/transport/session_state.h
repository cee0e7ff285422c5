// GrpcSession's inside: the nghttp2 session, its callbacks, the streams. Not for users of the
// session.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "server/transport/flood_budget.h"
#include "server/transport/grpc_session.h"
#include "server/transport/grpc_stream.h"

namespace coheld::transport {

class GrpcSession::State {
 public:
  State(const SessionLimits& limits, CallHandler& handler);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool Feed(std::string_view bytes);
  void Pump(size_t bytes_max, std::string* out);
  void Send(StreamId id, std::string_view front, std::string_view back);
  void Finish(StreamId id);
  void Fail(StreamId id, const wire::Failure& failure);
  void Reply(StreamId id, std::string_view message);
  void Reset(StreamId id);
  void BeginDrain();
  void FinishDrain();
  void Ping();
  void Advance(uint64_t now_ms) { budget_.Advance(now_ms); }

  bool WantsWrite() const { return nghttp2_session_want_write(h2_) != 0; }
  bool WantsRead() const { return nghttp2_session_want_read(h2_) != 0; }
  bool ready() const { return ready_; }
  bool HoldsMessages() const { return !held_.empty() && !OutputFull(); }
  uint32_t pings_unanswered() const { return pings_unanswered_; }
  size_t queued_bytes() const { return queued_bytes_; }
  size_t queued_frames() const { return nghttp2_session_get_outbound_queue_size(h2_); }
  size_t open_streams() const { return pool_.taken(); }
  const std::string& error() const { return error_; }

 private:
  // h2_callbacks.cc: what nghttp2 tells, and what it asks for.
  static nghttp2_session_callbacks* MakeCallbacks();
  int OnBeginFrame(const nghttp2_frame_hd& frame);
  int OnBeginHeaders(const nghttp2_frame& frame);
  int OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  int OnFrame(const nghttp2_frame& frame);
  void OnBytes(StreamId id, std::string_view bytes);
  void OnStreamClosed(StreamId id);
  void OnFrameSent(const nghttp2_frame& frame);
  int Spend(uint64_t tokens, std::string_view what);
  static ssize_t ReadCallback(nghttp2_session*, int32_t, uint8_t*, size_t bytes_max,
                              uint32_t* flags, nghttp2_data_source* source, void* user);

  // session_input.cc: headers and bytes to calls and messages.
  int OnOversizedHeader(const RequestHeaders& request);
  void BeginCall(GrpcStream& stream);
  bool RefuseRequest(GrpcStream& stream);
  void ReadMessages(GrpcStream& stream);
  void TellHalfClose(GrpcStream& stream);
  void Hold(GrpcStream& stream);
  void Release(GrpcStream& stream);
  void DeliverHeld();
  void Consume(GrpcStream& stream, size_t bytes);
  void EnlargeWindow(GrpcStream& stream);
  // Says that there is no memory for the rest of the message that began, or nothing.
  std::optional<wire::Failure> LackOfMemory(const GrpcStream& stream) const;
  void ForgetLarge(GrpcStream& stream);
  // Ends the call from our side, telling the handler if it knows of it.
  void Refuse(GrpcStream& stream, const wire::Failure& failure);

  // session_output.cc: messages and endings to nghttp2.
  GrpcStream* Find(StreamId id) const;
  // Find, but only if something can still be queued on it.
  GrpcStream* FindOpen(StreamId id) const;
  void Queue(GrpcStream& stream, std::string_view front, std::string_view back);
  void Schedule(GrpcStream& stream);
  void SubmitResponse(GrpcStream& stream);
  void SubmitTrailers(GrpcStream& stream);
  void SubmitEndingOnly(GrpcStream& stream);
  void SubmitEncodingUnknown(GrpcStream& stream);
  void SubmitHttpError(GrpcStream& stream, std::string_view status);
  ssize_t ReadOutput(GrpcStream& stream, size_t bytes_max, uint32_t* flags);
  int WriteOutput(const uint8_t* frame_head, size_t length, GrpcStream& stream);
  void SetEnding(GrpcStream& stream, const wire::Failure& failure);

  bool OutputFull() const { return queued_bytes_ >= limits_.queued_bytes_max; }

  const SessionLimits limits_;
  CallHandler& handler_;
  nghttp2_session* h2_ = nullptr;
  GrpcStreamPool pool_;
  // What is asked for next is mostly the same stream: spares nghttp2's table. Null if it is closed.
  mutable GrpcStream* last_found_ = nullptr;
  FloodBudget budget_;
  std::vector<StreamId> held_;  // Streams with messages that wait until output has drained.
  // Streams in the middle of a message that is larger than their window lets through; only the
  // first may exceed its window, so that a connection's memory stays bounded.
  std::deque<StreamId> large_;
  std::string* pump_out_ = nullptr;  // During Pump.
  size_t pump_end_ = 0;
  std::string error_;
  size_t queued_bytes_ = 0;
  uint32_t pings_unanswered_ = 0;
  bool ready_ = false;
  bool failed_ = false;
};

}  // namespace coheld::transport
