// See lease_model.h.
#include "tests/unit/engine/lease_model.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "tests/unit/engine/op_messages.h"

namespace coheld::engine::testing {
namespace {

using Kind = LeaseOp::Kind;

// Ops that wait for the same stand in one line: puts, takes, joins.
char LineOf(Kind kind) {
  if (kind == Kind::kPut || kind == Kind::kPutMany) return 'p';
  if (kind == Kind::kGet || kind == Kind::kGetMany || kind == Kind::kLease) return 'g';
  return kind == Kind::kJoin ? 'j' : '-';
}

}  // namespace

size_t LeaseModel::CountOf(const Queue& queue, Item::State state) {
  return static_cast<size_t>(std::count_if(queue.items.begin(), queue.items.end(),
                                           [&](const Item& item) { return item.state == state; }));
}

bool LeaseModel::HasRoom(const Queue& queue, size_t more) {
  const size_t crowd =
      CountOf(queue, Item::State::kWaiting) + CountOf(queue, Item::State::kDelayed);
  return queue.options.maxsize == 0 || crowd + more <= queue.options.maxsize;
}

bool LeaseModel::Ended(const Queue& queue) {
  return queue.shut_down && std::all_of(queue.items.begin(), queue.items.end(),
                                        [](const Item& item) { return item.dropped; });
}

std::vector<LeaseModel::Item>::iterator LeaseModel::Next(Queue& queue) {
  auto best = queue.items.end();
  for (auto item = queue.items.begin(); item != queue.items.end(); ++item) {
    if (item->state != Item::State::kWaiting) continue;
    const auto leaves_before = [&](const Item& a, const Item& b) {
      if (queue.options.kind == 3) return a.value < b.value;
      return queue.options.kind == 2 ? a.arrival > b.arrival : a.arrival < b.arrival;
    };
    if (best == queue.items.end() || leaves_before(*item, *best)) best = item;
  }
  return best;
}

void LeaseModel::Finish(Queue& queue, uint64_t count) {
  queue.unfinished -= std::min(queue.unfinished, count);
}

void LeaseModel::GiveBack(Queue& queue, size_t place, int64_t due) {
  Item& item = queue.items[place];
  if (item.dropped || item.attempts >= queue.options.deliveries_max) {
    if (!item.dropped) {
      Queue& dead = queues_.at(queue.options.dead_letter);
      dead.items.push_back({.value = item.value, .arrival = ++last_arrival_});
      ++dead.unfinished;
      ++queue.dead;
    }
    queue.items.erase(queue.items.begin() + static_cast<std::ptrdiff_t>(place));
    return Finish(queue, 1);
  }
  item.state = due == 0 ? Item::State::kWaiting : Item::State::kDelayed;
  item.until = due;
}

std::optional<std::string> LeaseModel::AttemptPut(Queue& queue, const LeaseOp& op, bool first,
                                                  int64_t now) {
  const auto length = [&] { return Count("length", CountOf(queue, Item::State::kWaiting)); };
  if (queue.options.maxsize > 0 && op.items.size() > queue.options.maxsize) return "TOO_LARGE";
  if (queue.keys.contains(op.key)) return length() + " again";
  if (queue.shut_down) return "QUEUE_SHUT_DOWN";
  if (op.items.empty()) return length();
  if (!first || !HasRoom(queue, op.items.size())) return std::nullopt;
  for (const int64_t value : op.items) {
    queue.items.push_back({.value = value,
                           .arrival = ++last_arrival_,
                           .state = op.ms > 0 ? Item::State::kDelayed : Item::State::kWaiting,
                           .until = now + static_cast<int64_t>(op.ms)});
  }
  queue.unfinished += op.items.size();
  if (!op.key.empty()) queue.keys.insert(op.key);
  return length();
}

std::optional<std::string> LeaseModel::AttemptTake(Queue& queue, const LeaseOp& op, bool first,
                                                   int64_t now) {
  const bool leases = op.kind == Kind::kLease;
  if (leases && op.session == 0 && op.ms == 0) return "SESSION_REQUIRED";
  if (Ended(queue)) return "QUEUE_SHUT_DOWN";
  if (!first || Next(queue) == queue.items.end()) return std::nullopt;
  const uint64_t most = op.kind == Kind::kGet ? 1
                        : op.number == 0      ? (leases ? 1 : UINT64_MAX)
                                              : op.number;
  std::string answer = leases ? "leased" : "items";
  for (uint64_t taken = 0; taken < most; ++taken) {
    const auto next = Next(queue);
    if (next == queue.items.end()) break;
    answer += " " + std::to_string(next->value);
    if (!leases) {
      queue.items.erase(next);
      continue;
    }
    next->state = Item::State::kLeased;
    next->grant = ++last_grant_;
    next->session = op.session;
    next->until = op.ms == 0 ? INT64_MAX : now + static_cast<int64_t>(op.ms);
    answer += "/" + std::to_string(++next->attempts);
  }
  return answer;
}

std::string LeaseModel::ApplyToLease(Queue& queue, const LeaseOp& op, int64_t now) {
  const auto found = std::find_if(queue.items.begin(), queue.items.end(), [&](const Item& item) {
    return item.state == Item::State::kLeased && item.value == op.item &&
           item.attempts == op.attempt;
  });
  if (found == queue.items.end()) return "LEASE_LOST";
  if (op.kind == Kind::kExtend) {
    if (op.ms == 0 && found->session == 0) return "SESSION_REQUIRED";
    found->until = op.ms == 0 ? INT64_MAX : now + static_cast<int64_t>(op.ms);
    return "extended";
  }
  if (op.kind == Kind::kNack) {
    const uint64_t dead = queue.dead;
    GiveBack(queue, static_cast<size_t>(found - queue.items.begin()),
             op.ms == 0 ? 0 : now + static_cast<int64_t>(op.ms));
    return Count("dead", queue.dead - dead);
  }
  if (op.kind == Kind::kComplete) {
    LeaseOp put{.kind = Kind::kPut, .object = op.other, .items = op.items};
    Queue& other = queues_.at(op.other);
    const auto answer = AttemptPut(other, put, IsFirst(other, put), now);
    if (!answer) return "QUEUE_FULL";
    if (!answer->starts_with("length")) return *answer;
  }
  std::erase_if(queue.items, [&](const Item& item) { return item.value == op.item; });
  Finish(queue, 1);
  return Count("unfinished", queue.unfinished);
}

std::string LeaseModel::ApplyOther(Queue& queue, const LeaseOp& op) {
  if (op.kind == Kind::kPeek) {
    const auto next = Next(queue);
    return next == queue.items.end() ? "nothing" : "next " + std::to_string(next->value);
  }
  if (op.kind == Kind::kTaskDone) {
    const uint64_t count = std::max<uint64_t>(op.number, 1);
    if (count > queue.unfinished) return "TASK_DONE_TOO_OFTEN";
    Finish(queue, count);
    return Count("unfinished", queue.unfinished);
  }
  if (op.kind == Kind::kPurge || op.kind == Kind::kShutdown) {
    uint64_t removed = 0;
    if (op.kind == Kind::kPurge || op.number == 1) {
      removed = std::erase_if(queue.items,
                              [](const Item& item) { return item.state != Item::State::kLeased; });
      for (Item& item : queue.items) item.dropped = true;
      Finish(queue, removed);
    }
    if (op.kind == Kind::kShutdown) queue.shut_down = true;
    return Count("removed", removed);
  }
  return Count("length", CountOf(queue, Item::State::kWaiting)) +
         Count(" leased", CountOf(queue, Item::State::kLeased)) +
         Count(" delayed", CountOf(queue, Item::State::kDelayed)) +
         Count(" unfinished", queue.unfinished) + Count(" dead", queue.dead);
}

std::optional<std::string> LeaseModel::Attempt(const LeaseOp& op, bool first, int64_t now) {
  Queue& queue = queues_.at(op.object);
  switch (LineOf(op.kind)) {
    case 'p':
      return AttemptPut(queue, op, first, now);
    case 'g':
      return AttemptTake(queue, op, first, now);
    case 'j':
      if (queue.unfinished > 0) return std::nullopt;
      return "joined 1";
  }
  if (op.kind >= Kind::kAck && op.kind <= Kind::kComplete) return ApplyToLease(queue, op, now);
  return ApplyOther(queue, op);
}

std::string LeaseModel::GivenUp(const LeaseOp& op) {
  const char line = LineOf(op.kind);
  return line == 'p' ? "QUEUE_FULL" : line == 'g' ? "QUEUE_EMPTY" : "joined 0";
}

bool LeaseModel::IsFirst(const Queue& queue, const LeaseOp& op) const {
  for (const Waiter& waiter : queue.waiters) {
    if (LineOf(waiter.op.kind) == LineOf(op.kind)) return waiter.op.call == op.call;
  }
  return true;
}

LeaseModel::Answers LeaseModel::Apply(const LeaseOp& op, int64_t now) {
  now_ = now;
  Answers answers;
  Queue& queue = queues_.at(op.object);
  const std::optional<std::string> answer = Attempt(op, IsFirst(queue, op), now);
  if (answer || op.timeout_ms == uint64_t{0}) {
    answers[op.call] = answer ? *answer : GivenUp(op);
  } else {
    queue.waiters.push_back(
        {op, op.timeout_ms ? now + static_cast<int64_t>(*op.timeout_ms) : INT64_MAX});
  }
  Settle(now, &answers);
  return answers;
}

bool LeaseModel::GrantFirst(Queue& queue, char line, int64_t now, Answers* answers) {
  const auto first =
      std::find_if(queue.waiters.begin(), queue.waiters.end(),
                   [&](const Waiter& waiter) { return LineOf(waiter.op.kind) == line; });
  if (first == queue.waiters.end()) return false;
  const std::optional<std::string> answer = Attempt(first->op, true, now);
  if (!answer) return false;
  (*answers)[first->op.call] = *answer;
  queue.waiters.erase(first);
  return true;
}

void LeaseModel::Settle(int64_t now, Answers* answers) {
  for (auto& [name, queue] : queues_) {
    for (bool granted = true; granted;) {
      granted = false;
      for (const char line : {'j', 'g', 'p'}) {
        while (GrantFirst(queue, line, now, answers)) granted = true;
      }
    }
  }
}

template <typename Match>
void LeaseModel::Dismiss(const std::string& answer, Answers* answers, Match match) {
  for (auto& [name, queue] : queues_) {
    std::erase_if(queue.waiters, [&](const Waiter& waiter) {
      if (match(waiter)) (*answers)[waiter.op.call] = answer;
      return match(waiter);
    });
  }
}

LeaseModel::Answers LeaseModel::Cancel(uint64_t call) {
  Answers answers;
  Dismiss("CANCELLED", &answers, [&](const Waiter& waiter) { return waiter.op.call == call; });
  Settle(now_, &answers);
  return answers;
}

LeaseModel::Answers LeaseModel::EndSession(uint64_t session) {
  Answers answers;
  if (sessions_.erase(session) == 0) return answers;
  std::map<uint64_t, std::pair<Queue*, char>> left;  // The lines it stood in, by call.
  for (auto& [name, queue] : queues_) {
    for (const Waiter& waiter : queue.waiters) {
      if (waiter.op.session != session) continue;
      left[waiter.op.call] = {&queue, LineOf(waiter.op.kind)};
    }
  }
  Dismiss("SESSION_EXPIRED", &answers,
          [&](const Waiter& waiter) { return waiter.op.session == session; });
  for (auto& [name, queue] : queues_) {
    while (true) {
      auto oldest = queue.items.end();
      for (auto item = queue.items.begin(); item != queue.items.end(); ++item) {
        if (item->state != Item::State::kLeased || item->session != session) continue;
        if (oldest == queue.items.end() || item->grant < oldest->grant) oldest = item;
      }
      if (oldest == queue.items.end()) break;
      GiveBack(queue, static_cast<size_t>(oldest - queue.items.begin()), 0);
    }
  }
  // Those who stood behind it come before those whom its items concern.
  for (const auto& [call, line] : left) {
    while (GrantFirst(*line.first, line.second, now_, &answers)) continue;
  }
  Settle(now_, &answers);
  return answers;
}

bool LeaseModel::EndTimes(Queue& queue, int64_t due) {
  // Delays by their time, then leases by theirs; those of one time in the order they came.
  Item* next = nullptr;
  const auto key = [](const Item& item) {
    const bool leased = item.state == Item::State::kLeased;
    return std::tuple(leased, item.until, leased ? item.grant : item.arrival);
  };
  for (Item& item : queue.items) {
    if (item.state == Item::State::kWaiting || item.until > due) continue;
    if (next == nullptr || key(item) < key(*next)) next = &item;
  }
  if (next == nullptr) return false;
  if (next->state == Item::State::kLeased) {
    GiveBack(queue, static_cast<size_t>(next - queue.items.data()), 0);
  } else {
    // Put with a delay, it comes now; given back with one, it has its place.
    if (next->attempts == 0) next->arrival = ++last_arrival_;
    next->state = Item::State::kWaiting;
  }
  return true;
}

LeaseModel::Answers LeaseModel::Advance(int64_t now) {
  now_ = now;
  Answers answers;
  while (true) {
    int64_t due = INT64_MAX;
    Queue* place = nullptr;
    for (auto& [name, queue] : queues_) {
      for (const Item& item : queue.items) {
        if (item.state == Item::State::kWaiting || item.until >= due) continue;
        due = item.until;
        place = &queue;
      }
    }
    const LeaseOp* waiter = nullptr;
    int64_t deadline = INT64_MAX;
    for (const auto& [name, queue] : queues_) {
      for (const Waiter& one : queue.waiters) {
        if (std::pair(one.deadline, one.op.call) >=
            std::pair(deadline, waiter ? waiter->call : 0)) {
          continue;
        }
        deadline = one.deadline;
        waiter = &one.op;
      }
    }
    if (std::min(due, deadline) > now) return answers;
    if (due <= deadline) {
      while (EndTimes(*place, due)) continue;
    } else {
      const uint64_t call = waiter->call;
      const auto last = Attempt(*waiter, IsFirst(queues_.at(waiter->object), *waiter), now);
      Dismiss(last ? *last : GivenUp(*waiter), &answers,
              [&](const Waiter& one) { return one.op.call == call; });
    }
    Settle(now, &answers);
  }
}

std::vector<uint64_t> LeaseModel::Waiting() const {
  std::vector<uint64_t> calls;
  for (const auto& [name, queue] : queues_) {
    for (const Waiter& waiter : queue.waiters) calls.push_back(waiter.op.call);
  }
  std::sort(calls.begin(), calls.end());
  return calls;
}

}  // namespace coheld::engine::testing
