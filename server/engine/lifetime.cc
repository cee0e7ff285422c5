// See lifetime.h.
#include "server/engine/lifetime.h"

#include <algorithm>

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/store.h"
#include "server/engine/value.h"

namespace coheld::engine {

constinit thread_local Lifetime* Lifetime::current_ = nullptr;

namespace {

// For so many the memory is kept from op to op.
constexpr size_t kDoubtedKeptMax = 1024;

// Calls `visit` with the tenure of each anonymous object to which the value refers.
template <typename Visit>
void ForEachReferred(const Value& value, Visit& visit) {
  switch (value.kind()) {
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
      for (const Value& item : value.items()) ForEachReferred(item, visit);
      return;
    case ValueKind::kMap:
      for (const auto& [key, held] : value.entries()) {
        ForEachReferred(key, visit);
        ForEachReferred(held, visit);
      }
      return;
    case ValueKind::kRef:
      if (value.tenure() != nullptr) visit(*value.tenure());
      return;
    case ValueKind::kOpaque:
      for (const Value& ref : value.kept()) ForEachReferred(ref, visit);
      return;
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
    case ValueKind::kReal:
    case ValueKind::kText:
    case ValueKind::kBytes:
      return;
  }
}

bool OnlyReferred(const Tenure& tenure) {
  return tenure.object != nullptr && tenure.handles == 0 && tenure.object->end() == kNever;
}

}  // namespace

Lifetime::~Lifetime() {
  EndLoad();
  for (Tenure* tenure : suspects_) {
    tenure->suspect = false;
    DeleteIfUnused(tenure);
  }
  for (size_t i = next_doubted_; i < doubted_.size(); ++i) {
    doubted_[i]->doubted = false;
    DeleteIfUnused(doubted_[i]);
  }
}

bool Lifetime::IsElsewhere(std::string_view name) const { return store_.IsElsewhere(name); }

void Lifetime::Begin(Object& object, std::string_view type) {
  object.tenure_ =
      new Tenure{.lifetime = this, .object = &object, .name = object.name(), .type = type};
  ++anonymous_;
  Doubt(*object.tenure_);
}

void Lifetime::End(Object& object) {
  if (object.end() != kNever) SetEnd(object, kNever);
  if (object.tenure_ == nullptr) return;
  object.tenure_->object = nullptr;
  DeleteIfUnused(std::exchange(object.tenure_, nullptr));
  --anonymous_;
}

Tenure* Lifetime::Find(std::string_view name) const {
  if (!IsAnonymous(name)) return nullptr;
  const Store::Held* held = store_.Find(name);
  return held == nullptr ? nullptr : held->object->tenure_;
}

void Lifetime::Unrefer(Tenure& tenure) {
  --tenure.references;
  if (tenure.object == nullptr) return tenure.lifetime->DeleteIfUnused(&tenure);
  if (tenure.handles == 0) tenure.lifetime->Doubt(tenure);
}

void Lifetime::Doubt(Tenure& tenure) {
  if (std::exchange(tenure.doubted, true)) return;
  ++stirs_;
  doubted_.push_back(&tenure);
}

void Lifetime::DeleteIfUnused(Tenure* tenure) {
  const bool used = tenure->object != nullptr || tenure->references > 0 || tenure->handles > 0 ||
                    tenure->doubted || tenure->suspect;
  if (!used) delete tenure;
}

// --- Handles ---

void Lifetime::GiveHandle(SessionId session, Tenure& tenure) {
  Session* holder = sessions_.Find(session);
  COHELD_CHECK(holder != nullptr);
  Session::Handles& handles = holder->handles[tenure.name];
  handles.tenure = &tenure;
  ++handles.count;
  ++tenure.handles;
}

uint64_t Lifetime::TakeHandles(SessionId session, std::string_view name, uint64_t count) {
  Session* holder = sessions_.Find(session);
  if (holder == nullptr) return 0;
  const auto found = holder->handles.find(name);
  if (found == holder->handles.end()) return 0;
  Tenure& tenure = *found->second.tenure;
  count = std::min(count, found->second.count);
  tenure.handles -= count;
  found->second.count -= count;
  if (found->second.count == 0) holder->handles.erase(found);
  if (tenure.handles > 0) return count;
  if (tenure.object != nullptr) Doubt(tenure);
  DeleteIfUnused(&tenure);
  return count;
}

void Lifetime::TakeAllHandles(SessionId session) {
  Session* holder = sessions_.Find(session);
  COHELD_CHECK(holder != nullptr);
  while (!holder->handles.empty()) {
    const std::string name = holder->handles.begin()->first;
    TakeHandles(session, name, UINT64_MAX);
  }
}

uint64_t Lifetime::HandlesOf(SessionId session, std::string_view name) const {
  const Session* holder = std::as_const(sessions_).Find(session);
  if (holder == nullptr) return 0;
  const auto found = holder->handles.find(name);
  return found == holder->handles.end() ? 0 : found->second.count;
}

void Lifetime::HandOutSent(SessionId session, TimeMs now) {
  for (Tenure* tenure : sent_) {
    if (tenure->object == nullptr) continue;
    if (session != kNoSession) {
      GiveHandle(session, *tenure);
    } else {
      KeepUntil(*tenure->object, After(now, kGraceMsDefault));
    }
  }
  sent_.clear();
}

// --- Graces and TTLs ---

void Lifetime::KeepUntil(Object& object, TimeMs end) {
  if (object.end() == kNever || object.end() < end) SetEnd(object, end);
}

void Lifetime::EndAt(Object& object, TimeMs end) { SetEnd(object, end); }

void Lifetime::SetEnd(Object& object, TimeMs end) {
  if (object.end_ != kNever) ends_.erase({object.end_, object.name()});
  object.end_ = end;
  if (end != kNever) ends_.insert({end, object.name()});
}

void Lifetime::Rearm(uint64_t stalled_ms) {
  for (const auto& [end, name] : std::exchange(ends_, {})) {
    store_.Find(name)->object->end_ = kNever;
    SetEnd(*store_.Find(name)->object, After(end, stalled_ms));
  }
}

TimeMs Lifetime::NextDeadline() const {
  return ends_.empty() ? find_cycles_at_ : std::min(ends_.begin()->first, find_cycles_at_);
}

Object* Lifetime::NextOverdue(TimeMs now) {
  while (!ends_.empty() && ends_.begin()->first <= now) {
    Object& object = *store_.Find(ends_.begin()->second)->object;
    SetEnd(object, kNever);
    if (object.tenure_ == nullptr) return &object;
    Doubt(*object.tenure_);
  }
  if (find_cycles_at_ <= now) FindCycles();
  return nullptr;
}

// --- What nothing keeps ---

Object* Lifetime::NextUnkept(TimeMs now) {
  while (next_doubted_ < doubted_.size()) {
    Tenure* const tenure = doubted_[next_doubted_++];
    tenure->doubted = false;
    if (tenure->object == nullptr) {
      DeleteIfUnused(tenure);
      continue;
    }
    if (tenure->condemned) return tenure->object;
    if (!OnlyReferred(*tenure)) continue;
    if (tenure->references == 0) return tenure->object;
    if (std::exchange(tenure->suspect, true)) continue;
    suspects_.push_back(tenure);
    if (find_cycles_at_ == kNever) {
      find_cycles_at_ = After(now, kCyclesDelayMs + last_search_ / kCyclesValuesPerMs);
    }
  }
  if (doubted_.capacity() > kDoubtedKeptMax) {
    doubted_ = {};
  } else {
    doubted_.clear();
  }
  next_doubted_ = 0;
  return nullptr;
}

void Lifetime::FindCyclesIfWorth() {
  if (suspects_.size() < kCyclesSuspectsMin) return;
  if (suspects_.size() >= last_search_ / kCyclesValuesPerSuspect) FindCycles();
}

void Lifetime::FindCyclesAtEnd() {
  if (last_search_ <= kCyclesValuesAtEndMax) FindCycles();
}

// Trial deletion. An object that only references keep, and all of whose references come from
// objects that were reached and are not alive themselves, is garbage.
void Lifetime::FindCycles() {
  find_cycles_at_ = kNever;
  if (suspects_.empty()) return;
  const std::vector<Tenure*> reached = Reach();
  std::vector<Tenure*> alive;
  const auto enliven = [&](Tenure& tenure) {
    if (tenure.mark != Tenure::Mark::kReached) return;
    tenure.mark = Tenure::Mark::kAlive;
    alive.push_back(&tenure);
  };
  for (Tenure* tenure : reached) {
    if (tenure->unexplained > 0) enliven(*tenure);
  }
  const ValueVisitor visit = [&](const Value& value) { ForEachReferred(value, enliven); };
  while (!alive.empty()) {
    Tenure* const tenure = alive.back();
    alive.pop_back();
    tenure->object->VisitValues(visit);
  }
  for (Tenure* tenure : reached) {
    if (tenure->mark == Tenure::Mark::kReached) {
      tenure->condemned = true;
      Doubt(*tenure);
    }
    tenure->mark = Tenure::Mark::kNone;
  }
}

std::vector<Tenure*> Lifetime::Reach() {
  std::vector<Tenure*> reached;
  const auto reach = [&](Tenure& tenure) {
    if (tenure.mark != Tenure::Mark::kNone || !OnlyReferred(tenure)) return;
    tenure.mark = Tenure::Mark::kReached;
    tenure.unexplained = tenure.references;
    reached.push_back(&tenure);
  };
  for (Tenure* tenure : std::exchange(suspects_, {})) {
    tenure->suspect = false;
    if (tenure->object == nullptr) {
      DeleteIfUnused(tenure);
    } else {
      reach(*tenure);
    }
  }
  uint64_t looked_at = 0;
  const auto explain = [&](Tenure& tenure) {
    reach(tenure);
    if (tenure.mark == Tenure::Mark::kReached) --tenure.unexplained;
  };
  const ValueVisitor visit = [&](const Value& value) {
    ++looked_at;
    ForEachReferred(value, explain);
  };
  for (size_t i = 0; i < reached.size(); ++i) reached[i]->object->VisitValues(visit);
  last_search_ = std::max(looked_at + reached.size(), last_search_ / 2);
  return reached;
}

}  // namespace coheld::engine
