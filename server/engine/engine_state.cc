// The whole engine in saved state (STATE.md): the store, the sessions, the lifetimes and the ops
// that wait. What follows from these, as who has rights on what, is not written but worked out.
#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proto/wire/check.h"
#include "server/engine/engine.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

constexpr std::string_view kMagic = "coheld state\n";
constexpr uint64_t kVersion = 1;
constexpr size_t kDigestBytes = sizeof(StateDigest);
// Ends what an object wrote, so that one that reads more or less than that is found at once.
constexpr uint64_t kObjectEnd = 0x2E;

std::string_view AsBytes(const StateDigest& digest) {
  return {reinterpret_cast<const char*>(&digest), kDigestBytes};
}

// Says whether an anonymous object may have had this name.
bool WasGiven(std::string_view name, uint64_t next_anonymous) {
  uint64_t number = 0;
  std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return name.substr(1) == std::to_string(number) && number < next_anonymous;
}

constexpr uint64_t kWatchers = 0;  // The number of the queue of those who watch an object.

// Counts off the queues of the objects on which ops wait, each object's once.
class QueueNumbers {
 public:
  // Returns the number of an object's queue: kWatchers, or its place from 1 on.
  uint64_t Find(Object& object, const WaitQueue* queue) {
    const std::vector<WaitQueue*>& queues = QueuesOf(object);
    auto [found, fresh] = numbers_.try_emplace(queue, kWatchers);
    if (fresh) {
      for (size_t i = 0; i < queues.size(); ++i) numbers_[queues[i]] = i + 1;
    }
    return found->second;
  }
  // Returns the queue of this number, or nullptr.
  WaitQueue* At(Object& object, uint64_t number) {
    const std::vector<WaitQueue*>& queues = QueuesOf(object);
    return number > queues.size() ? nullptr : queues[number - 1];
  }

 private:
  const std::vector<WaitQueue*>& QueuesOf(Object& object) {
    const auto [place, fresh] = queues_.try_emplace(&object);
    if (fresh) place->second = object.wait_queues();
    return place->second;
  }

  std::map<const Object*, std::vector<WaitQueue*>> queues_;
  std::map<const WaitQueue*, uint64_t> numbers_;
};

}  // namespace

class EngineState {
 public:
  static void Save(const Engine& engine, StateWriter& state);
  static void Load(Engine& engine, StateReader& state);

 private:
  static void SaveObjects(const Engine& engine, StateWriter& state);
  static void SaveParked(const Engine& engine, StateWriter& state);
  static void LoadObjects(Engine& engine, StateReader& state);
  static void LoadHead(Engine& engine, StateReader& state);
  static void LoadGuard(Object& object, StateReader& state);
  static void LoadSessions(Engine& engine, StateReader& state);
  static void LoadHolds(Engine& engine, StateReader& state);
  static void LoadParked(Engine& engine, StateReader& state);
  static void LoadOp(Engine& engine, QueueNumbers* queues, StateReader& state);
  static void LoadPlace(Engine& engine, QueueNumbers* queues, ParkedOp* op, StateReader& state);
};

// --- Save ---

void EngineState::Save(const Engine& engine, StateWriter& state) {
  // Nothing is under way.
  COHELD_CHECK(engine.wakes_.empty() && engine.failed_.empty() && engine.created_.empty());
  state.PutBytes(kMagic);
  state.PutVersion(kVersion);
  state.PutUnsigned(engine.last_token_);
  state.PutUnsigned(engine.store_.version_floor());
  state.PutUnsigned(engine.store_.next_anonymous());
  state.PutCall(engine.last_call_);
  state.PutSession(engine.last_session_);
  state.PutTime(engine.last_time_);
  SaveObjects(engine, state);
  state.PutUnsigned(engine.sessions_.all().size());
  for (const auto& [id, session] : engine.sessions_.all()) {
    state.PutSession(id);
    session.Save(state);
  }
  engine.lifetime_.Save(state);
  SaveParked(engine, state);
}

// All names come before the first content, which may refer to any of them.
void EngineState::SaveObjects(const Engine& engine, StateWriter& state) {
  const Store::Map& objects = engine.store_.objects();
  state.PutUnsigned(objects.size());
  for (const auto& [name, held] : objects) {
    state.PutBytes(name);
    state.PutBytes(held.type->word);
    state.PutUnsigned(held.object->version_);
    state.PutTime(held.object->end_);
    state.PutTime(held.object->alarm_);
    state.PutFlag(held.object->provisional_);
    state.PutUnsigned(held.object->durability_);
  }
  for (const auto& [name, held] : objects) {
    state.PutFlag(held.object->guard() != nullptr);
    if (held.object->guard() != nullptr) state.PutValue(*held.object->guard());
    held.object->Save(state);
    state.PutUnsigned(kObjectEnd);
  }
}

// In each queue ops stand in the order of their calls, so that order need not be told.
void EngineState::SaveParked(const Engine& engine, StateWriter& state) {
  QueueNumbers queues;
  state.PutUnsigned(engine.parked_.size());
  for (const auto& [call, op] : engine.parked_) {
    state.PutCall(call);
    state.PutOwner(op.stamp.owner);
    state.PutTime(op.stamp.now);
    state.PutUnsigned(op.stamp.seq);
    state.PutUnsigned(op.stamp.acked);
    state.PutUnsigned(op.stamp.lane);
    state.PutUnsigned(op.stamp.token);
    state.PutBytes(op.site);
    state.PutFlag(op.effect);
    state.PutUnsigned(op.row->method->number);
    state.PutBytes(op.payload);
    state.PutTime(op.deadline);
    state.PutUnsigned(1 + op.others.size());
    ForEachPlace(op, [&](const ParkedOp::Place& place) {
      state.PutBytes(place.object->name());
      state.PutUnsigned(queues.Find(*place.object, place.queue));
    });
  }
}

// --- Load ---

void EngineState::Load(Engine& engine, StateReader& state) {
  if (state.TakeBytes() != kMagic) state.Fail("it does not begin as one");
  state.TakeVersion(kVersion);
  engine.last_token_ = state.TakeUnsigned();
  state.SetLastToken(engine.last_token_);
  const uint64_t version_floor = state.TakeUnsigned();
  engine.store_.Restore(version_floor, state.TakeUnsigned());
  engine.last_call_ = CallId{state.TakeUnsigned()};
  engine.last_session_ = state.TakeSession();
  engine.last_time_ = state.TakeTime();
  LoadObjects(engine, state);
  LoadSessions(engine, state);
  LoadHolds(engine, state);
  engine.lifetime_.Load(state);
  LoadParked(engine, state);
  if (!state.at_end()) state.Fail("something follows that is not known here");
}

void EngineState::LoadObjects(Engine& engine, StateReader& state) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) LoadHead(engine, state);
  for (const auto& [name, held] : engine.store_.objects()) {
    if (!state.ok()) return;
    state.SetWhere(held.type->word, name);
    LoadGuard(*held.object, state);
    held.object->Load(state);
    if (state.TakeUnsigned() != kObjectEnd) state.Fail("its content does not end where it should");
  }
  state.SetWhere({}, {});
}

void EngineState::LoadGuard(Object& object, StateReader& state) {
  if (!state.TakeFlag()) return;
  Value lock = state.TakeValue();
  if (lock.kind() != ValueKind::kRef || !object.guardable()) {
    return state.Fail("it is guarded by what cannot guard it");
  }
  object.SetGuard(std::make_unique<Value>(std::move(lock)));
}

void EngineState::LoadHead(Engine& engine, StateReader& state) {
  const std::string name = state.TakeString();
  const TypeRow* const type = FindType(state.TakeBytes());
  if (CheckName(name)) return state.Fail("an object has no possible name");
  const Store::Map& before = engine.store_.objects();
  if (!before.empty() && name <= before.rbegin()->first) {
    return state.Fail("the objects are not in order of their names");
  }
  if (type == nullptr) return state.Fail("the type of \"" + name + "\" is not known here");
  if (IsAnonymous(name) && !WasGiven(name, engine.store_.next_anonymous())) {
    return state.Fail("\"" + name + "\" was never given to an object");
  }
  Object* const object = engine.store_.Create(*type, name);
  if (IsAnonymous(name)) engine.lifetime_.Begin(*object, type->word);
  object->version_ = state.TakeUnsigned();
  engine.lifetime_.EndAt(*object, state.TakeTime());
  engine.SetAlarm(*object, state.TakeTime());
  object->provisional_ = state.TakeFlag();
  object->durability_ =
      static_cast<v1::Durability>(state.TakeUnsigned(v1::Durability_MAX, "a level of durability"));
}

void EngineState::LoadSessions(Engine& engine, StateReader& state) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const SessionId id = state.TakeSession();
    const auto& before = engine.sessions_.all();
    if (id == kNoSession || (!before.empty() && id <= before.rbegin()->first)) {
      return state.Fail("the sessions are not in order");
    }
    if (id > engine.last_session_) return state.Fail("a session was never opened");
    engine.sessions_.Open(id, {}, 0, {}).Load(state);
  }
}

void EngineState::LoadHolds(Engine& engine, StateReader& state) {
  for (const auto& [name, held] : engine.store_.objects()) {
    for (const Hold& hold : held.object->holds()) {
      Session* const session = engine.sessions_.Find(hold.owner.session);
      if (session == nullptr) return state.Fail("who holds \"" + name + "\" has no session");
      if (hold.token > engine.last_token_) return state.Fail("a token was never given");
      session->held.insert(name);
    }
  }
}

void EngineState::LoadParked(Engine& engine, StateReader& state) {
  QueueNumbers queues;
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) LoadOp(engine, &queues, state);
}

void EngineState::LoadOp(Engine& engine, QueueNumbers* queues, StateReader& state) {
  const CallId call = state.TakeNextCall(engine.parked_);
  const Owner owner = state.TakeOwner();
  Stamp stamp{.call = call, .owner = owner, .now = state.TakeTime()};
  stamp.seq = state.TakeUnsigned();
  stamp.acked = state.TakeUnsigned();
  stamp.lane = static_cast<uint32_t>(state.TakeUnsigned(UINT32_MAX, "a lane"));
  stamp.token = state.TakeUnsigned();
  std::string site = state.TakeString();
  const bool effect = state.TakeFlag();
  const OpRow* const row = FindOp(static_cast<uint32_t>(state.TakeUnsigned(UINT32_MAX, "an op")));
  Session* const session = engine.sessions_.Find(owner.session);
  if (row == nullptr) return state.Fail("an op that waits is not known here");
  if (session == nullptr && (owner.session != kNoSession || stamp.seq != 0)) {
    return state.Fail("an op that waits is of no session");
  }
  if (call > engine.last_call_) return state.Fail("a call was never made");
  ParkedOp& op = engine.parked_[call];
  op.stamp = stamp;
  op.site = std::move(site);
  op.stamp.site = op.site;
  op.effect = effect;
  op.row = row;
  op.payload = state.TakeString();
  op.deadline = state.TakeTime();
  if (op.deadline != kNever) engine.deadlines_.insert({op.deadline, call});
  if (session != nullptr) session->parked.insert(call);
  if (stamp.seq != 0) session->replies.NoteWaiting(stamp);
  const size_t places = state.TakeCount();
  if (places == 0) state.Fail("an op waits nowhere");
  for (size_t i = 0; i < places && state.ok(); ++i) LoadPlace(engine, queues, &op, state);
  if (state.ok()) engine.wait_graph_.Add(op);
}

void EngineState::LoadPlace(Engine& engine, QueueNumbers* queues, ParkedOp* op,
                            StateReader& state) {
  const Store::Held* const held = engine.store_.Find(state.TakeBytes());
  const uint64_t number = state.TakeUnsigned();
  if (held == nullptr) return state.Fail("an op waits on an object that is not there");
  Object& object = *held->object;
  WaitQueue* const queue =
      number == kWatchers ? &engine.HistoryOf(object).watchers : queues->At(object, number);
  if (queue == nullptr) return state.Fail("an op waits in a queue that is not there");
  bool twice = false;
  ForEachPlace(*op, [&](const ParkedOp::Place& place) { twice |= place.queue == queue; });
  if (twice) return state.Fail("an op waits in a queue twice");
  queue->Add(op, &object);
}

// --- Engine ---

void Engine::Save(const StateWriter::Sink& sink) const {
  StateWriter state(sink);
  EngineState::Save(*this, state);
  sink(AsBytes(state.Finish()));
}

StateDigest Engine::Digest() const {
  StateWriter state;
  EngineState::Save(*this, state);
  return state.Finish();
}

std::optional<Failure> Engine::Load(std::string_view bytes) {
  COHELD_CHECK(store_.objects().empty() && sessions_.all().empty());
  const Lifetime::Scope scope(lifetime_);
  const size_t size = bytes.size() - std::min(bytes.size(), kDigestBytes);
  StateReader state(bytes.substr(0, size), &lifetime_);
  if (bytes.substr(size) != AsBytes(DigestOf(bytes.substr(0, size)))) {
    state.Fail("its digest is another");
  } else {
    EngineState::Load(*this, state);
  }
  if (state.ok()) return std::nullopt;
  return state.failure();
}

}  // namespace coheld::engine
