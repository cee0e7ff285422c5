// See dedup_window.h.
#include "server/engine/dedup_window.h"

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

bool DedupWindow::Has(std::string_view key, TimeMs now) const {
  const auto found = index_.find(key);
  return found != index_.end() && After(found->second->added, kDedupMs) > now;
}

void DedupWindow::Add(std::string_view key, TimeMs now) {
  Expire(now);
  if (entries_.size() == kDedupKeysMax) Forget();
  Append(key, now);
}

void DedupWindow::Append(std::string_view key, TimeMs added) {
  const Entry& entry = entries_.emplace_back(Entry{std::string(key), added});
  COHELD_CHECK(index_.emplace(entry.key, &entry).second);
}

void DedupWindow::Expire(TimeMs now) {
  while (!entries_.empty() && After(entries_.front().added, kDedupMs) <= now) Forget();
}

void DedupWindow::Forget() {
  index_.erase(entries_.front().key);
  entries_.pop_front();
}

TimeMs DedupWindow::LastEnd() const {
  return entries_.empty() ? kNever : After(entries_.back().added, kDedupMs);
}

void DedupWindow::Save(StateWriter& state) const {
  state.PutUnsigned(entries_.size());
  for (const Entry& entry : entries_) {
    state.PutBytes(entry.key);
    state.PutTime(entry.added);
  }
}

void DedupWindow::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  if (count > kDedupKeysMax) state.Fail("a queue knows more keys than it may");
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const std::string_view key = state.TakeBytes();
    const TimeMs added = state.TakeTime();
    const bool ordered = added != kNever && (entries_.empty() || entries_.back().added <= added);
    if (!ordered || index_.contains(key)) return state.Fail("the keys of puts are not in order");
    Append(key, added);
  }
}

}  // namespace coheld::engine
