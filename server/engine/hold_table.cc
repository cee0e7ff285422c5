// See hold_table.h.
#include "server/engine/hold_table.h"

#include <algorithm>

#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

const Hold* HoldTable::Find(const Owner& owner) const {
  const auto found = holds_.find(owner);
  return found == holds_.end() ? nullptr : &found->second.hold;
}

std::vector<Hold> HoldTable::All() const {
  std::vector<Hold> all;
  for (const auto& [owner, entry] : holds_) all.push_back(entry.hold);
  return all;
}

void HoldTable::Add(uint64_t count, uint64_t token, Turn& turn) {
  const auto [place, fresh] = holds_.try_emplace(turn.owner());
  Entry& entry = place->second;
  if (fresh) {
    entry = {.hold = {.owner = turn.owner(),
                      .since = turn.now(),
                      .count = 0,
                      .site = std::string(turn.site())},
             .first_token = token};
    by_age_.insert({token, turn.owner()});
    turn.NoteHold(turn.owner().session, object_);
  }
  entry.hold.token = token;
  entry.hold.count += count;
  total_ += count;
}

uint64_t HoldTable::Take(const Owner& owner, uint64_t count, Turn& turn) {
  const auto found = holds_.find(owner);
  if (found == holds_.end()) return 0;
  Entry& entry = found->second;
  const uint64_t taken = std::min(count, entry.hold.count);
  entry.hold.count -= taken;
  total_ -= taken;
  if (entry.hold.count > 0) return taken;
  const SessionId session = entry.hold.owner.session;
  by_age_.erase({entry.first_token, entry.hold.owner});
  holds_.erase(found);
  if (!HeldBySession(session)) turn.NoteRelease(session, object_);
  return taken;
}

uint64_t HoldTable::TakeFromSession(SessionId session, uint64_t count, Turn& turn) {
  uint64_t taken = 0;
  while (taken < count) {
    const auto next = holds_.lower_bound(Owner{.session = session});
    if (next == holds_.end() || next->first.session != session) break;
    taken += Take(Owner(next->first), count - taken, turn);
  }
  return taken;
}

uint64_t HoldTable::TakeOldest(uint64_t count, Turn& turn) {
  uint64_t taken = 0;
  while (taken < count && !by_age_.empty()) {
    taken += Take(Owner(by_age_.begin()->second), count - taken, turn);
  }
  return taken;
}

bool HoldTable::HeldBySession(SessionId session) const {
  const auto next = holds_.lower_bound(Owner{.session = session});
  return next != holds_.end() && next->first.session == session;
}

void HoldTable::Save(StateWriter& state) const {
  state.PutUnsigned(holds_.size());
  for (const auto& [owner, entry] : holds_) {
    state.PutHold(entry.hold);
    state.PutUnsigned(entry.first_token);
  }
}

void HoldTable::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const Hold hold = state.TakeHold();
    const uint64_t first_token = state.TakeUnsigned();
    if (!holds_.empty() && hold.owner <= holds_.rbegin()->first)
      state.Fail("a holder is misplaced");
    if (hold.count > kCountMax - total_) state.Fail("more is held than can be");
    if (!state.ok()) return;
    holds_[hold.owner] = {.hold = hold, .first_token = first_token};
    by_age_.insert({first_token, hold.owner});
    total_ += hold.count;
  }
}

}  // namespace coheld::engine
