// See data_model.h.
#include "tests/simulation/data_model.h"

#include <algorithm>

#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {
namespace {

using engine::testing::Count;
using Kind = DataOp::Kind;

bool IsPut(Kind kind) { return kind == Kind::kPut || kind == Kind::kPutMany; }
bool IsGet(Kind kind) {
  return kind == Kind::kGet || kind == Kind::kGetMany || kind == Kind::kLease;
}

bool IsRead(Kind kind) {
  return kind == Kind::kValueGet || kind == Kind::kDictGet || kind == Kind::kListLen ||
         kind == Kind::kCounterGet || kind == Kind::kSetLen || kind == Kind::kQueueLen ||
         kind == Kind::kJoin;
}

std::string Number(const char* word, int64_t number) {
  return (*word == 0 ? "" : std::string(word)) + " " + std::to_string(number);
}

std::string TimedOut(Kind kind) {
  if (IsPut(kind)) return "QUEUE_FULL";
  return IsGet(kind) ? "QUEUE_EMPTY" : "joined 0";
}

}  // namespace

void DataModel::AddQueue(const std::string& name, const QueueTraits& traits) {
  Queue& queue = queues_[name];
  queue.kind = traits.kind;
  queue.maxsize = traits.maxsize;
  queue.deliveries_max = traits.deliveries_max;
  queue.dead_letter = traits.dead_letter;
}

std::string DataModel::AttemptData(const DataOp& op) {
  switch (op.kind) {
    case Kind::kValueGet:
      return Number("value", values_[op.object]);
    case Kind::kValueSet:
      values_[op.object] = op.number;
      return "set";
    case Kind::kValueAdd:
      return Number("value", values_[op.object] += op.number);
    case Kind::kValueExchange: {
      int64_t& value = values_[op.object];
      if (value != op.key) return Number("current", value);
      value = op.number;
      return Number("exchanged", op.number);
    }
    case Kind::kDictGet: {
      const auto found = dicts_[op.object].find(op.key);
      return found == dicts_[op.object].end() ? "nothing" : Number("value", found->second);
    }
    case Kind::kDictSet:
      dicts_[op.object][op.key] = op.number;
      return Count("length", dicts_[op.object].size());
    case Kind::kDictPop: {
      const auto found = dicts_[op.object].find(op.key);
      if (found == dicts_[op.object].end()) return "nothing";
      const std::string words = Number("value", found->second);
      dicts_[op.object].erase(found);
      return words;
    }
    case Kind::kDictIncrement:
      return Number("value", dicts_[op.object][op.key] += op.number);
    case Kind::kListAppend:
      lists_[op.object].push_back(op.number);
      return Count("length", lists_[op.object].size());
    case Kind::kListPop: {
      std::vector<int64_t>& list = lists_[op.object];
      if (list.empty()) return "INDEX_OUT_OF_RANGE";
      const int64_t last = list.back();
      list.pop_back();
      return Number("value", last) + Count(" length", list.size());
    }
    case Kind::kListLen:
      return Count("length", lists_[op.object].size());
    case Kind::kCounterGet:
      return Number("value", counters_[op.object]);
    case Kind::kCounterAdd:
      return Number("value", counters_[op.object] += op.number);
    case Kind::kSetLen:
      return Count("length", sets_[op.object].size());
    case Kind::kSetAdd:
      return Count("added", sets_[op.object].insert(op.number).second);
    case Kind::kSetDiscard:
      return Count("removed", sets_[op.object].erase(op.number));
    case Kind::kQueueLen:
    case Kind::kPut:
    case Kind::kPutMany:
    case Kind::kGet:
    case Kind::kGetMany:
    case Kind::kTaskDone:
    case Kind::kJoin:
    case Kind::kLease:
    case Kind::kAck:
    case Kind::kNack:
    case Kind::kExtend:
    case Kind::kComplete:
      break;
  }
  return "";
}

bool DataModel::IsBehind(const DataOp& op) const {
  return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& other) {
    return other.op.call < op.call && other.op.object == op.object &&
           ((IsPut(other.op.kind) && IsPut(op.kind)) || (IsGet(other.op.kind) && IsGet(op.kind)));
  });
}

bool DataModel::IsWaiting(uint64_t call) const {
  return std::any_of(waiters_.begin(), waiters_.end(),
                     [&](const Waiter& waiter) { return waiter.op.call == call; });
}

DataModel::Item DataModel::TakeNext(Queue& queue) {
  const auto before = [&](const Item& a, const Item& b) {
    if (queue.kind == QueueKind::kPriority) return a.value < b.value;
    return queue.kind == QueueKind::kLifo ? a.place > b.place : a.place < b.place;
  };
  const auto next = std::min_element(queue.items.begin(), queue.items.end(), before);
  const Item item = *next;
  queue.items.erase(next);
  return item;
}

std::string DataModel::Take(Queue& queue, uint64_t most) {
  std::string words = "items";
  for (uint64_t taken = 0; taken < most && !queue.items.empty(); ++taken) {
    words += " " + std::to_string(TakeNext(queue).value);
  }
  return words;
}

std::string DataModel::Lease(Queue& queue, const DataOp& op, int64_t now) {
  std::string words = "leased";
  const uint64_t most = std::max<uint64_t>(static_cast<uint64_t>(op.number), 1);
  for (uint64_t taken = 0; taken < most && !queue.items.empty(); ++taken) {
    Leased leased = {
        .item = TakeNext(queue), .grant = GrantOf(op.call, taken), .session = op.session};
    ++leased.item.attempts;
    leased.visibility_ms = static_cast<int64_t>(op.visibility_ms);
    if (leased.visibility_ms != 0) leased.until_ms = now + leased.visibility_ms;
    words += Number("", leased.item.value) + Count(" attempt", leased.item.attempts);
    queue.leased.push_back(leased);
  }
  return words;
}

std::optional<std::string> DataModel::AttemptPut(Queue& queue, const DataOp& op, int64_t now) {
  if (queue.maxsize > 0 && op.items.size() > queue.maxsize) return "TOO_LARGE";
  // One that waits already is only looked at when its turn comes.
  const bool stands = IsBehind(op) && IsWaiting(op.call);
  if (!op.dedup_key.empty() && queue.keys.contains(op.dedup_key) && !stands) {
    return Count("duplicate length", queue.items.size());
  }
  const size_t length = queue.items.size() + queue.delayed.size();
  if (IsBehind(op)) return std::nullopt;
  if (queue.maxsize > 0 && length + op.items.size() > queue.maxsize) return std::nullopt;
  for (const int64_t value : op.items) {
    if (op.delay_ms != 0) {
      queue.delayed.push_back(
          {.item = {.value = value}, .until_ms = now + static_cast<int64_t>(op.delay_ms)});
    } else {
      queue.items.push_back({.value = value, .place = ++queue.last_place});
    }
  }
  queue.unfinished += op.items.size();
  if (!op.dedup_key.empty()) queue.keys.insert(op.dedup_key);
  return Count("length", queue.items.size());
}

bool DataModel::Return(Queue& queue, const Leased& leased, std::optional<int64_t> until_ms) {
  if (leased.item.attempts >= queue.deliveries_max) {
    queue.unfinished -= std::min<uint64_t>(queue.unfinished, 1);
    Queue& dead = queues_[queue.dead_letter];
    dead.items.push_back({.value = leased.item.value, .place = ++dead.last_place});
    ++dead.unfinished;
    return true;
  }
  if (until_ms) {
    queue.delayed.push_back({.item = leased.item, .until_ms = *until_ms, .returns = true});
  } else {
    queue.items.push_back(leased.item);
  }
  return false;
}

std::string DataModel::Complete(const DataOp& op, int64_t now) {
  // Tried on a copy of everything: all or nothing.
  DataModel copy = *this;
  Queue& own = copy.queues_[op.object];
  std::erase_if(own.leased, [&](const Leased& leased) { return leased.grant == op.grant; });
  std::string words;
  for (DataOp write : op.writes) {
    write.call = op.call;
    write.session = op.session;
    write.thread = op.thread;
    write.fence = op.fence;
    const std::optional<std::string> answer = copy.Attempt(write, false, now);
    if (!answer) return "QUEUE_FULL";
    if ((*answer)[0] >= 'A' && (*answer)[0] <= 'Z') return *answer;
    words += ", " + *answer;
  }
  own.unfinished -= std::min<uint64_t>(own.unfinished, 1);
  words = Count("unfinished", own.unfinished) + words;
  *this = std::move(copy);
  return words;
}

std::string DataModel::AttemptDelivery(Queue& queue, const DataOp& op, int64_t now) {
  const auto is = [&](const Leased& leased) { return leased.grant == op.grant; };
  const auto found = std::find_if(queue.leased.begin(), queue.leased.end(), is);
  if (found == queue.leased.end()) return "LEASE_LOST";
  if (op.kind == Kind::kComplete) return Complete(op, now);
  if (op.kind == Kind::kExtend) {
    const auto visibility = static_cast<int64_t>(op.visibility_ms);
    if (visibility == 0 && found->session == 0) return "SESSION_REQUIRED";
    found->visibility_ms = visibility;
    found->until_ms = visibility == 0 ? INT64_MAX : now + visibility;
    return "extended";
  }
  const Leased leased = *found;
  queue.leased.erase(found);
  if (op.kind == Kind::kAck) {
    queue.unfinished -= std::min<uint64_t>(queue.unfinished, 1);  // TaskDone may have come first.
    return Count("unfinished", queue.unfinished);
  }
  std::optional<int64_t> until_ms;
  if (op.delay_ms != 0) until_ms = now + static_cast<int64_t>(op.delay_ms);
  return Count("dead", Return(queue, leased, until_ms));
}

std::optional<std::string> DataModel::AttemptQueue(const DataOp& op, int64_t now) {
  Queue& queue = queues_[op.object];
  if (IsPut(op.kind)) return AttemptPut(queue, op, now);
  if (IsGet(op.kind)) {
    if (op.kind == Kind::kLease && op.session == 0 && op.visibility_ms == 0) {
      return "SESSION_REQUIRED";
    }
    if (queue.items.empty() || IsBehind(op)) return std::nullopt;
    if (op.kind == Kind::kLease) return Lease(queue, op, now);
    if (op.kind == Kind::kGet) return Take(queue, 1);
    return Take(queue, op.number == 0 ? UINT64_MAX : static_cast<uint64_t>(op.number));
  }
  if (op.kind == Kind::kTaskDone) {
    const auto count = std::max<uint64_t>(static_cast<uint64_t>(op.number), 1);
    if (count > queue.unfinished) return "TASK_DONE_TOO_OFTEN";
    queue.unfinished -= count;
    return Count("unfinished", queue.unfinished);
  }
  if (op.kind == Kind::kJoin) {
    if (queue.unfinished > 0) return std::nullopt;
    return "joined 1";
  }
  if (op.kind == Kind::kQueueLen) {
    return Count("length", queue.items.size()) + Count(" unfinished", queue.unfinished) +
           Count(" leased", queue.leased.size()) + Count(" delayed", queue.delayed.size());
  }
  return AttemptDelivery(queue, op, now);
}

std::optional<std::string> DataModel::Do(const DataOp& op, int64_t now) {
  return op.kind < Kind::kQueueLen ? AttemptData(op) : AttemptQueue(op, now);
}

std::optional<std::string> DataModel::Refusal(const DataOp& op) const {
  if (gate_ == nullptr || IsRead(op.kind)) return std::nullopt;
  return gate_->Refusal(op.object, op.session, op.thread, op.fence);
}

std::optional<std::string> DataModel::Attempt(const DataOp& op, bool waits, int64_t now) {
  const std::optional<std::string> refusal = Refusal(op);
  if (!refusal) return Do(op, now);
  if (!waits) return refusal;
  DataModel copy = *this;
  return copy.Do(op, now) ? refusal : std::nullopt;
}

Answers DataModel::Apply(const DataOp& op, int64_t now) {
  if (op.session != 0 && !sessions_.contains(op.session)) return {{op.call, "SESSION_EXPIRED"}};
  Answers answers;
  if (const std::optional<std::string> answer = Attempt(op, false, now)) {
    answers[op.call] = *answer;
  } else if (op.timeout_ms == uint64_t{0}) {
    answers[op.call] = TimedOut(op.kind);
  } else {
    const auto timeout = static_cast<int64_t>(op.timeout_ms.value_or(0));
    waiters_.push_back({op, op.timeout_ms ? now + timeout : INT64_MAX});
  }
  Settle(&answers, now);
  return answers;
}

void DataModel::Settle(Answers* answers, int64_t now) {
  for (size_t i = 0; i < waiters_.size();) {
    const std::optional<std::string> answer = Attempt(waiters_[i].op, true, now);
    if (!answer) {
      ++i;
      continue;
    }
    (*answers)[waiters_[i].op.call] = *answer;
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;  // It may have let others go on.
  }
}

Answers DataModel::Cancel(uint64_t call, int64_t now) {
  Answers answers;
  const auto is = [call](const Waiter& waiter) { return waiter.op.call == call; };
  if (std::erase_if(waiters_, is) > 0) answers[call] = "CANCELLED";
  Settle(&answers, now);
  return answers;
}

bool DataModel::IsRefused(uint64_t call) const {
  return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
    return waiter.op.call == call && Refusal(waiter.op);
  });
}

Answers DataModel::Refuse(uint64_t call, int64_t now) {
  Answers answers;
  const auto refused = std::find_if(waiters_.begin(), waiters_.end(),
                                    [&](const Waiter& waiter) { return waiter.op.call == call; });
  answers[call] = *Refusal(refused->op);
  waiters_.erase(refused);
  Settle(&answers, now);
  return answers;
}

Answers DataModel::EndSession(uint64_t session, int64_t now) {
  Answers answers;
  if (sessions_.erase(session) == 0) return answers;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.op.session == session) answers[waiter.op.call] = "SESSION_EXPIRED";
    return waiter.op.session == session;
  });
  for (auto& [name, queue] : queues_) {
    const std::vector<Leased> all = queue.leased;
    std::erase_if(queue.leased, [&](const Leased& leased) { return leased.session == session; });
    for (const Leased& leased : all) {
      if (leased.session == session) Return(queue, leased, std::nullopt);
    }
  }
  Settle(&answers, now);
  return answers;
}

Due DataModel::AlarmOf(const std::string& name, const Queue& queue) const {
  Due due{.object = name};
  for (const Leased& leased : queue.leased) due.at_ms = std::min(due.at_ms, leased.until_ms);
  for (const Delayed& delayed : queue.delayed) due.at_ms = std::min(due.at_ms, delayed.until_ms);
  return due;
}

Due DataModel::NextDue() const {
  Due next;
  for (const auto& [name, queue] : queues_) next = std::min(next, AlarmOf(name, queue));
  for (const Waiter& waiter : waiters_) {
    next = std::min(next, {.at_ms = waiter.deadline, .waits = true, .call = waiter.op.call});
  }
  return next;
}

void DataModel::Ring(Queue& queue, int64_t now) {
  // What came first ends first.
  std::stable_sort(queue.leased.begin(), queue.leased.end(),
                   [](const Leased& a, const Leased& b) { return a.until_ms < b.until_ms; });
  std::stable_sort(queue.delayed.begin(), queue.delayed.end(),
                   [](const Delayed& a, const Delayed& b) { return a.until_ms < b.until_ms; });
  while (!queue.delayed.empty() && queue.delayed.front().until_ms <= now) {
    Delayed delayed = queue.delayed.front();
    queue.delayed.erase(queue.delayed.begin());
    if (!delayed.returns) delayed.item.place = ++queue.last_place;
    queue.items.push_back(delayed.item);
  }
  while (!queue.leased.empty() && queue.leased.front().until_ms <= now) {
    const Leased leased = queue.leased.front();
    queue.leased.erase(queue.leased.begin());
    Return(queue, leased, std::nullopt);
  }
}

Answers DataModel::AdvanceOnce(int64_t now) {
  Answers answers;
  const Due due = NextDue();
  if (!due.waits) {
    Ring(queues_.at(due.object), due.at_ms);  // Only what is due first.
  } else {
    const auto is = [&](const Waiter& waiter) { return waiter.op.call == due.call; };
    const auto late = std::find_if(waiters_.begin(), waiters_.end(), is);
    answers[due.call] = Refusal(late->op).value_or(TimedOut(late->op.kind));
    waiters_.erase(late);
  }
  Settle(&answers, now);
  return answers;
}

void DataModel::Rearm(int64_t stalled_ms) {
  for (auto& [name, queue] : queues_) {
    for (Leased& leased : queue.leased) {
      if (leased.until_ms != INT64_MAX) leased.until_ms += stalled_ms;
    }
  }
}

void DataModel::Resume(int64_t now) {
  for (auto& [name, queue] : queues_) {
    for (Leased& leased : queue.leased) {
      if (leased.visibility_ms != 0) leased.until_ms = now + leased.visibility_ms;
    }
  }
}

std::vector<uint64_t> DataModel::Waiting() const {
  std::vector<uint64_t> calls;
  for (const Waiter& waiter : waiters_) calls.push_back(waiter.op.call);
  return calls;
}

}  // namespace coheld::simulation
