// See hold_table.h.
#include "client/cpp/src/hold_table.h"

#include "client/cpp/src/fork_guard.h"
#include "client/cpp/src/hold.h"

namespace coheld::core {

void HoldTable::Entry::Count(uint64_t by_session, uint64_t count) {
  if (session != by_session) given = 0;  // What another session gave ended with it.
  session = by_session;
  given += count;
}

std::shared_ptr<const Hold> HoldTable::Take(const Client& client, const std::string& name,
                                            uint64_t session, uint64_t given) {
  const ForkLock lock;
  Entry& entry = entries_[name];
  std::shared_ptr<const Hold> hold = entry.hold.lock();
  if (!hold) {
    hold = std::make_shared<const Hold>(client, name, Hold::Counted::kYes);
    entry.hold = hold;
    entry.forks = ForksMade();
  }
  entry.Count(session, given);
  return hold;
}

std::optional<HoldTable::Due> HoldTable::Leave(const std::string& name) {
  const ForkLock lock;
  const auto found = entries_.find(name);
  if (found == entries_.end() || !found->second.hold.expired()) return std::nullopt;
  const Due due{.session = found->second.session,
                .count = found->second.given,
                .forked = found->second.forks != ForksMade()};
  entries_.erase(found);
  if (due.count == 0) return std::nullopt;
  return due;
}

std::vector<std::string> HoldTable::NotGivenBy(uint64_t session) const {
  std::vector<std::string> names;
  const ForkLock lock;
  for (const auto& [name, entry] : entries_) {
    if (entry.session != session && !entry.hold.expired()) names.push_back(name);
  }
  return names;
}

bool HoldTable::Give(const std::string& name, uint64_t session, uint64_t count) {
  const ForkLock lock;
  const auto found = entries_.find(name);
  if (found == entries_.end()) return false;
  found->second.Count(session, count);
  return true;
}

}  // namespace coheld::core
