// See wait_graph.h.
#include "server/engine/wait_graph.h"

#include <algorithm>
#include <set>

#include "server/engine/explain.h"
#include "server/engine/limits.h"
#include "server/engine/planted_bug.h"
#include "server/engine/registry.h"

namespace coheld::engine {
namespace {

constexpr size_t kStepsInWords = 10;

// A search that only is to tell people about a ring gives up earlier: there are many in a listing.
constexpr size_t kVisitsToTell = 2000;

bool Counts(const ParkedOp& op, WaitGraph::Rules rules) {
  if (Planted(PlantedBug::kDeadlockInvented)) return true;
  return rules.timeouts || op.deadline == kNever;
}

// True if the op stands there but does not wait for who holds the object.
bool IsPassed(const Object& object, const ParkedOp& op, WaitGraph::Rules rules) {
  return !object.holds().empty() && object.BlockersOf(op, rules.timeouts).empty();
}

// Visits the nearest op before this one in line that stands in other lines too: it may be kept
// there although its turn has come here. (It leads to those before it.)
bool ForEachBefore(const ParkedOp& op, const ParkedOp::Place& place, WaitGraph::Rules rules,
                   size_t* visits, const WaitGraph::VisitStep& visit) {
  if (place.queue->many() == 0 || Planted(PlantedBug::kPlaceInLineMissed)) return false;
  for (auto before = place.at; before != place.queue->ops().begin();) {
    const ParkedOp* const next = *--before;
    ++*visits;
    if (next->others.empty() || !Counts(*next, rules)) continue;
    if (visit({.op = &op, .object = place.object, .hold = {}, .ahead = true}, next)) return true;
    // One that does not wait here leads to nobody here.
    if (!IsPassed(*place.object, *next, rules)) break;
  }
  return false;
}

// A search for the shortest ring through one op, back to its owner, or to the op itself where
// others are behind it in line: breadth first, each op once.
class Search {
 public:
  Search(const WaitGraph& graph, const ParkedOp& start, WaitGraph::Rules rules)
      : graph_(graph), start_(start), owner_(start.stamp.owner), rules_(rules) {
    Reach(&start, 0, {});
  }

  Ring Run() {
    for (size_t at = 0; at < reached_.size() && visits_ <= visits_max_; ++at) {
      const ParkedOp& op = *reached_[at].op;
      bool found = false;
      ForEachPlace(op,
                   [&](const ParkedOp::Place& place) { found = found || Follow(op, place, at); });
      if (found) return RingTo(at);
    }
    return {};
  }

 private:
  struct Reached {
    const ParkedOp* op = nullptr;
    size_t from = 0;  // Place in reached_; the start's own is 0.
    RingStep step;    // Of that one to this.
  };

  void Reach(const ParkedOp* op, size_t from, RingStep step) {
    ++visits_;
    if (!Counts(*op, rules_) || !seen_.insert(op->stamp.call).second) return;
    reached_.push_back({.op = op, .from = from, .step = std::move(step)});
  }

  // Follows what an op waits for at one place. Returns true if that closes the ring.
  bool Follow(const ParkedOp& op, const ParkedOp::Place& place, size_t at) {
    return WaitGraph::ForEachStep(op, place, rules_, &visits_,
                                  [this, at](RingStep step, const ParkedOp* before) {
                                    last_ = std::move(step);
                                    return before == nullptr ? ReachOwner(at) : ReachOp(before, at);
                                  });
  }

  bool ReachOwner(size_t at) {
    const Owner owner = last_.hold.owner;
    if (owner == owner_) return true;
    for (const ParkedOp* next : graph_.WaitsOf(owner)) Reach(next, at, last_);
    return false;
  }

  bool ReachOp(const ParkedOp* before, size_t at) {
    if (before == &start_) return true;
    Reach(before, at, last_);
    return false;
  }

  // Returns the steps from the start to this op and from there, by last_, to the start.
  Ring RingTo(size_t at) const {
    Ring ring = {last_};
    for (; at != 0; at = reached_[at].from) ring.push_back(reached_[at].step);
    std::reverse(ring.begin(), ring.end());
    return ring;
  }

  const WaitGraph& graph_;
  const ParkedOp& start_;
  const Owner owner_;
  const WaitGraph::Rules rules_;
  const size_t visits_max_ = rules_.timeouts ? kVisitsToTell : kRingVisitsMax;
  std::vector<Reached> reached_;
  std::set<CallId> seen_;
  size_t visits_ = 0;
  RingStep last_;
};

// True if the op stands on something that owners hold.
bool WaitsForHolders(const ParkedOp& op) {
  bool waits = false;
  ForEachPlace(op, [&](const ParkedOp::Place& place) {
    waits = waits || place.object->awaits() != Awaits::kEvent;
  });
  return waits;
}

}  // namespace

void WaitGraph::Add(const ParkedOp& op) {
  if (!WaitsForHolders(op)) return;
  waits_.emplace(op.stamp.owner, &op);
  ++added_;
}

void WaitGraph::Remove(const ParkedOp& op) {
  const auto [first, last] = waits_.equal_range(op.stamp.owner);
  const auto found =
      std::find_if(first, last, [&](const auto& wait) { return wait.second == &op; });
  if (found != last) waits_.erase(found);
}

std::vector<const ParkedOp*> WaitGraph::WaitsOf(const Owner& owner) const {
  std::vector<const ParkedOp*> waits;
  const auto [first, last] = waits_.equal_range(owner);
  for (auto place = first; place != last; ++place) waits.push_back(place->second);
  return waits;
}

bool WaitGraph::ForEachStep(const ParkedOp& op, const ParkedOp::Place& place, Rules rules,
                            size_t* visits, const VisitStep& visit) {
  const Object& object = *place.object;
  if (object.awaits() == Awaits::kEvent) return false;
  if (Planted(PlantedBug::kSecondLineMissed) && &place != &op.place) return false;
  if (object.awaits() == Awaits::kPermits && !rules.permits) return false;
  std::vector<Hold> holds = object.BlockersOf(op, rules.timeouts);
  *visits += holds.size();
  if (object.awaits() == Awaits::kPermits && holds.size() != 1) return false;
  if (IsPassed(object, op, rules)) return false;
  for (Hold& hold : holds) {
    if (visit({.op = &op, .object = &object, .hold = std::move(hold)}, nullptr)) return true;
  }
  return ForEachBefore(op, place, rules, visits, visit);
}

Ring WaitGraph::FindRing(const ParkedOp& op, Rules rules) const {
  return Search(*this, op, rules).Run();
}

std::string StepInWords(const Store& store, const Sessions& sessions, const RingStep& step,
                        const Owner& next, TimeMs now) {
  const Store::Held* const held = store.Find(step.object->name());
  std::string words = OwnerInWords(sessions, step.op->stamp.owner) + " waits";
  if (!step.op->site.empty()) words += " at " + step.op->site;
  words += " for the " + (held == nullptr ? "object" : held->type->word) + " \"" +
           step.object->name() + "\"";
  return words + (step.ahead ? ", where " + OwnerInWords(sessions, next) + " is before it in line"
                             : ", which is held by " + HolderInWords(sessions, step.hold, now));
}

std::string JoinSteps(const std::vector<std::string>& steps) {
  std::string words;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i == kStepsInWords && steps.size() > kStepsInWords + 1) {
      return words + "; and " + std::to_string(steps.size() - i) + " more";
    }
    if (i > 0) words += "; ";
    words += steps[i];
  }
  return words;
}

Failure DeadlockOf(const std::string& ring) {
  return {v1::ERROR_REASON_DEADLOCK, "the op would have waited for ever: " + ring +
                                         "; release what the others wait for and try again"};
}

std::string RingInWords(const Store& store, const Sessions& sessions, const Ring& ring,
                        TimeMs now) {
  std::vector<std::string> steps;
  for (size_t i = 0; i < ring.size() && i <= kStepsInWords; ++i) {
    const Owner& next = ring[(i + 1) % ring.size()].op->stamp.owner;
    steps.push_back(StepInWords(store, sessions, ring[i], next, now));
  }
  steps.resize(ring.size());  // More are not told.
  return JoinSteps(steps);
}

}  // namespace coheld::engine
