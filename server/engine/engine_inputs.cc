// The part of the engine between ops and their callers: exactly once, callers that go, and the
// record of all inputs.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "proto/wire/check.h"
#include "server/engine/engine.h"
#include "server/engine/limits.h"
#include "server/engine/planted_bug.h"

namespace coheld::engine {

ReplyTable::Judgement Engine::Admit(Stamp* stamp, Reply* reply) {
  constexpr auto kAnswered = ReplyTable::Verdict::kAnswered;
  const SessionId id = stamp->owner.session;
  if (id == kNoSession) {
    if (stamp->seq == 0) return {};
    reply->failure = Failure{v1::ERROR_REASON_SESSION_REQUIRED,
                             "an op with a seq belongs to a session: send its token as "
                             "coheld-session metadata"};
    return {.verdict = kAnswered};
  }
  Session* session = sessions_.Find(id);
  if (session == nullptr) {
    reply->failure = Expired(id);
    return {.verdict = kAnswered};
  }
  if (stamp->seq == 0) return {};
  if (Planted(PlantedBug::kAnsweredFromAnotherSession)) {
    for (const auto& [other, state] : sessions_.all()) {
      if (other == id || !state.replies.Knows(*stamp)) continue;
      return sessions_.Find(other)->replies.Judge(stamp, reply);
    }
  }
  return session->replies.Judge(stamp, reply);
}

std::optional<CallId> Engine::Refuse(const Stamp& arrived, uint32_t method, Failure failure,
                                     std::vector<Reply>* replies) {
  Stamp stamp = arrived;
  Reply reply{.call = stamp.call};
  const OpRow* const row = FindOp(method);
  const ReplyTable::Judgement copy =
      row == nullptr ? ReplyTable::Judgement() : Admit(&stamp, &reply);
  if (copy.verdict == ReplyTable::Verdict::kWaits) return copy.waits;
  if (copy.verdict == ReplyTable::Verdict::kNew) reply.failure = std::move(failure);
  if (copy.verdict == ReplyTable::Verdict::kNew && row != nullptr) {
    KeepAnswer(stamp, *row, false, reply);
  }
  replies->push_back(std::move(reply));
  return std::nullopt;
}

void Engine::TakeBack(std::vector<Reply>* replies) {
  constexpr size_t kBytesKept = size_t{64} << 10;
  if (!replies->empty()) {
    std::string& payload = replies->front().payload;
    if (payload.capacity() > spare_payload_.capacity() && payload.capacity() <= kBytesKept) {
      payload.clear();
      spare_payload_ = std::move(payload);
    }
  }
  replies->clear();
}

void Engine::Log(Input::Kind kind, const Stamp& stamp, uint32_t code, std::string_view payload,
                 uint64_t ms) {
  last_call_ = std::max(last_call_, stamp.call);
  last_time_ = std::max(last_time_, stamp.now);
  if (log_ == nullptr) return;
  if (Planted(PlantedBug::kInputNotLogged) && kind == Input::Kind::kAbandon) return;
  log_->OnInput({.kind = kind, .stamp = stamp, .code = code, .ms = ms, .payload = payload});
}

void Engine::Cancel(CallId call, Failure failure, TimeMs now, std::vector<Reply>* replies) {
  CancelOne(call, std::move(failure), now, replies);
  BreakShifted(now, replies);
}

void Engine::CancelOne(CallId call, Failure failure, TimeMs now, std::vector<Reply>* replies) {
  if (!parked_.contains(call)) return;
  End(call, failure, true, now, replies);
  Log(Input::Kind::kCancel, {.call = call, .now = now}, static_cast<uint32_t>(failure.reason),
      failure.message);
}

bool Engine::Abandon(CallId call, TimeMs now, std::vector<Reply>* replies) {
  const auto found = parked_.find(call);
  if (found == parked_.end()) return true;
  if (WaitsAlone(found->second) && !Planted(PlantedBug::kEffectUndone)) return false;
  End(call, {v1::ERROR_REASON_CANCELLED, "the caller is gone"}, false, now, replies);
  Log(Input::Kind::kAbandon, {.call = call, .now = now});
  BreakShifted(now, replies);
  return true;
}

void Engine::Acknowledge(SessionId id, uint32_t lane, uint64_t acked, TimeMs now) {
  Session* const session = sessions_.Find(id);
  if (session == nullptr || !session->replies.Acknowledge(lane, acked)) return;
  Log(Input::Kind::kAcknowledge,
      {.owner = {.session = id}, .now = now, .acked = acked, .lane = lane});
}

void Engine::Jump(uint64_t distance) {
  COHELD_CHECK(sessions_.all().empty() && parked_.empty());
  last_token_ += distance;
  last_call_ = CallId{static_cast<uint64_t>(last_call_) + distance};
  last_session_ = SessionId{static_cast<uint64_t>(last_session_) + distance};
  store_.Jump(distance);
}

void Engine::Begin(uint64_t first_anonymous, TimeMs now) {
  COHELD_CHECK(store_.objects().empty() && sessions_.all().empty());
  store_.Restore(store_.version_floor(), first_anonymous);
  Log(Input::Kind::kBegin, {.now = now}, 0, {}, first_anonymous);
}

void Engine::Resume(TimeMs now, std::vector<Reply>* replies) {
  const Lifetime::Scope scope(lifetime_);
  for (const auto& [id, session] : sessions_.all()) sessions_.Find(id)->replies.ForgetUnchanged();
  std::vector<CallId> leaving;
  for (const auto& [call, op] : parked_) {
    if (!WaitsAlone(op)) leaving.push_back(call);
  }
  // Last come first, so that none that goes makes way for another one that goes.
  for (auto call = leaving.rbegin(); call != leaving.rend(); ++call) {
    if (!parked_.contains(*call)) continue;  // One that went had it answered: a barrier broke.
    End(*call, {v1::ERROR_REASON_CANCELLED, "the daemon was restarted"}, false, now, replies);
  }
  if (!Planted(PlantedBug::kTtlRunsWhileDown)) {
    lifetime_.Rearm(Elapsed(std::min(last_time_, now), now));
  }
  ForEachAlarm(now, replies, [](Object& object, Turn& turn) { object.Resume(turn); });
  last_token_ += kResumeStride;
  store_.SkipAnonymous(kResumeStride);
  Log(Input::Kind::kResume, {.now = now});
  BreakShifted(now, replies);
}

void Engine::End(CallId call, Failure failure, bool keep, TimeMs now, std::vector<Reply>* replies) {
  const Lifetime::Scope scope(lifetime_);
  const ParkedOp& op = parked_.at(call);
  const Stamp waiter = StampAtEnd(op, now);
  std::vector<Waitplace> places;
  ForEachPlace(op, [&](const ParkedOp::Place& place) {
    if (!Planted(PlantedBug::kWaiterLostOnCancel)) {
      wakes_.push_back({place.queue, false});  // It may have been in the way of the next.
    }
    places.push_back({place.object, place.queue});
  });
  FailParked(call, std::move(failure), keep, replies);
  for (const Waitplace& place : places) TellLeft(place, waiter);
  DrainWakes(now, replies);
}

}  // namespace coheld::engine
