// Another shard as the caller of ops here: its answers go there by mail. (To this shard itself,
// too, when it takes part in what is gathered from all.)
#pragma once

#include <unordered_map>

#include "server/dispatch/caller.h"
#include "server/dispatch/shard_router.h"

namespace coheld::dispatch {

class ShardCaller final : public Caller {
 public:
  ShardCaller(ShardRouter& router, uint32_t shard) : router_(router), shard_(shard) {}

  // Does an op that came by mail.
  void Submit(const OpMail& mail);
  // Returns the call under which an op of the edge's waits here, or nothing.
  std::optional<CallId> Find(CallId at_edge) const;

  void Answer(const Route& route, const engine::Reply& reply) override;
  void Answer(const Route& route, const Failure& failure) override;
  void AnswerWith(const Route& route, std::string_view payload) override;
  void RequestFlush() override { router_.post_.RequestTurnEnd(); }
  void NoteParked(const Route& route, CallId call) override;
  void ForgetParked(const Route& route) override;
  size_t parked() const override { return parked_of_connection_; }
  void NoteUnderway(int64_t /*ops*/, int64_t /*bytes*/) override {}
  void UseSession(SessionId session) override;

 private:
  void Send(const Route& route, v1::Durability level, std::optional<Failure> failure,
            std::string_view payload);

  ShardRouter& router_;
  const uint32_t shard_;
  std::unordered_map<CallId, CallId> parked_;  // By the edge's call, which is the route's frame.
  size_t parked_of_connection_ = 0;            // Of the op that is being submitted.
};

}  // namespace coheld::dispatch
