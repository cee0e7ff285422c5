// Who sends ops to a dispatcher and takes their replies: the calls of a connection
// (peer_calls.h), or another shard of the daemon (shard_caller.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/engine/reply.h"
#include "server/transport/grpc_session.h"

namespace coheld::dispatch {

class Caller;
using engine::CallId;
using engine::SessionId;
using transport::StreamId;
using wire::Failure;

// Where a reply goes.
struct Route {
  Caller* peer = nullptr;  // Null: nowhere.
  StreamId stream = 0;
  uint64_t frame = 0;  // CallRequest.id on a Session/Call stream; 0 for a unary call.
};

class Caller {
 public:
  // Sends the reply of an op that this caller submitted.
  virtual void Answer(const Route& route, const engine::Reply& reply) = 0;
  // As Answer; a large payload may be taken in place of being copied.
  virtual void AnswerTaking(const Route& route, engine::Reply&& reply) { Answer(route, reply); }
  virtual void Answer(const Route& route, const Failure& failure) = 0;
  virtual void AnswerWith(const Route& route, std::string_view payload) = 0;
  // To call after answers that are given outside of Dispatcher::Submit.
  virtual void RequestFlush() = 0;

  // An op of this caller waits under this call, or no more.
  virtual void NoteParked(const Route& route, CallId call) = 0;
  virtual void ForgetParked(const Route& route) = 0;
  // How many do.
  virtual size_t parked() const = 0;
  // Of those that are noted as parked so many more, with so many bytes, only are on their way to
  // another shard and back; or so many less.
  virtual void NoteUnderway(int64_t ops, int64_t bytes) = 0;
  // Counts the caller's connection among those that keep the session open.
  virtual void UseSession(SessionId session) = 0;

 protected:
  ~Caller() = default;
};

}  // namespace coheld::dispatch
