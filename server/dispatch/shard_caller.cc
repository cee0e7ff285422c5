// See shard_caller.h.
#include "server/dispatch/shard_caller.h"

#include <string>
#include <utility>

#include "proto/wire/check.h"

namespace coheld::dispatch {

void ShardCaller::Submit(const OpMail& mail) {
  parked_of_connection_ = mail.parked;
  router_.dispatcher_.SubmitHere(
      {.route = {.peer = this, .frame = static_cast<uint64_t>(mail.call)},
       .session = mail.session,
       .thread = mail.thread,
       .method = mail.method,
       .payload = mail.payload,
       .deadline_ms = mail.deadline_ms,
       .seq = mail.seq,
       .acked = mail.acked,
       .lane = mail.lane,
       .token = mail.token,
       .site = mail.site});
}

std::optional<CallId> ShardCaller::Find(CallId at_edge) const {
  const auto found = parked_.find(at_edge);
  return found == parked_.end() ? std::nullopt : std::optional(found->second);
}

void ShardCaller::Answer(const Route& route, const engine::Reply& reply) {
  Send(route, reply.durability, reply.failure, reply.payload);
}

void ShardCaller::Answer(const Route& route, const Failure& failure) {
  Send(route, v1::DURABILITY_UNSPECIFIED, failure, {});
}

void ShardCaller::AnswerWith(const Route& route, std::string_view payload) {
  Send(route, v1::DURABILITY_UNSPECIFIED, std::nullopt, payload);
}

void ShardCaller::Send(const Route& route, v1::Durability level, std::optional<Failure> failure,
                       std::string_view payload) {
  router_.Send(shard_,
               ReplyMail{.call = CallId{route.frame},
                         .failure = std::move(failure),
                         .payload = std::string(payload)},
               router_.dispatcher_.MarkOf(level));
}

void ShardCaller::NoteParked(const Route& route, CallId call) {
  parked_.emplace(CallId{route.frame}, call);
  router_.Send(shard_, ParkedMail{.call = CallId{route.frame}});
}

void ShardCaller::ForgetParked(const Route& route) {
  COHELD_CHECK(parked_.erase(CallId{route.frame}) == 1);
}

void ShardCaller::UseSession(SessionId /*session*/) {
  COHELD_CHECK(!"sessions are opened at the edge");
}

}  // namespace coheld::dispatch
