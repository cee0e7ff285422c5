// See engine.h.
#include "server/engine/engine.h"

#include <algorithm>
#include <utility>

#include "proto/wire/check.h"
#include "server/engine/guard.h"
#include "server/engine/planted_bug.h"

namespace coheld::engine {
namespace {

Failure WrongType(std::string_view name, const TypeRow& is, const TypeRow& wanted) {
  return {v1::ERROR_REASON_WRONG_TYPE, "\"" + std::string(name) + "\" is a " + is.word +
                                           ", not a " + wanted.word + "; use another name"};
}

}  // namespace

OpMessages& MessagesOf(Engine& engine, const OpRow& row) {
  return engine.messages_[row.method->number];
}

Result<Object*> ResolveObject(Engine& engine, const OpRow& row, std::string_view name, Turn& turn) {
  const Store::Held* held = engine.store_.Find(name);
  if (held != nullptr) {
    turn.See(*held->object);
    if (held->type != row.type) return WrongType(name, *held->type, *row.type);
    turn.object_ = held->object.get();
    turn.created_ = turn.object_->provisional();
    if (turn.object_->guard() != nullptr && !row.method->read_only && !row.creates) {
      if (std::optional<Failure> failure = CheckGuard(*turn.object_, turn)) return *failure;
    }
    return turn.object_;
  }
  turn.SeeNone();
  if (engine.store_.IsElsewhere(name) && !name.empty()) return CrossShard({}, name);
  if (IsAnonymous(name) && !row.creates) return NotFound(name);
  if (row.missing == Missing::kRefuse) {
    if (std::optional<Failure> failure = CheckName(name)) return *failure;
    return Failure{v1::ERROR_REASON_OBJECT_NOT_FOUND,
                   "no " + row.type->word + " \"" + std::string(name) + "\"; create it first"};
  }
  if (row.method->read_only && row.missing == Missing::kByMark) {
    if (std::optional<Failure> failure = CheckName(name)) return *failure;
    return engine.store_.Empty(*row.type);
  }
  if (name.empty() && !row.creates) return *CheckName(name);
  Result<Object*> object = engine.CreateObject(*row.type, name, turn);
  if (object.ok()) turn.object_ = object.value();
  turn.created_ = object.ok();
  return object;
}

Engine::Engine(uint64_t first_anonymous)
    : ops_(OpsByNumber()), store_(first_anonymous), messages_(wire::kMethodNumberEnd) {}

Engine::~Engine() {
  for (const auto& [id, session] : sessions_.all()) lifetime_.TakeAllHandles(id);
  for (const auto& [name, held] : store_.objects()) lifetime_.End(*held.object);
}

std::optional<CallId> Engine::Apply(const Stamp& arrived, uint32_t method, std::string_view payload,
                                    std::vector<Reply>* replies) {
  const Lifetime::Scope scope(lifetime_);
  ++ops_applied_;
  const OpRow* const row = method < wire::kMethodNumberEnd ? ops_[method] : nullptr;
  if (row == nullptr) {
    replies->push_back({arrived.call, Failure{v1::ERROR_REASON_UNKNOWN_METHOD,
                                              "no op has number " + std::to_string(method)}});
    return std::nullopt;
  }
  Turn turn(*this, arrived, Turn::Try::kFirst);
  const Stamp& stamp = turn.stamp_;
  if (stamp.owner.session != kNoSession || stamp.seq != 0) {
    Reply reply{.call = stamp.call};
    const ReplyTable::Judgement judgement = Admit(&turn.stamp_, &reply);
    if (judgement.verdict == ReplyTable::Verdict::kWaits) return judgement.waits;
    if (judgement.verdict == ReplyTable::Verdict::kAnswered) {
      replies->push_back(std::move(reply));
      return std::nullopt;
    }
  }
  changed_state_ = false;
  const std::pair before(lifetime_.stirs(), last_token_);
  const bool parks = Try(*row, payload, turn, replies) == Outcome::Kind::kParked;
  if (parks) {
    Park(stamp, *row, payload, turn);
  } else if (turn.gave_up_) {
    TellLeft(turn);
  }
  if (!wakes_.empty() || !left_.empty() || lifetime_.in_doubt()) DrainWakes(stamp.now, replies);
  if (changed_state_ || before != std::pair(lifetime_.stirs(), last_token_)) {
    Log(Input::Kind::kOp, stamp, method, payload);
  }
  if (parks) BreakRings(stamp.call, stamp.now, replies);
  if (!shifted_.empty()) BreakShifted(stamp.now, replies);
  return parks ? std::optional(stamp.call) : std::nullopt;
}

Outcome::Kind Engine::Try(const OpRow& row, std::string_view payload, Turn& turn,
                          std::vector<Reply>* replies) {
  // Handlers cannot add replies; it stands there while this one works.
  Reply& reply = replies->emplace_back();
  reply.call = turn.stamp_.call;
  reply.payload = std::move(spare_payload_);
  const Outcome outcome = row.invoke(*this, row, payload, turn, &reply.payload);
  reply.durability = turn.durability_;
  bool change = turn.effect_;
  switch (outcome.kind()) {
    case Outcome::Kind::kDone:
      change |= lifetime_.sends() || !(row.method->read_only || turn.gave_up_);
      // An op that gave up waiting has not used what was made for it.
      if (row.method->read_only || turn.gave_up_) {
        DiscardCreated(turn);
      } else if (turn.object_ != nullptr) {
        turn.object_->provisional_ = false;
      }
      lifetime_.HandOut(turn.owner().session, turn.now());
      KeepAnswer(turn.stamp_, row, change, reply);
      break;
    case Outcome::Kind::kFailed:
      lifetime_.ForgetSent();
      DiscardCreated(turn);
      turn.wakes_.clear();  // Nothing changed, so nobody can proceed.
      reply.failure = outcome.failure();
      KeepAnswer(turn.stamp_, row, change, reply);
      break;
    case Outcome::Kind::kParked:
      lifetime_.ForgetSent();
      for (Object* object : created_) object->provisional_ = true;
      replies->pop_back();
      break;
  }
  changed_state_ |= change;
  created_.clear();
  if (!failed_.empty()) FailDeleted(replies);
  if (!turn.wakes_.empty()) TakeWakes(turn);
  if (!changed_.empty()) Record(row.method->number, payload, turn.owner().session);
  return outcome.kind();
}

void Engine::Park(const Stamp& stamp, const OpRow& row, std::string_view payload, Turn& turn) {
  const auto [place, fresh] = parked_.try_emplace(stamp.call);
  COHELD_CHECK(fresh);
  ParkedOp& op = place->second;
  op.stamp = stamp;
  op.site = stamp.site;
  op.stamp.site = op.site;
  op.row = &row;
  op.payload = payload;
  op.effect = turn.effect_;
  if (turn.park_timeout_ms_) op.deadline = After(stamp.now, *turn.park_timeout_ms_);
  turn.park_.queue->Add(&op, turn.park_.object);
  for (const Waitplace& other : turn.park_others_) other.queue->Add(&op, other.object);
  if (op.deadline != kNever) deadlines_.insert({op.deadline, stamp.call});
  changed_state_ = true;
  wait_graph_.Add(op);
  Session* session = sessions_.Find(stamp.owner.session);
  if (session == nullptr) return;
  session->parked.insert(stamp.call);
  if (stamp.seq != 0) session->replies.NoteWaiting(stamp);
}

bool Engine::Retry(ParkedOp& op, Turn::Try attempt, TimeMs now, std::vector<Reply>* replies) {
  Stamp stamp = op.stamp;
  stamp.now = now;
  if (Planted(PlantedBug::kGrantNotKept)) stamp.seq = 0;
  Turn turn(*this, stamp, attempt);
  turn.effect_ = op.effect;
  if (Try(*op.row, op.payload, turn, replies) == Outcome::Kind::kParked) {
    COHELD_CHECK(attempt == Turn::Try::kWoken && turn.park_.queue == op.place.queue &&
                 turn.park_others_.size() == op.others.size());
    op.effect = turn.effect_;
    return false;
  }
  // In the other queues of an op that stood in many it may have been in the way of the next.
  for (const ParkedOp::Place& other : op.others) {
    if (!Planted(PlantedBug::kOneLineWoken)) wakes_.push_back({other.queue, false});
  }
  if (!op.others.empty()) wakes_.push_back({op.place.queue, false});
  Unpark(stamp.call);
  if (turn.gave_up_) TellLeft(turn);
  return true;
}

void Engine::TellLeft(const Turn& turn) {
  TellLeft(turn.park_, turn.stamp_);
  for (const Waitplace& other : turn.park_others_) TellLeft(other, turn.stamp_);
}

bool Engine::Watches(const Object* object, const WaitQueue* queue) {
  return object->history_ != nullptr && queue == &object->history_->watchers;
}

void Engine::TellLeft(const Waitplace& place, const Stamp& waiter) {
  if (Watches(place.object, place.queue)) return;
  Turn turn(*this, waiter, Turn::Try::kFirst);
  turn.object_ = place.object;
  place.object->WaiterLeft(waiter, turn);
  TakeWakes(turn);
  Record(0, {}, waiter.owner.session);
}

void Engine::TakeWakes(Turn& turn) {
  for (const Turn::WakeRequest& wake : turn.wakes_) {
    // Of what is freed together each may wake the same queue.
    if (wakes_.empty() || wakes_.back() != wake) wakes_.push_back(wake);
  }
  turn.wakes_.clear();
}

void Engine::DrainWakes(TimeMs now, std::vector<Reply>* replies) {
  while (!wakes_.empty() || lifetime_.in_doubt()) {
    if (wakes_.empty()) {
      Settle(now, replies);
      Record(0, {}, kNoSession);
      continue;
    }
    const Turn::WakeRequest wake = wakes_.front();
    wakes_.pop_front();
    if (!wake.all) {
      while (!wake.queue->empty() &&
             Retry(*wake.queue->ops().front(), Turn::Try::kWoken, now, replies)) {
      }
      continue;
    }
    std::vector<CallId> calls;
    for (const ParkedOp* op : wake.queue->ops()) calls.push_back(op->stamp.call);
    for (const CallId call : calls) {
      const auto found = parked_.find(call);
      if (found != parked_.end()) Retry(found->second, Turn::Try::kWoken, now, replies);
    }
  }
  SweepProvisional();
}

void Engine::Unpark(CallId call) {
  const auto found = parked_.find(call);
  COHELD_CHECK(found != parked_.end());
  ParkedOp& op = found->second;
  ForEachPlace(op, [this](const ParkedOp::Place& place) {
    if (place.object->provisional_) left_.push_back(place.object->name());
  });
  wait_graph_.Remove(op);
  WaitQueue::Leave(&op);
  if (op.deadline != kNever) deadlines_.erase({op.deadline, call});
  if (Session* session = sessions_.Find(op.stamp.owner.session)) {
    session->parked.erase(call);
    if (op.stamp.seq != 0) session->replies.ForgetWaiting(op.stamp);
  }
  parked_.erase(found);
}

void Engine::FailParked(CallId call, Failure failure, bool keep, std::vector<Reply>* replies) {
  const ParkedOp& op = parked_.at(call);
  Reply reply{.call = call, .failure = std::move(failure)};
  if (keep) KeepAnswer(op.stamp, *op.row, op.effect, reply);
  replies->push_back(std::move(reply));
  Unpark(call);
}

void Engine::OpenSession(SessionId id, const v1::SessionLabel& label, uint64_t ttl_ms, TimeMs now) {
  sessions_.Open(id, label, ttl_ms, now);
  last_session_ = std::max(last_session_, id);
  Log(Input::Kind::kOpenSession, {.owner = {.session = id}, .now = now}, 0,
      log_ == nullptr ? std::string() : label.SerializeAsString(), ttl_ms);
}

void Engine::EndSession(SessionId id, TimeMs now, std::vector<Reply>* replies) {
  const Lifetime::Scope scope(lifetime_);
  Session* session = sessions_.Find(id);
  if (session == nullptr) return;
  Turn turn(*this, {.owner = {.session = id}, .now = now}, Turn::Try::kFirst);
  // First its waits, so that nothing is granted to it any more.
  struct Left {
    Stamp waiter;
    std::string name;
    WaitQueue* queue;
  };
  std::vector<Left> left;
  for (const CallId call : std::set<CallId>(session->parked)) {
    const ParkedOp& op = parked_.at(call);
    ForEachPlace(op, [&](const ParkedOp::Place& place) {
      if (Watches(place.object, place.queue)) return;
      left.push_back({StampAtEnd(op, now), place.object->name(), place.queue});
    });
    FailParked(call, Expired(id), false, replies);
  }
  // Then what goes with it, so that nothing is granted on that.
  if (!Planted(PlantedBug::kHandlesOutliveSession)) lifetime_.TakeAllHandles(id);
  Settle(now, replies);
  lifetime_.FindCyclesAtEnd();
  Settle(now, replies);
  Record(0, {}, id);
  for (const auto& [waiter, name, queue] : left) {
    const Store::Held* held = store_.Find(name);
    if (held == nullptr) continue;
    turn.Wake(*queue);
    TellLeft({held->object.get(), queue}, waiter);
  }
  for (const std::string& name : std::set<std::string>(session->held)) {
    const Store::Held* held = store_.Find(name);
    COHELD_CHECK(held != nullptr);
    if (!Planted(PlantedBug::kLockOutlivesSession)) held->object->ForgetSession(id, turn);
  }
  Record(0, {}, id);
  sessions_.Erase(id);
  TakeWakes(turn);
  DrainWakes(now, replies);
  Log(Input::Kind::kEndSession, {.owner = {.session = id}, .now = now});
  BreakShifted(now, replies);
}

Object* Engine::CreateAnonymous(const TypeRow& type) {
  Object* object = store_.Create(type, store_.NextAnonymousName());
  lifetime_.Begin(*object, type.word);
  created_.push_back(object);
  return object;
}

Result<Object*> Engine::CreateObject(const TypeRow& type, std::string_view name, Turn& turn) {
  if (name.empty()) {
    if (turn.owner().session == kNoSession) {
      return Failure{
          v1::ERROR_REASON_SESSION_REQUIRED,
          "an anonymous object lives while a session has a handle on it; open a session or give a "
          "name"};
    }
    lifetime_.GiveHandle(turn.owner().session, *CreateAnonymous(type)->tenure_);
  } else {
    if (IsAnonymous(name)) {
      return Failure{
          v1::ERROR_REASON_INVALID_NAME,
          "\"" + std::string(name) + "\": names that begin with ~ are given by the daemon"};
    }
    if (std::optional<Failure> failure = CheckName(name)) return *failure;
    if (store_.IsElsewhere(name)) {
      return CrossShard(turn.object_ == nullptr ? std::string() : turn.object_->name(),
                        std::string(name));
    }
    created_.push_back(store_.Create(type, std::string(name)));
  }
  return created_.back();
}

void Engine::Discard(Turn& turn) {
  turn.gave_up_ = false;  // The objects that it would leave are gone.
  for (Object* object : std::exchange(created_, {})) {
    lifetime_.TakeHandles(turn.owner().session, object->name(), 1);
    Unlist(*object);
    store_.Discard(object->name());
  }
}

void Engine::SweepProvisional() {
  for (const std::string& name : std::exchange(left_, {})) {
    const Store::Held* held = store_.Find(name);
    if (held == nullptr || !held->object->provisional()) continue;
    const std::vector<WaitQueue*> queues = held->object->all_queues();
    if (std::all_of(queues.begin(), queues.end(), [](auto* queue) { return queue->empty(); })) {
      Unlist(*held->object);
      store_.Discard(name);
    }
  }
}

void Engine::Settle(TimeMs now, std::vector<Reply>* replies) {
  while (Object* object = lifetime_.NextUnkept(now)) DeleteObject(object->name());
  lifetime_.FindCyclesIfWorth();
  FailDeleted(replies);
}

void Engine::Record(uint32_t method, std::string_view payload, SessionId session) {
  for (Object* object : std::exchange(changed_, {})) {
    History& history = *object->history_;
    history.Add({.version = object->version(),
                 .method = method,
                 .payload = std::string(payload),
                 .session = session});
    if (history.idle()) {
      std::erase_if(wakes_, [&](const auto& wake) { return wake.queue == &history.watchers; });
      object->history_.reset();
    } else if (!history.watchers.empty() && !Planted(PlantedBug::kWatcherNotWoken)) {
      wakes_.push_back({&history.watchers, true});
    }
  }
}

History& Engine::HistoryOf(Object& object) {
  if (object.history_ == nullptr) {
    object.history_ = std::make_unique<History>(object.version(), &changed_);
  }
  return *object.history_;
}

void Engine::FailDeleted(std::vector<Reply>* replies) {
  for (auto& [call, failure] : std::exchange(failed_, {})) {
    FailParked(call, std::move(failure), true, replies);
  }
}

void Engine::Unlist(Object& object) {
  for (const Hold& hold : object.holds()) {
    if (Session* session = sessions_.Find(hold.owner.session)) session->ForgetHold(object.name());
  }
  SetAlarm(object, kNever);
  lifetime_.End(object);
}

bool Engine::DeleteObject(std::string_view name) {
  const Store::Held* held = store_.Find(name);
  if (held == nullptr) return false;
  Object& object = *held->object;
  const std::vector<WaitQueue*> queues = object.all_queues();
  for (WaitQueue* queue : queues) {
    while (!queue->empty()) {
      ParkedOp* op = queue->ops().front();
      const CallId call = op->stamp.call;
      failed_.push_back({call,
                         {v1::ERROR_REASON_OBJECT_DELETED,
                          "\"" + object.name() + "\" was deleted while the op waited on it"}});
      ForEachPlace(*op, [&](const ParkedOp::Place& place) {
        if (place.object != &object) wakes_.push_back({place.queue, false});
      });
      WaitQueue::Leave(op);
    }
  }
  if (!queues.empty()) {
    std::erase_if(wakes_, [&](const Turn::WakeRequest& wake) {
      return std::find(queues.begin(), queues.end(), wake.queue) != queues.end();
    });
  }
  Unlist(object);
  Turn turn(*this, {}, Turn::Try::kFirst);
  object.Ending(turn);
  TakeWakes(turn);
  std::erase(changed_, &object);
  // The name of an anonymous object is never given again: its version can mislead nobody.
  if (IsAnonymous(name)) {
    store_.Discard(name);
  } else {
    store_.Erase(name);
  }
  return true;
}

}  // namespace coheld::engine
