// See queue_object.h.
#include <algorithm>
#include <utility>

#include "proto/wire/check.h"
#include "server/engine/engine.h"
#include "server/engine/planted_bug.h"
#include "server/engine/queue_object.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/store.h"

namespace coheld::engine {
namespace {

// Returns the name of the dead-letter queue where none was chosen, of the same shard; empty if
// there is none that can be.
std::string DefaultDeadLetter(const std::string& name) {
  if (IsAnonymous(name)) return {};
  const bool tagged = ShardKey(name) != name;
  std::string dead = (tagged ? name : "{" + name + "}") + ".dead";
  const bool possible = dead.size() <= kNameBytesMax && ShardKey(dead) == ShardKey(name);
  return possible ? dead : std::string();
}

}  // namespace

std::vector<Hold> QueueObject::holds() const {
  std::vector<Hold> holds;
  for (const auto& [delivery, lease] : leases_.all()) {
    if (lease.owner.session == kNoSession) continue;
    holds.push_back(
        {.owner = lease.owner, .token = delivery, .since = lease.since, .shared = true});
  }
  return holds;
}

void QueueObject::VisitValues(const ValueVisitor& visit) const {
  items.Visit(visit);
  for (const auto& [delivery, lease] : leases_.all()) visit(lease.item.value);
  for (const auto& [due, item] : delayed_) visit(item.value);
  visit(dead_letter_);
}

void QueueObject::Save(StateWriter& state) const {
  state.PutVersion(1);
  items.Save(state);
  leases_.Save(state);
  state.PutUnsigned(delayed_.size());
  for (const auto& [due, item] : delayed_) {
    state.PutTime(due.first);
    item.Save(state);
  }
  dedup_.Save(state);
  state.PutTime(dedup_due_);
  state.PutValue(dead_letter_);
  state.PutUnsigned(dead_lettered);
  state.PutUnsigned(deliveries_max);
  state.PutUnsigned(maxsize);
  state.PutUnsigned(unfinished);
  state.PutFlag(shut_down);
}

void QueueObject::Load(StateReader& state) {
  state.TakeVersion(1);
  std::vector<uint64_t> ordinals;
  items.Load(state, &ordinals);
  leases_.Load(state);
  for (const auto& [delivery, lease] : leases_.all()) items.LoadAway(lease.item, state, &ordinals);
  LoadDelayed(state, &ordinals);
  std::sort(ordinals.begin(), ordinals.end());
  if (std::adjacent_find(ordinals.begin(), ordinals.end()) != ordinals.end()) {
    state.Fail("two items have one ordinal");
  }
  dedup_.Load(state);
  dedup_due_ = state.TakeTime();
  if ((dedup_due_ == kNever) != dedup_.empty()) state.Fail("its keys are forgotten at no time");
  dead_letter_ = state.TakeValue();
  const ValueKind kind = dead_letter_.kind();
  if (kind != ValueKind::kNull && kind != ValueKind::kRef) state.Fail("dead letters go nowhere");
  dead_lettered = state.TakeUnsigned();
  deliveries_max = static_cast<uint32_t>(state.TakeUnsigned(UINT32_MAX, "deliveries_max"));
  maxsize = state.TakeUnsigned(INT64_MAX, "maxsize");
  unfinished = state.TakeUnsigned();
  shut_down = state.TakeFlag();
}

void QueueObject::LoadDelayed(StateReader& state, std::vector<uint64_t>* ordinals) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const TimeMs due = state.TakeTime();
    QueueItem item;
    item.Load(state);
    const std::pair<TimeMs, uint64_t> place{due, item.ordinal};
    const bool ordered = delayed_.empty() || delayed_.rbegin()->first < place;
    if (!ordered) return state.Fail("the delayed items are not in order");
    items.LoadAway(delayed_.emplace(place, std::move(item)).first->second, state, ordinals);
  }
}

void QueueObject::ForgetSession(SessionId session, Turn& turn) {
  while (const uint64_t delivery = leases_.FirstOf(session)) {
    GiveBack(EndLease(delivery, turn), 0, turn);
  }
  Touch();
  SetAlarm(turn);
  turn.Wake(getters);
}

void QueueObject::OnAlarm(Turn& turn) {
  // Only what is due first, so that all that waits on the engine's clock comes in its order.
  const TimeMs due = std::min(NextDue(), turn.now());
  bool changed = LetIn(due);
  while (const uint64_t delivery = leases_.NextEnded(due)) {
    QueueLease lease = EndLease(delivery, turn);
    if (!Planted(PlantedBug::kItemLostAtLeaseEnd)) GiveBack(std::move(lease), 0, turn);
    changed = true;
  }
  if (dedup_due_ <= due) {
    dedup_.Expire(turn.now());
    dedup_due_ = dedup_.LastEnd();
  }
  if (changed) {
    Touch();
    turn.Wake(getters);
  }
  SetAlarm(turn);
}

void QueueObject::Rearm(uint64_t stalled_ms, Turn& turn) {
  if (!Planted(PlantedBug::kLeaseNotRearmed)) leases_.Shift(stalled_ms);
  SetAlarm(turn);
}

void QueueObject::Resume(Turn& turn) {
  leases_.Renew(turn.now());
  SetAlarm(turn);
}

TimeMs QueueObject::NextDue() const {
  const TimeMs delay = delayed_.empty() ? kNever : delayed_.begin()->first.first;
  return std::min({delay, leases_.NextEnd(), dedup_due_});
}

void QueueObject::SetAlarm(Turn& turn) { turn.SetAlarm(*this, NextDue()); }

// --- Puts ---

std::optional<Failure> QueueObject::Put(std::span<Value> values, uint64_t delay_ms, Turn& turn) {
  const size_t count = values.size();
  if (delay_ms == 0) {
    if (std::optional<Failure> failure = items.Add(values)) return failure;
    turn.Wake(getters);
  } else {
    Result<std::vector<QueueItem>> admitted = items.Admit(values);
    if (!admitted.ok()) return admitted.failure();
    for (QueueItem& item : admitted.value()) Delay(std::move(item), delay_ms, turn);
    SetAlarm(turn);
  }
  unfinished += count;
  Touch();
  return std::nullopt;
}

void QueueObject::NoteKey(std::string_view key, Turn& turn) {
  dedup_.Add(key, turn.now());
  if (dedup_due_ != kNever) return;
  dedup_due_ = dedup_.LastEnd();
  SetAlarm(turn);
}

void QueueObject::Delay(QueueItem item, uint64_t delay_ms, Turn& turn) {
  const std::pair<TimeMs, uint64_t> due{After(turn.now(), delay_ms), item.ordinal};
  items.HoldAway(delayed_.emplace(due, std::move(item)).first->second);
}

bool QueueObject::LetIn(TimeMs due) {
  bool any = false;
  while (!delayed_.empty() && delayed_.begin()->first.first <= due) {
    items.EndAway(delayed_.begin()->second);
    QueueItem item = std::move(delayed_.extract(delayed_.begin()).mapped());
    // What was leased before has its place, what was only put comes now.
    item.attempts == 0 ? items.ReturnAsLast(std::move(item)) : items.Return(std::move(item));
    any = true;
  }
  return any;
}

uint64_t QueueObject::RemoveAll(Turn& turn) {
  const uint64_t count = crowd();
  items.Clear();
  for (const auto& [due, item] : delayed_) items.EndAway(item);
  delayed_.clear();
  leases_.DropAll();
  // Joiners before putters: everything may be finished for a moment, and a putter would end it.
  Finish(count, turn);
  SetAlarm(turn);
  return count;
}

void QueueObject::Finish(uint64_t count, Turn& turn) {
  if (count == 0) return;
  unfinished -= std::min(count, unfinished);
  if (unfinished == 0) turn.Wake(joiners);
}

// --- Leases ---

const QueueLeases::Map::value_type& QueueObject::LeaseNext(uint64_t visibility_ms, Turn& turn) {
  QueueItem item = items.Take();
  ++item.attempts;
  const SessionId session = turn.owner().session;
  if (session != kNoSession && leases_.FirstOf(session) == 0) turn.NoteHold(session, *this);
  const auto& begun =
      leases_.Begin(turn.NextToken(), {.item = std::move(item),
                                       .owner = turn.owner(),
                                       .since = turn.now(),
                                       .until = VisibleUntil(visibility_ms, turn.now()),
                                       .visibility_ms = visibility_ms});
  items.HoldAway(begun.second.item);
  SetAlarm(turn);
  return begun;
}

QueueLease QueueObject::EndLease(uint64_t delivery, Turn& turn) {
  items.EndAway(leases_.Find(delivery)->item);
  QueueLease lease = leases_.End(delivery);
  const SessionId session = lease.owner.session;
  if (session != kNoSession && leases_.FirstOf(session) == 0) turn.NoteRelease(session, *this);
  return lease;
}

void QueueObject::Ack(uint64_t delivery, Turn& turn) {
  EndLease(delivery, turn);
  Finish(1, turn);
  Touch();
  SetAlarm(turn);
  if (ended()) turn.Wake(getters);
}

bool QueueObject::Nack(uint64_t delivery, uint64_t delay_ms, Turn& turn) {
  const bool dead = GiveBack(EndLease(delivery, turn), delay_ms, turn);
  Touch();
  SetAlarm(turn);
  turn.Wake(getters);
  return dead;
}

void QueueObject::Extend(uint64_t delivery, uint64_t visibility_ms, Turn& turn) {
  leases_.Extend(delivery, visibility_ms, turn.now());
  Touch();
  SetAlarm(turn);
}

bool QueueObject::GiveBack(QueueLease lease, uint64_t delay_ms, Turn& turn) {
  if (lease.dropped) {
    Finish(1, turn);
    return false;
  }
  if (lease.item.attempts >= deliveries_max && deliveries_max != kDeliveriesUnlimited) {
    AddDeadLetter(std::move(lease.item), turn);
    return true;
  }
  if (delay_ms > 0) {
    Delay(std::move(lease.item), delay_ms, turn);
  } else {
    items.Return(std::move(lease.item));
  }
  return false;
}

// --- Dead letters ---

void QueueObject::SetDeadLetter(const std::string& name) {
  dead_letter_ = name.empty() ? Value() : Value::Ref(name, "queue");
}

std::string QueueObject::DeadLetterName() const {
  if (dead_letter_.kind() == ValueKind::kRef) return std::string(dead_letter_.pair().first);
  return DefaultDeadLetter(name());
}

void QueueObject::AddDeadLetter(QueueItem item, Turn& turn) {
  QueueObject& dead = DeadLetters(turn);
  const std::optional<Failure> failure = dead.Put(std::span(&item.value, 1), 0, turn);
  COHELD_CHECK(!failure);
  ++dead_lettered;
  Finish(1, turn);
}

QueueObject& QueueObject::DeadLetters(Turn& turn) {
  if (const std::string name = DeadLetterName(); !name.empty()) {
    const Store::Held* held = turn.engine().store().Find(name);
    if (held == nullptr && !IsAnonymous(name)) return MakeDeadLetters(name, turn);
    auto* queue = held == nullptr ? nullptr : dynamic_cast<QueueObject*>(held->object.get());
    if (queue != nullptr && queue != this && queue->items.kind() != v1::QUEUE_KIND_PRIORITY) {
      turn.Use(*queue);
      return *queue;
    }
  }
  QueueObject& made = MakeDeadLetters({}, turn);
  SetDeadLetter(made.name());
  return made;
}

QueueObject& QueueObject::MakeDeadLetters(const std::string& name, Turn& turn) {
  auto& made = static_cast<QueueObject&>(turn.Make(QueueType(), name));
  made.deliveries_max = kDeliveriesUnlimited;
  return made;
}

}  // namespace coheld::engine
