// See turn.h.
#include "server/engine/turn.h"

#include <algorithm>

#include "proto/wire/check.h"
#include "server/engine/engine.h"
#include "server/engine/planted_bug.h"

namespace coheld::engine {

bool Turn::IsFirst(const WaitQueue& queue) const {
  if (Planted(PlantedBug::kNewcomerOvertakes)) return true;
  return queue.empty() || queue.ops().front()->stamp.call == stamp_.call;
}

Outcome Turn::Park(WaitQueue& queue, std::optional<uint64_t> timeout_ms, Outcome timed_out) {
  return ParkIn({.object = object_, .queue = &queue}, timeout_ms, std::move(timed_out));
}

Outcome Turn::ParkInAll(const std::vector<Waitplace>& places, std::optional<uint64_t> timeout_ms,
                        Outcome timed_out) {
  COHELD_CHECK(!places.empty());
  park_others_.assign(places.begin() + 1, places.end());
  return ParkIn(places.front(), timeout_ms, std::move(timed_out));
}

Outcome Turn::ParkIn(const Waitplace& place, std::optional<uint64_t> timeout_ms,
                     Outcome timed_out) {
  park_ = place;
  if (try_ == Try::kTimedOut || try_ == Try::kRehearsal || timeout_ms == uint64_t{0}) {
    gave_up_ = true;
    return timed_out;
  }
  park_timeout_ms_ = timeout_ms;
  return Outcome(Outcome::Kind::kParked);
}

void Turn::SetAlarm(Object& object, TimeMs when) { engine_.SetAlarm(object, when); }

uint64_t Turn::NextToken() {
  ++engine_.last_token_;
  if (Planted(PlantedBug::kTokenShrinks)) return (uint64_t{1} << 40) - engine_.last_token_;
  return engine_.last_token_;
}

void Turn::NoteHold(SessionId session, Object& object) {
  Session* holder = engine_.sessions_.Find(session);
  COHELD_CHECK(holder != nullptr);
  holder->NoteHold(object.name());
  NoteShift(owner());
}

void Turn::NoteRelease(SessionId session, Object& object) {
  if (Session* holder = engine_.sessions_.Find(session)) holder->ForgetHold(object.name());
}

void Turn::NoteShift(const Owner& owner) {
  const Session* const session = engine_.sessions_.Find(owner.session);
  if (session == nullptr || session->parked.empty()) return;
  engine_.shifted_.push_back(owner);
}

void Turn::NoteLost(const Hold& hold, const Object& object, LostRight::Why why) {
  Session* const loser = engine_.sessions_.Find(hold.owner.session);
  if (loser == nullptr || Planted(PlantedBug::kLossNotTold)) return;
  loser->lost.Add(object.name(), hold.owner.thread, {.token = hold.token, .why = why, .at = now()});
}

void Turn::ForgetLost(const Object& object) {
  if (Planted(PlantedBug::kLossToldForEver)) return;
  if (Session* const session = engine_.sessions_.Find(owner().session)) {
    session->lost.Forget(object.name(), owner().thread);
  }
}

const LostRight* Turn::FindLost(const std::string& name, uint64_t token) const {
  const Session* const session = engine_.sessions_.Find(owner().session);
  return session == nullptr ? nullptr : session->lost.Find(name, owner().thread, token);
}

Result<Object*> Turn::FindObject(const std::string& name) {
  if (std::optional<Failure> failure = CheckName(name)) return *failure;
  const Store::Held* held = engine_.store_.Find(name);
  if (held == nullptr) {
    if (!engine_.store_.IsElsewhere(name)) return NotFound(name);
    return CrossShard(object_ == nullptr ? std::string() : object_->name(), name);
  }
  See(*held->object);
  return held->object.get();
}

void Turn::See(const Object& object) {
  if (object.durability() == v1::DURABILITY_UNSPECIFIED) return SeeNone();
  durability_ = std::max(durability_, object.durability());
}

void Turn::SeeNone() { durability_ = std::max(durability_, engine_.durability()); }

Failure Turn::NotA(const std::string& name, std::string_view word) {
  return {v1::ERROR_REASON_WRONG_TYPE, "\"" + name + "\" is a " +
                                           engine_.store_.Find(name)->type->word + ", not a " +
                                           std::string(word) + "; use another name"};
}

Result<Object*> Turn::Create(const TypeRow& type, const std::string& name) {
  SeeNone();
  if (!name.empty() && engine_.store_.Find(name) != nullptr) {
    return Failure{v1::ERROR_REASON_OBJECT_EXISTS, "the name \"" + name + "\" is taken"};
  }
  return engine_.CreateObject(type, name, *this);
}

Object* Turn::CreateKept(const TypeRow& type) { return engine_.CreateAnonymous(type); }

Object& Turn::Make(const TypeRow& type, const std::string& name) {
  Store& store = engine_.store_;
  Object& object = *store.Create(type, name.empty() ? store.NextAnonymousName() : name);
  if (name.empty()) engine_.lifetime_.Begin(object, type.word);
  return object;
}

void Turn::Use(Object& object) { object.provisional_ = false; }

Result<Object*> Turn::CreateLike(const Object& like, const std::string& name) {
  const Store::Held* held = engine_.store_.Find(like.name());
  if (held == nullptr) return NotFound(like.name());
  return Create(*held->type, name);
}

}  // namespace coheld::engine
