// See lost_rights.h.
#include "server/engine/lost_rights.h"

#include <algorithm>

#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

void LostRights::Add(const std::string& name, uint64_t thread, const LostRight& lost) {
  lost_[{name, thread}] = lost;
  if (lost_.size() <= kLostRightsMax) return;
  lost_.erase(std::min_element(lost_.begin(), lost_.end(), [](const auto& a, const auto& b) {
    return a.second.token < b.second.token;
  }));
}

const LostRight* LostRights::Find(const std::string& name, uint64_t thread, uint64_t token) const {
  if (token == 0) {
    const auto found = lost_.find({name, thread});
    return found == lost_.end() ? nullptr : &found->second;
  }
  for (auto place = lost_.lower_bound({name, 0}); place != lost_.end(); ++place) {
    if (place->first.first != name) return nullptr;
    if (place->second.token == token) return &place->second;
  }
  return nullptr;
}

void LostRights::Save(StateWriter& state) const {
  state.PutUnsigned(lost_.size());
  for (const auto& [key, lost] : lost_) {
    state.PutBytes(key.first);
    state.PutUnsigned(key.second);
    state.PutUnsigned(lost.token);
    state.PutFlag(lost.why == LostRight::Why::kDeleted);
    state.PutTime(lost.at);
  }
}

void LostRights::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  if (count > kLostRightsMax) state.Fail("a session lost too many rights");
  for (size_t i = 0; i < count && state.ok(); ++i) {
    std::string name = state.TakeString();
    Key key{std::move(name), state.TakeUnsigned()};
    if (!lost_.empty() && key <= lost_.rbegin()->first) {
      return state.Fail("the lost rights are not in order");
    }
    LostRight& lost = lost_[std::move(key)];
    lost.token = state.TakeUnsigned();
    lost.why = state.TakeFlag() ? LostRight::Why::kDeleted : LostRight::Why::kLeaseEnded;
    lost.at = state.TakeTime();
  }
}

}  // namespace coheld::engine
