// GrpcSession's inside: the connection's and the streams' states by RFC 9113 (section numbers are
// its), the calls on them. Not for users of the session.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/transport/flood_budget.h"
#include "server/transport/flow_window.h"
#include "server/transport/frame_reader.h"
#include "server/transport/grpc_session.h"
#include "server/transport/grpc_stream.h"
#include "server/transport/header_block.h"
#include "server/transport/reply_headers.h"

namespace coheld::transport {

class GrpcSession::State {
 public:
  State(const SessionLimits& limits, CallHandler& handler);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool Feed(std::string_view bytes);
  void Pump(size_t bytes_max, Output* out);
  void Pump(size_t bytes_max, std::string* out);
  void GiveBack();
  void Send(StreamId id, std::string_view front, std::string_view back);
  void Finish(StreamId id);
  void Fail(StreamId id, const wire::Failure& failure);
  void Reply(StreamId id, std::string_view message);
  void SendTaking(StreamId id, std::string_view front, std::string&& payload);
  void ReplyTaking(StreamId id, std::string&& message);
  void Reset(StreamId id);
  void BeginDrain();
  void FinishDrain();
  void Ping();
  void Advance(uint64_t now_ms) { budget_.Advance(now_ms); }

  bool WantsWrite() const;
  bool Finished() const;
  bool greeted() const { return greeted_; }
  bool HoldsMessages() const { return !held_.empty() && NextHeld() != held_.end(); }
  uint32_t pings_unanswered() const { return pings_unanswered_; }
  size_t queued_bytes() const { return queued_bytes_ + output_.size(); }
  size_t open_streams() const { return streams_.open().size(); }
  const std::string& error() const { return error_; }

 private:
  // What is to be done with a header block when it is whole. It has to be read in any case, as it
  // may change the table that the next one refers to.
  enum class BlockUse { kCall, kTrailers, kIgnore, kReset };
  struct Block {
    StreamId stream = 0;  // 0: none has begun.
    BlockUse use = BlockUse::kIgnore;
    H2Error error = H2Error::kNone;  // For kReset.
    bool ends_stream = false;
    int continuations = 0;
  };

  // session_frames.cc: frames to streams. Functions that return bool return false if the connection
  // is lost.
  bool ReadPreface(std::string_view* bytes);
  bool OnFrame(const FrameHead& head, std::string_view payload);
  const char* OutOfOrder(const FrameHead& head) const;
  bool OnData(const FrameHead& head, std::string_view payload);
  bool BeginData(const FrameHead& head);
  bool OnLateData(const FrameHead& head);
  bool OnHeaders(const FrameHead& head, std::string_view payload);
  bool BeginBlock(const FrameHead& head, bool depends_on_itself);
  bool BeginLateBlock(StreamId id);
  bool OnContinuation(const FrameHead& head, std::string_view payload);
  bool ReadBlock(std::string_view fragment, bool ends);
  bool EndBlock();
  bool OpenCall(const Block& block, const RequestHeaders& request);
  bool EndByTrailers(GrpcStream& stream, bool fine);
  bool OnPriority(const FrameHead& head, std::string_view payload);
  bool OnResetStream(StreamId id);
  bool OnWindowUpdate(StreamId id, uint32_t increment);

  // session_control.cc: the connection itself, and streams that end before their time.
  bool OnSettings(const FrameHead& head, std::string_view payload);
  bool Apply(Setting setting, uint32_t value);
  bool ShiftSendWindows(uint32_t initial);
  void OnPing(const FrameHead& head, std::string_view payload);
  bool Spend(uint64_t tokens, std::string_view what);
  // Ends the connection; returns false.
  bool Break(H2Error error, std::string_view what);
  // Ends a stream for a fault of the peer's.
  bool RefuseStream(GrpcStream& stream, H2Error error);
  void ResetStream(GrpcStream& stream, H2Error error);
  // Closes the stream if both sides have ended and nobody is at work on it.
  void CloseIfOver(GrpcStream& stream);
  void Close(GrpcStream& stream);
  void NoteClosedByUs(StreamId id);
  bool ClosedByUs(StreamId id) const;
  void ConsumeConnection(size_t bytes);

  // session_input.cc: headers and bytes to calls and messages.
  void BeginCall(GrpcStream& stream, const RequestHeaders& request);
  bool RefuseRequest(GrpcStream& stream, const RequestHeaders& request);
  void OnBytes(GrpcStream& stream, std::string_view bytes);
  void ReadMessages(GrpcStream& stream);
  void TellHalfClose(GrpcStream& stream);
  void Hold(GrpcStream& stream);
  void Release(GrpcStream& stream);
  void DeliverHeld();
  // The first of held_ that may go on, or is gone; held_.end() if there is none.
  std::vector<StreamId>::const_iterator NextHeld() const;
  // Whether a stream's messages have to wait until output has drained.
  bool MustWait(const GrpcStream& stream) const;
  void Consume(GrpcStream& stream, size_t bytes);
  void EnlargeWindow(GrpcStream& stream);
  // Says that there is no memory for the rest of the message that began, or nothing.
  std::optional<wire::Failure> LackOfMemory(const GrpcStream& stream) const;
  void ForgetLarge(GrpcStream& stream);
  // Ends the call from our side, telling the handler if it knows of it.
  void Refuse(GrpcStream& stream, const wire::Failure& failure);

  // session_output.cc: messages and endings to frames.
  GrpcStream* Find(StreamId id) const {
    if (last_found_ != nullptr && last_found_->id == id) return last_found_;
    return LookUp(id);
  }
  GrpcStream* LookUp(StreamId id) const;
  // Find, but only if something can still be queued on it.
  GrpcStream* FindOpen(StreamId id) const {
    GrpcStream* const stream = Find(id);
    return stream == nullptr || stream->finished || failed_ ? nullptr : stream;
  }
  void Queue(GrpcStream& stream, std::string_view front, std::string_view back);
  void QueueTaking(GrpcStream& stream, std::string_view front, std::string&& payload);
  // What has queued goes first, so that it has its share of the windows.
  bool FitsNow(const GrpcStream& stream, size_t bytes) const {
    return bytes <= kFrameBytesMax && stream.output.empty() && writers_.empty() &&
           bytes <= stream.send_window.left() && bytes <= send_window_.left();
  }
  void WriteMessage(GrpcStream& stream, std::string_view front, std::string_view back);
  void WriteHeaders(const GrpcStream& stream, std::string_view block, bool ends);
  void WriteBegin(GrpcStream& stream) {
    if (!std::exchange(stream.begun, true)) {
      WriteHeaders(stream, replies_.Begin(stream.compresses), false);
    }
  }
  // Writes the ending of a finished stream as soon as all before it is written.
  void End(GrpcStream& stream);
  void WriteEnd(GrpcStream& stream);
  void NoteEnded(GrpcStream& stream);
  void AwaitTurn(GrpcStream& stream);
  void WriteQueued();
  void FillOutput(size_t bytes_max);
  void WriteReply(GrpcStream& stream, std::string_view message);
  void SpendWindows(GrpcStream& stream, size_t bytes) {
    stream.send_window.Spend(bytes);
    send_window_.Spend(bytes);
    budget_.EarnByOutput(bytes);
  }
  // Streams that we ended before the peer did: it need not go on.
  void StopPeers();
  void AnswerHttp(GrpcStream& stream);
  void RefuseEncoding(GrpcStream& stream);
  void SetEnding(GrpcStream& stream, const wire::Failure& failure);

  size_t open_frame_bytes() const { return open_frame_end_ - open_frame_begin_ - kFrameHeadBytes; }

  const SessionLimits limits_;
  CallHandler& handler_;
  FrameReader reader_;
  HeaderBlockReader headers_;
  ReplyHeaders replies_;
  GrpcStreamTable streams_;
  FloodBudget budget_;
  // What is asked for next is mostly the same stream. Null if it is closed.
  mutable GrpcStream* last_found_ = nullptr;
  GrpcStream* busy_ = nullptr;  // Its input is being handed up: it is closed when that is over.
  Block block_;
  size_t preface_read_ = 0;

  StreamId last_stream_ = -1;  // The largest id that the peer has used.
  // Ids that the peer left out lately: nobody ever opened them.
  StreamId skipped_first_ = 0;
  StreamId skipped_last_ = -1;
  // Streams that we closed while the peer could still send: its late frames are no fault. A ring.
  std::vector<StreamId> closed_by_us_;
  size_t next_closed_by_us_ = 0;

  SendWindow send_window_;
  ReceiveWindow receive_window_;
  uint32_t initial_send_window_ = kWindowDefault;
  uint32_t peer_frame_bytes_max_ = kFrameBytesMax;

  Output output_;  // Frames that are ready to go.
  std::string& written_ = output_.buffer();
  // The DATA frame at the end of written_, which takes more messages of its stream.
  StreamId open_frame_stream_ = 0;  // 0: none.
  size_t open_frame_begin_ = 0;
  size_t open_frame_end_ = 0;
  std::vector<StreamId> writers_;      // Streams with queued output whose turn will come.
  std::vector<StreamId> ended_early_;  // For StopPeers.
  size_t queued_bytes_ = 0;            // In the streams' queues.

  std::vector<StreamId> held_;  // Streams with messages that wait until output has drained.
  // Streams in the middle of a message that is larger than their window lets through; only the
  // first may exceed its window, so that a connection's memory stays bounded.
  std::vector<StreamId> large_;

  std::string error_;
  std::optional<StreamId> last_served_;  // After the second GOAWAY: later streams are ignored.
  uint32_t pings_unanswered_ = 0;
  bool greeted_ = false;
  bool peer_goes_ = false;  // It sent a GOAWAY.
  bool failed_ = false;
};

}  // namespace coheld::transport
