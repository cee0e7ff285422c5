// The calls of one connection: unary ops, Session/Call streams, health and reflection. Turns
// messages into submissions and replies into messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/wire/methods.h"
#include "server/dispatch/dispatcher.h"

namespace coheld::dispatch {

class PeerCalls final : public transport::CallHandler, public Caller {
 public:
  PeerCalls(Dispatcher& dispatcher, transport::Connection& connection);
  // The connection is closed: what it had parked is abandoned.
  ~PeerCalls() override;

  void OnCall(StreamId stream, const transport::CallHead& head) override;
  void OnMessage(StreamId stream, std::string_view message) override;
  void OnHalfClose(StreamId stream) override;
  void OnAbort(StreamId stream) override;

  void Answer(const Route& route, const engine::Reply& reply) override;
  void AnswerTaking(const Route& route, engine::Reply&& reply) override;
  void Answer(const Route& route, const Failure& failure) override;
  void AnswerWith(const Route& route, std::string_view payload) override;
  void RequestFlush() override { connection_.RequestFlush(); }

  void NoteParked(const Route& route, CallId call) override;
  void ForgetParked(const Route& route) override;
  size_t parked() const override { return parked_.size() - underway_; }
  void NoteUnderway(int64_t ops, int64_t bytes) override;
  void UseSession(SessionId session) override;
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
    StreamId id = 0;
    Kind kind = Kind::kUnary;
    uint32_t method = 0;
    SessionId session = engine::kNoSession;
    uint64_t deadline_ms = 0;
    // Of a unary call, from its metadata; a frame has its own.
    uint64_t thread = 0;
    uint64_t seq = 0;
    uint64_t acked = 0;
    uint64_t lane = 0;
    uint64_t token = 0;
    std::string site;
    bool submitted = false;    // A unary call's only message came.
    bool half_closed = false;  // The client sends no more.
  };

  // Learns from the head what the stream is for.
  std::optional<Failure> Begin(const transport::CallHead& head, Stream* stream);
  static std::optional<Failure> ReadMetadata(const transport::Metadata& metadata, Stream* stream);
  void OnUnary(Stream& stream, std::string_view message);
  void OnFrame(const Stream& stream, std::string_view message);
  void OnHealth(Stream& stream, std::string_view message);
  void OnReflection(const Stream& stream, std::string_view message);
  // Returns the stream, or nullptr. Valid until any stream begins or ends.
  Stream* Find(StreamId id) {
    if (!streams_.empty() && streams_.back().id == id) return &streams_.back();
    return FindOlder(id);
  }
  Stream* FindOlder(StreamId id);
  void Erase(StreamId id);
  // Returns the call of a frame that waits, or nullptr.
  const CallId* FindParked(StreamId id, uint64_t frame) const;
  bool HasParked(StreamId id) const;
  // Ends what the stream has parked.
  void Abandon(StreamId id);
  void FinishIfDrained(const Stream& stream);
  void Fail(StreamId id, const Failure& failure);
  void SendPayload(const Route& route, std::string_view payload);
  void SendFailure(const Route& route, const Failure& failure);
  // Sends a frame of a Session/Call stream, in one part or two. It is the last one if nothing more
  // will come.
  void SendFrame(StreamId id, std::string_view head, std::string_view payload = {});

  Dispatcher& dispatcher_;
  transport::Connection& connection_;
  // Ordered by id, which grows: a new one goes to the end. Few, so that moving them is nothing.
  std::vector<Stream> streams_;
  // By stream and frame; a unary call's frame is 0.
  std::map<std::pair<StreamId, uint64_t>, CallId> parked_;
  size_t underway_ = 0;  // Of parked_ those that may not wait at all, but are with another shard.
  int64_t underway_bytes_ = 0;
  bool input_held_ = false;
  std::set<SessionId> sessions_;
};

}  // namespace coheld::dispatch
