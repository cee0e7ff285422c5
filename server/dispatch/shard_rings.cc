// See shard_rings.h.
#include "server/dispatch/shard_rings.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <utility>

#include "server/dispatch/dispatcher.h"

namespace coheld::dispatch {
namespace {

using engine::Owner;
using engine::TimeMs;
using engine::WaitStep;

// An op that has waited for so long may wait for ever. It is asked for a look so long after the
// last one parked, and then in longer and longer pauses: what is granted to an owner that waits
// elsewhere may close a ring, too.
constexpr uint64_t kLongMs = 100;
constexpr uint64_t kPauseMsMax = 10'000;
constexpr uint64_t kOpsPerPauseMs = 10;

// So many steps are looked at, of each shard its part, and so many times one is followed: the loop
// stands still for some milliseconds then.
constexpr size_t kStepsMax = 20'000;
constexpr size_t kFollowedMax = 100'000;

// The shard that looks.
constexpr uint32_t kLooker = 0;

TimeMs Before(TimeMs now, uint64_t ms) {
  return TimeMs{static_cast<int64_t>(now) - static_cast<int64_t>(ms)};
}

// The graph of the steps. Its nodes are waiting ops: a step leads to the op before it in line, or
// to all ops of who holds what it waits for.
class ShardGraph {
 public:
  explicit ShardGraph(const std::vector<ShardStep>& steps) : steps_(steps) {
    for (size_t i = 0; i < steps.size(); ++i) {
      const WaitStep& step = steps[i].step;
      std::vector<size_t>& from = steps_of_[step.op];
      if (from.empty()) ops_of_[step.owner].push_back(step.op);
      from.push_back(i);
    }
  }

  // Returns the first ring that is found over several shards, those through the newest ops first.
  std::vector<ShardStep> FindRing() {
    DropEnds();
    std::vector<std::pair<TimeMs, CallId>> newest;
    for (const auto& [op, from] : steps_of_) newest.emplace_back(steps_[from[0]].step.since, op);
    std::sort(newest.rbegin(), newest.rend());
    for (const auto& [since, op] : newest) {
      if (followed_ > kFollowedMax) break;
      std::vector<ShardStep> ring = FindRingOf(op);
      if (IsOverSeveral(ring)) return ring;
      if (ring.empty()) steps_of_.erase(op);  // No ring from elsewhere leads through it either.
    }
    return {};
  }

 private:
  static bool IsOverSeveral(const std::vector<ShardStep>& ring) {
    return std::any_of(ring.begin(), ring.end(),
                       [&ring](const ShardStep& step) { return step.shard != ring.front().shard; });
  }

  // Calls `visit` with each op to which a step leads.
  template <typename Visit>
  void ForEachNext(const WaitStep& step, Visit visit) const {
    if (step.before != CallId{}) {
      if (steps_of_.contains(step.before)) visit(step.before);
      return;
    }
    const auto ops = ops_of_.find(step.next);
    if (ops == ops_of_.end()) return;
    for (const CallId op : ops->second) {
      if (steps_of_.contains(op)) visit(op);
    }
  }

  // Drops ops from which no way leads on, until there are none: what is left leads to rings.
  void DropEnds() {
    std::map<CallId, std::vector<CallId>> behind;
    std::map<CallId, size_t> ways;
    std::vector<CallId> ends;
    for (const auto& [op, from] : steps_of_) {
      size_t& count = ways[op];
      for (const size_t i : from) {
        ForEachNext(steps_[i].step, [&, op = op](CallId next) {
          behind[next].push_back(op);
          ++count;
        });
      }
      if (count == 0) ends.push_back(op);
    }
    while (!ends.empty()) {
      const CallId end = ends.back();
      ends.pop_back();
      steps_of_.erase(end);
      for (const CallId op : behind[end]) {
        if (--ways[op] == 0) ends.push_back(op);
      }
    }
  }

  // Returns the shortest ring through an op, or nothing. Breadth first.
  std::vector<ShardStep> FindRingOf(CallId start) {
    std::map<CallId, std::pair<CallId, size_t>> reached;  // From which op, by which step.
    std::vector<CallId> line = {start};
    for (size_t at = 0; at < line.size(); ++at) {
      const CallId op = line[at];
      for (const size_t i : steps_of_.at(op)) {
        ForEachNext(steps_[i].step, [&, i](CallId next) {
          ++followed_;
          if (reached.emplace(next, std::pair(op, i)).second) line.push_back(next);
        });
      }
      if (reached.contains(start)) return RingTo(start, reached);
    }
    return {};
  }

  std::vector<ShardStep> RingTo(CallId start,
                                const std::map<CallId, std::pair<CallId, size_t>>& reached) const {
    std::vector<ShardStep> ring;
    CallId op = start;
    do {
      const auto& [from, step] = reached.at(op);
      ring.push_back(steps_[step]);
      op = from;
    } while (op != start);
    std::reverse(ring.begin(), ring.end());
    return ring;
  }

  const std::vector<ShardStep>& steps_;
  std::map<CallId, std::vector<size_t>> steps_of_;  // Places in steps_, by op.
  std::map<Owner, std::vector<CallId>> ops_of_;
  size_t followed_ = 0;  // Steps.
};

}  // namespace

std::vector<ShardStep> FindShardRing(const std::vector<ShardStep>& steps) {
  return ShardGraph(steps).FindRing();
}

ShardRings::ShardRings(Dispatcher& dispatcher, const engine::Placement& placement, Send send)
    : dispatcher_(dispatcher), placement_(placement), send_(std::move(send)) {}

// --- Who waits ---

void ShardRings::NoteParked(TimeMs now) {
  const uint64_t parked = dispatcher_.engine_.wait_graph().added();
  if (std::exchange(parked_, parked) == parked) return;  // It does not wait for holders.
  due_ = std::min(due_, engine::After(now, LeastPauseMs()));
}

uint64_t ShardRings::LeastPauseMs() const {
  return kLongMs + dispatcher_.engine_.wait_graph().waits().size() / kOpsPerPauseMs;
}

void ShardRings::AskIfDue(TimeMs now) {
  if (due_ > now) return;
  due_ = engine::kNever;
  const engine::Engine& engine = dispatcher_.engine_;
  if (engine.wait_graph().waits().empty()) return;
  const bool more = std::exchange(asked_, parked_) != parked_;
  pause_ms_ =
      more ? LeastPauseMs() : std::max(LeastPauseMs(), std::min(2 * pause_ms_, kPauseMsMax));
  due_ = engine::After(now, pause_ms_);
  if (!engine::WaitSteps(engine, Before(now, kLongMs), 1).empty()) send_(kLooker, LookMail{});
}

void ShardRings::On(uint32_t from, const TellWaitsMail& /*mail*/) {
  const TimeMs now = dispatcher_.loop_.Now();
  send_(from, WaitsMail{.steps = engine::WaitSteps(dispatcher_.engine_, Before(now, kLongMs),
                                                   kStepsMax / placement_.shards)});
}

void ShardRings::On(uint32_t from, const TellStepMail& mail) {
  send_(from, StepMail{.place = mail.place,
                       .words = engine::WaitStepInWords(dispatcher_.engine_, mail.step,
                                                        dispatcher_.loop_.Now())});
}

void ShardRings::On(uint32_t /*from*/, const VerdictMail& mail) {
  dispatcher_.Cancel(mail.op, engine::DeadlockOf(mail.ring));
}

// --- Who looks ---

void ShardRings::On(uint32_t /*from*/, const LookMail& /*mail*/) {
  look_again_ = true;
  if (waits_for_ == 0) Look();
}

void ShardRings::Look() {
  look_again_ = false;
  steps_.clear();
  waits_for_ = placement_.shards;
  for (uint32_t shard = 0; shard < placement_.shards; ++shard) send_(shard, TellWaitsMail{});
}

void ShardRings::On(uint32_t from, WaitsMail mail) {
  for (WaitStep& step : mail.steps) steps_.push_back({.shard = from, .step = step});
  if (--waits_for_ == 0) Search();
}

void ShardRings::Search() {
  std::set<CallId> still;
  std::erase_if(steps_, [&](const ShardStep& step) {
    return only_told_.contains(step.step.op) && (still.insert(step.step.op), true);
  });
  only_told_ = std::move(still);
  ring_ = FindShardRing(steps_);
  steps_.clear();
  words_.assign(ring_.size(), {});
  waits_for_ = ring_.size();
  for (size_t place = 0; place < ring_.size(); ++place) {
    send_(ring_[place].shard, TellStepMail{.place = place, .step = ring_[place].step});
  }
  if (waits_for_ == 0 && look_again_) Look();
}

void ShardRings::On(uint32_t /*from*/, StepMail mail) {
  words_[mail.place] = std::move(mail.words);
  if (--waits_for_ == 0) Judge();
}

const ShardStep& ShardRings::Victim() const {
  const bool closer = dispatcher_.engine_.deadlock_policy() != engine::DeadlockPolicy::kYoungest;
  // Who came last closed the ring. The youngest is who only stands in line, or whose right on which
  // the one before waits was granted last.
  const auto age = [&](size_t i) {
    const WaitStep& step = ring_[i].step;
    const WaitStep& before = ring_[(i + ring_.size() - 1) % ring_.size()].step;
    if (closer) return std::pair(step.since, step.op);
    return std::pair(before.before != CallId{} ? engine::kNever : before.held_since, step.op);
  };
  size_t last = 0;
  for (size_t i = 1; i < ring_.size(); ++i) {
    if (age(i) > age(last)) last = i;
  }
  return ring_[last];
}

void ShardRings::Judge() {
  if (dispatcher_.shutting_down_) return;
  const bool stands = std::none_of(words_.begin(), words_.end(),
                                   [](const std::string& words) { return words.empty(); });
  if (stands) {
    const ShardStep& victim = Victim();
    const auto place = std::find_if(ring_.begin(), ring_.end(), [&](const ShardStep& step) {
      return step.step.op == victim.step.op;
    });
    std::rotate(words_.begin(), words_.begin() + (place - ring_.begin()), words_.end());
    const std::string ring = engine::JoinSteps(words_);
    spdlog::warn("deadlock_found ring=\"{}\"", ring);
    if (dispatcher_.engine_.deadlock_policy() == engine::DeadlockPolicy::kReport) {
      only_told_.insert(victim.step.op);
    } else {
      send_(victim.shard, VerdictMail{.op = victim.step.op, .ring = ring});
    }
  }
  // There may be more of them.
  if (stands || look_again_) Look();
}

}  // namespace coheld::dispatch
