// The calls of one connection: unary ops, Session/Call streams, health and reflection. Turns
// messages into submissions and replies into messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/wire/methods.h"
#include "server/dispatch/dispatcher.h"

namespace coheld::dispatch {

class PeerCalls : public transport::CallHandler {
 public:
  PeerCalls(Dispatcher& dispatcher, transport::Connection& connection);
  // The connection is closed: what it had parked is abandoned.
  ~PeerCalls() override;

  void OnCall(StreamId stream, transport::CallHead head) override;
  void OnMessage(StreamId stream, std::string_view message) override;
  void OnHalfClose(StreamId stream) override;
  void OnAbort(StreamId stream) override;

  // Sends the reply of an op that this peer submitted.
  void Answer(const Route& route, const engine::Reply& reply);
  void Answer(const Route& route, const Failure& failure);
  void AnswerWith(const Route& route, std::string_view payload);
  void RequestFlush() { connection_.RequestFlush(); }

  void NoteParked(const Route& route, CallId call);
  void ForgetParked(const Route& route);
  size_t parked() const { return parked_; }
  // Counts this connection among those that keep the session open.
  void UseSession(SessionId session);
  // Ends the streams that would stay open.
  void Shutdown();

 private:
  enum class Kind {
    kUnary,
    kCallStream,
    kHealthCheck,
    kHealthWatch,
    kReflection,
    kReflectionAlpha
  };

  struct Stream {
    Kind kind = Kind::kUnary;
    uint32_t method = 0;
    SessionId session = engine::kNoSession;
    uint64_t thread = 0;
    uint64_t deadline_ms = 0;
    bool submitted = false;    // A unary call's only message came.
    bool half_closed = false;  // The client sends no more.
    // Parked calls by frame; a unary call's frame is 0.
    std::unordered_map<uint64_t, CallId> parked;
  };

  engine::Result<Stream> Begin(const transport::CallHead& head);
  void OnUnary(StreamId id, Stream& stream, std::string_view message);
  void OnFrame(StreamId id, Stream& stream, std::string_view message);
  void OnHealth(StreamId id, Stream& stream, std::string_view message);
  void OnReflection(StreamId id, const Stream& stream, std::string_view message);
  void Abandon(Stream& stream);
  // Takes what is parked out of the stream's table.
  std::vector<CallId> TakeParked(Stream& stream);
  void FinishIfDrained(StreamId id, const Stream& stream);
  void Fail(StreamId id, const Failure& failure);
  // Sends a frame of a Session/Call stream, the last one if nothing more will come.
  void SendFrame(StreamId id, std::string_view frame);

  Dispatcher& dispatcher_;
  transport::Connection& connection_;
  std::unordered_map<StreamId, Stream> streams_;
  std::set<SessionId> sessions_;
  size_t parked_ = 0;
  std::string scratch_;  // The frame being sent.
};

}  // namespace coheld::dispatch
