// See naive_model.h.
#include "tests/unit/engine/naive_model.h"

#include <algorithm>
#include <cstdint>

#include "tests/unit/engine/op_messages.h"

namespace coheld::engine::testing {
namespace {

using Kind = RandomOp::Kind;

// Reads see an empty thing where there is none, and make none.
bool IsRead(Kind kind) {
  return kind == Kind::kPeek || kind == Kind::kJoin || kind == Kind::kLen ||
         kind == Kind::kInspect || kind == Kind::kWait;
}

bool IsPut(Kind kind) { return kind == Kind::kPut || kind == Kind::kPutMany; }
bool IsGet(Kind kind) { return kind == Kind::kGet || kind == Kind::kGetMany; }

// Ops that wait for the same must be served in order of arrival.
bool SameLine(Kind a, Kind b) {
  return (IsPut(a) && IsPut(b)) || (IsGet(a) && IsGet(b)) ||
         (a == Kind::kAcquire && b == Kind::kAcquire);
}

bool IsFailure(const std::string& answer) { return answer[0] >= 'A' && answer[0] <= 'Z'; }

// The index of the item that leaves next.
size_t NextItem(int kind, const std::vector<int64_t>& items) {
  if (kind == 2) return items.size() - 1;
  if (kind == 3) {
    return static_cast<size_t>(std::min_element(items.begin(), items.end()) - items.begin());
  }
  return 0;
}

// What an op is told when its time is up.
std::string TimedOut(const RandomOp& op, int64_t value, uint64_t version) {
  if (IsPut(op.kind)) return "QUEUE_FULL";
  if (IsGet(op.kind)) return "QUEUE_EMPTY";
  if (op.kind == Kind::kWait) {
    return "changed 0 value " + std::to_string(value) + Count(" version", version);
  }
  return op.kind == Kind::kJoin ? "joined 0" : "acquired 0";
}

}  // namespace

std::string NaiveModel::Put(Thing& thing, const RandomOp& op) {
  thing.items.insert(thing.items.end(), op.items.begin(), op.items.end());
  thing.unfinished += op.items.size();
  if (!op.items.empty()) ++thing.version;
  return Count("length", thing.items.size());
}

std::optional<std::string> NaiveModel::AttemptQueue(Thing& thing, const RandomOp& op) {
  if (op.kind == Kind::kQueueCreate) {
    if (thing.made) return "created 0";
    thing.kind = op.mode;
    thing.maxsize = op.number;
    ++thing.version;
    return "created 1";
  }
  if (IsPut(op.kind)) {
    if (op.items.empty()) return Put(thing, op);
    if (thing.maxsize > 0 && op.items.size() > thing.maxsize) return "TOO_LARGE";
    if (thing.maxsize > 0 && thing.items.size() + op.items.size() > thing.maxsize) return {};
    return Put(thing, op);
  }
  if (IsGet(op.kind)) {
    if (thing.items.empty()) return {};
    const uint64_t most = op.kind == Kind::kGet ? 1 : op.number == 0 ? UINT64_MAX : op.number;
    std::string answer = "items";
    for (uint64_t taken = 0; taken < most && !thing.items.empty(); ++taken) {
      const auto next =
          thing.items.begin() + static_cast<std::ptrdiff_t>(NextItem(thing.kind, thing.items));
      answer += " " + std::to_string(*next);
      thing.items.erase(next);
    }
    ++thing.version;
    return answer;
  }
  if (op.kind == Kind::kPeek) {
    if (thing.items.empty()) return "nothing";
    return "next " + std::to_string(thing.items[NextItem(thing.kind, thing.items)]);
  }
  if (op.kind == Kind::kTaskDone) {
    const uint64_t count = std::max<uint64_t>(op.number, 1);
    if (count > thing.unfinished) return "TASK_DONE_TOO_OFTEN";
    thing.unfinished -= count;
    ++thing.version;
    return Count("unfinished", thing.unfinished);
  }
  if (op.kind == Kind::kJoin) {
    if (thing.unfinished > 0) return {};
    return "joined 1";
  }
  if (op.kind == Kind::kPurge) {
    const uint64_t count = thing.items.size();
    thing.items.clear();
    thing.unfinished -= std::min(count, thing.unfinished);
    if (count > 0) ++thing.version;
    return Count("removed", count);
  }
  return Count("length", thing.items.size()) + Count(" unfinished", thing.unfinished) +
         Count(" kind", static_cast<uint64_t>(thing.kind)) + Count(" maxsize", thing.maxsize);
}

std::optional<std::string> NaiveModel::AttemptLock(Thing& thing, const RandomOp& op) {
  const std::pair<uint64_t, uint64_t> caller = {op.session, op.thread};
  if (op.kind == Kind::kLockCreate) {
    if (thing.made) return "created 0";
    thing.anyone_releases = op.mode == 2;
    ++thing.version;
    return "created 1";
  }
  if (op.kind == Kind::kAcquire) {
    if (op.session == 0) return "SESSION_REQUIRED";
    if (thing.owner) return {};
    thing.owner = caller;
    lost_.erase({op.object, caller});
    ++thing.version;
    return "acquired 1";
  }
  if (op.kind == Kind::kRelease) {
    if (thing.owner != caller && lost_.contains({op.object, caller})) return "LOCK_LOST";
    if (!thing.owner) return "LOCK_NOT_HELD";
    if (!thing.anyone_releases && *thing.owner != caller) return "LOCK_NOT_OWNER";
    thing.owner.reset();
    ++thing.version;
    return "released";
  }
  const auto owner = thing.owner.value_or(std::pair<uint64_t, uint64_t>{0, 0});
  return Count("held", thing.owner ? 1 : 0) + Count(" by", owner.first) +
         Count(" thread", owner.second) + Count(" waiters", thing.waiters.size());
}

std::optional<std::string> NaiveModel::AttemptValue(Thing& thing, const RandomOp& op) {
  if (op.kind == Kind::kWait) {
    if (thing.version <= op.number) return {};
    return "changed 1 value " + std::to_string(thing.value) + Count(" version", thing.version);
  }
  const auto operand = static_cast<int64_t>(op.number);
  thing.value = op.kind == Kind::kAdd ? thing.value + operand : operand;
  ++thing.version;
  return Count("version", thing.version);
}

std::optional<std::string> NaiveModel::Attempt(Thing& thing, const RandomOp& op) {
  if (op.kind < Kind::kLockCreate) return AttemptQueue(thing, op);
  if (op.kind < Kind::kSet) return AttemptLock(thing, op);
  return AttemptValue(thing, op);
}

Answers NaiveModel::Apply(const RandomOp& op, int64_t now) {
  Answers answers;
  if (op.session != 0 && !sessions_.contains(op.session)) return {{op.call, "SESSION_EXPIRED"}};
  if (op.kind == Kind::kDelete) {
    answers[op.call] = Delete(op.object, &answers);
    return answers;
  }
  const bool missing = !things_.contains(op.object);
  Thing fresh;
  fresh.version = version_floor_;
  Thing& thing = missing ? fresh : things_[op.object];
  const bool behind = std::any_of(thing.waiters.begin(), thing.waiters.end(),
                                  [&](auto& waiter) { return SameLine(waiter.op.kind, op.kind); });
  // What an op that has to queue would be refused for, it is refused for at once.
  const bool hopeless =
      (op.kind == Kind::kAcquire && op.session == 0) ||
      (op.kind == Kind::kPutMany &&
       (op.items.empty() || (thing.maxsize > 0 && op.items.size() > thing.maxsize)));
  std::optional<std::string> answer;
  if (!behind || hopeless) answer = Attempt(thing, op);
  const bool waits = !answer && op.timeout_ms != uint64_t{0};
  if (!waits) {
    answers[op.call] = answer ? *answer : TimedOut(op, thing.value, thing.version);
    const bool done = !IsFailure(answers[op.call]) && !IsRead(op.kind);
    if (done) thing.made = true;
    if (missing && done) things_[op.object] = fresh;
  } else {
    const int64_t deadline = op.timeout_ms ? now + static_cast<int64_t>(*op.timeout_ms) : INT64_MAX;
    thing.waiters.push_back({op, deadline});
    if (missing) things_[op.object] = fresh;
  }
  Settle(&answers);
  return answers;
}

std::string NaiveModel::Delete(const std::string& name, Answers* answers) {
  const auto found = things_.find(name);
  if (found == things_.end()) return "deleted 0";
  for (const Waiter& waiter : found->second.waiters) (*answers)[waiter.op.call] = "OBJECT_DELETED";
  if (found->second.owner) lost_.insert({name, *found->second.owner});
  version_floor_ = std::max(version_floor_, found->second.version + 1);
  things_.erase(found);
  return "deleted 1";
}

bool NaiveModel::GrantFirst(Thing& thing, std::initializer_list<Kind> role, Answers* answers) {
  const auto first = std::find_if(thing.waiters.begin(), thing.waiters.end(), [&](auto& waiter) {
    return std::find(role.begin(), role.end(), waiter.op.kind) != role.end();
  });
  if (first == thing.waiters.end()) return false;
  const std::optional<std::string> answer = Attempt(thing, first->op);
  if (!answer) return false;
  (*answers)[first->op.call] = *answer;
  if (!IsFailure(*answer) && !IsRead(first->op.kind)) thing.made = true;
  thing.waiters.erase(first);
  return true;
}

void NaiveModel::Settle(Answers* answers) {
  for (auto& [name, thing] : things_) {
    for (bool granted = true; granted;) {
      granted = false;
      while (GrantFirst(thing, {Kind::kJoin}, answers)) granted = true;
      while (GrantFirst(thing, {Kind::kGet, Kind::kGetMany}, answers)) granted = true;
      while (GrantFirst(thing, {Kind::kPut, Kind::kPutMany}, answers)) granted = true;
      while (GrantFirst(thing, {Kind::kAcquire}, answers)) granted = true;
    }
    // Each watcher waits for a version of its own: none is behind another.
    for (size_t i = 0; i < thing.waiters.size();) {
      const RandomOp& op = thing.waiters[i].op;
      const auto answer = op.kind == Kind::kWait ? Attempt(thing, op) : std::nullopt;
      if (answer) (*answers)[op.call] = *answer;
      if (answer) thing.waiters.erase(thing.waiters.begin() + static_cast<std::ptrdiff_t>(i));
      if (!answer) ++i;
    }
  }
  std::erase_if(things_, [](const auto& entry) {
    return !entry.second.made && entry.second.waiters.empty();
  });
}

template <typename Match>
void NaiveModel::Dismiss(const std::string& answer, Answers* answers, Match match) {
  for (auto& [name, thing] : things_) {
    std::erase_if(thing.waiters, [&](const Waiter& waiter) {
      if (match(waiter)) (*answers)[waiter.op.call] = answer;
      return match(waiter);
    });
  }
}

Answers NaiveModel::Cancel(uint64_t call) {
  Answers answers;
  Dismiss("CANCELLED", &answers, [&](const Waiter& waiter) { return waiter.op.call == call; });
  Settle(&answers);
  return answers;
}

Answers NaiveModel::EndSession(uint64_t session) {
  Answers answers;
  if (sessions_.erase(session) == 0) return answers;
  Dismiss("SESSION_EXPIRED", &answers,
          [&](const Waiter& waiter) { return waiter.op.session == session; });
  for (auto& [name, thing] : things_) {
    if (thing.owner && thing.owner->first == session) {
      thing.owner.reset();
      ++thing.version;
    }
  }
  Settle(&answers);
  return answers;
}

Answers NaiveModel::Advance(int64_t now) {
  Answers answers;
  while (true) {
    const Waiter* next = nullptr;
    const Thing* place = nullptr;
    for (const auto& [name, thing] : things_) {
      for (const Waiter& waiter : thing.waiters) {
        if (waiter.deadline > now) continue;
        const auto key = std::pair(waiter.deadline, waiter.op.call);
        if (next != nullptr && std::pair(next->deadline, next->op.call) < key) continue;
        next = &waiter;
        place = &thing;
      }
    }
    if (next == nullptr) return answers;
    const uint64_t call = next->op.call;
    Dismiss(TimedOut(next->op, place->value, place->version), &answers,
            [&](const Waiter& waiter) { return waiter.op.call == call; });
    Settle(&answers);
  }
}

std::vector<uint64_t> NaiveModel::Waiting() const {
  std::vector<uint64_t> calls;
  for (const auto& [name, thing] : things_) {
    for (const Waiter& waiter : thing.waiters) calls.push_back(waiter.op.call);
  }
  std::sort(calls.begin(), calls.end());
  return calls;
}

}  // namespace coheld::engine::testing
