// What the engine does about owners that wait for each other in a ring (wait_graph.h): it looks
// when an op parked, or the owner of one got or lost a right, and fails one of the ring's ops, or
// only tells.
#include <algorithm>
#include <utility>

#include "server/engine/engine.h"
#include "server/engine/limits.h"
#include "server/engine/planted_bug.h"

namespace coheld::engine {
namespace {

bool WaitsForPermits(const Ring& ring) {
  return std::any_of(ring.begin(), ring.end(), [](const RingStep& step) {
    return step.object->awaits() == Awaits::kPermits;
  });
}

// Returns the op of the ring whose owner has had its part of the ring for the shortest time: that
// only stands in line, or whose right on which the one before it waits was granted last.
const ParkedOp& Youngest(const Ring& ring) {
  const ParkedOp* youngest = nullptr;
  std::pair<uint64_t, CallId> latest;
  for (size_t i = 0; i < ring.size(); ++i) {
    const RingStep& before = ring[(i + ring.size() - 1) % ring.size()];
    const ParkedOp* const op = ring[i].op;
    const std::pair age{before.ahead ? UINT64_MAX : before.hold.token, op->stamp.call};
    if (youngest != nullptr && age < latest) continue;
    youngest = op;
    latest = age;
  }
  return *youngest;
}

}  // namespace

Ring Engine::FindRing(const ParkedOp& op, WaitGraph::Rules rules) const {
  if (op.others.empty() && op.place.object->awaits() == Awaits::kEvent) return {};
  // Who holds nothing, and stands in one line only, is waited for by nobody.
  const Session* const session = sessions_.Find(op.stamp.owner.session);
  if (session == nullptr || (session->held.empty() && op.others.empty())) return {};
  return wait_graph_.FindRing(op, rules);
}

void Engine::BreakRings(CallId call, TimeMs now, std::vector<Reply>* replies) {
  while (true) {
    const auto found = parked_.find(call);
    if (found == parked_.end()) return;
    Ring ring = FindRing(found->second, {.permits = true});
    if (WaitsForPermits(ring)) {
      // Anybody may release a permit, so such a ring is only told; there may be another one.
      Ring certain = FindRing(found->second, {});
      if (!certain.empty()) ring = std::move(certain);
    }
    if (ring.empty()) return;
    std::string words = RingInWords(store_, sessions_, ring, now);
    if (ring_reports_.size() < kRingReportsMax) ring_reports_.push_back(words);
    if (deadlock_policy_ == DeadlockPolicy::kReport || WaitsForPermits(ring)) return;
    const bool closer =
        (deadlock_policy_ == DeadlockPolicy::kCloser) != Planted(PlantedBug::kWrongVictim);
    const ParkedOp& victim = closer ? found->second : Youngest(ring);
    CancelOne(victim.stamp.call, DeadlockOf(words), now, replies);
  }
}

void Engine::BreakShifted(TimeMs now, std::vector<Reply>* replies) {
  for (size_t i = 0; i < shifted_.size(); ++i) {  // What fails may make more of them.
    std::vector<CallId> calls;
    for (const ParkedOp* op : wait_graph_.WaitsOf(shifted_[i])) calls.push_back(op->stamp.call);
    if (calls.size() > kShiftedOpsMax) calls.resize(kShiftedOpsMax);
    for (const CallId call : calls) BreakRings(call, now, replies);
  }
  shifted_.clear();
}

}  // namespace coheld::engine
