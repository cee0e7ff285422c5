// The part of the engine that time drives: timeouts, alarms, TTLs and graces, and stalls.
#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "server/engine/engine.h"

namespace coheld::engine {

void Engine::Advance(TimeMs now, std::vector<Reply>* replies) {
  if (NextDeadline() > now) return;
  const Lifetime::Scope scope(lifetime_);
  while (NextDeadline() <= now) AdvanceOnce(now, replies);
  Log(Input::Kind::kAdvance, {.now = now});
  BreakShifted(now, replies);
}

void Engine::AdvanceOnce(TimeMs now, std::vector<Reply>* replies) {
  const TimeMs next_alarm = alarms_.empty() ? kNever : alarms_.begin()->first;
  const TimeMs next_op = deadlines_.empty() ? kNever : deadlines_.begin()->first;
  const TimeMs next = std::min(next_alarm, next_op);
  if (lifetime_.NextDeadline() < next) {
    const TimeMs until = std::min(now, next);
    if (Object* object = lifetime_.NextOverdue(until)) DeleteObject(object->name());
    Record(0, {}, kNoSession);
    FailDeleted(replies);
  } else if (next_alarm <= next_op) {  // What a lease's end frees is there for who waited so long.
    RingAlarm(*store_.Find(alarms_.begin()->second)->object, now, replies);
  } else {
    ParkedOp& op = parked_.at(deadlines_.begin()->second);
    WaitQueue* const queue = op.place.queue;
    Retry(op, Turn::Try::kTimedOut, now, replies);
    wakes_.push_back({queue, false});
  }
  DrainWakes(now, replies);
}

TimeMs Engine::NextDeadline() const {
  TimeMs due = lifetime_.NextDeadline();
  if (!alarms_.empty()) due = std::min(due, alarms_.begin()->first);
  return deadlines_.empty() ? due : std::min(due, deadlines_.begin()->first);
}

void Engine::SetAlarm(Object& object, TimeMs when) {
  if (object.alarm_ == when) return;
  if (object.alarm_ != kNever) alarms_.erase({object.alarm_, object.name()});
  object.alarm_ = when;
  if (when != kNever) alarms_.insert({when, object.name()});
}

void Engine::RingAlarm(Object& object, TimeMs now, std::vector<Reply>* replies) {
  SetAlarm(object, kNever);
  Turn turn(*this, {.now = now}, Turn::Try::kFirst);
  turn.object_ = &object;
  object.OnAlarm(turn);
  FinishEffect(turn, replies);
}

void Engine::FinishEffect(Turn& turn, std::vector<Reply>* replies) {
  created_.clear();
  lifetime_.ForgetSent();
  FailDeleted(replies);
  TakeWakes(turn);
  Record(0, {}, kNoSession);
}

void Engine::ForEachAlarm(TimeMs now, std::vector<Reply>* replies,
                          const std::function<void(Object&, Turn&)>& visit) {
  for (const auto& [when, name] : std::set<std::pair<TimeMs, std::string>>(alarms_)) {
    const Store::Held* held = store_.Find(name);
    if (held == nullptr) continue;
    Turn turn(*this, {.now = now}, Turn::Try::kFirst);
    turn.object_ = held->object.get();
    visit(*held->object, turn);
    FinishEffect(turn, replies);
  }
  DrainWakes(now, replies);
}

void Engine::Rearm(uint64_t stalled_ms, TimeMs now, std::vector<Reply>* replies) {
  const Lifetime::Scope scope(lifetime_);
  lifetime_.Rearm(stalled_ms);
  ForEachAlarm(now, replies,
               [stalled_ms](Object& object, Turn& turn) { object.Rearm(stalled_ms, turn); });
  Log(Input::Kind::kRearm, {.now = now}, 0, {}, stalled_ms);
  BreakShifted(now, replies);
}

}  // namespace coheld::engine
