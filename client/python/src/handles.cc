// See handles.h.
#include "client/python/src/handles.h"

namespace coheld::python {

Handles::Entry& Handles::At(std::string_view name) {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  return entries_.emplace(std::string(name), Entry()).first->second;
}

void Handles::Expect(std::string_view name) {
  Entry& entry = At(name);
  ++entry.given;
  ++entry.expected;
}

Handles::Due Handles::Settle(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  if (found->second.expected > 0) --found->second.expected;
  return TakeIfUnused(name);
}

Handles::Due Handles::Died(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  if (found->second.live > 0) --found->second.live;
  return TakeIfUnused(name);
}

Handles::Due Handles::TakeIfUnused(std::string_view name) {
  const auto found = entries_.find(name);
  if (found->second.live > 0 || found->second.expected > 0) return {};
  const Due due{.count = found->second.given, .forked = found->second.forked};
  entries_.erase(found);
  return due;
}

uint64_t Handles::Live(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? 0 : found->second.live + found->second.expected;
}

void Handles::MarkForked() {
  for (auto& [name, entry] : entries_) entry.forked = true;
}

std::vector<std::string> Handles::Inherit() {
  for (auto& [name, entry] : entries_) entry = {.live = entry.live};
  return Lose();
}

std::vector<std::string> Handles::Lose() {
  std::vector<std::string> names;
  std::erase_if(entries_, [](const auto& item) {
    return item.second.live == 0 && item.second.expected == 0;
  });
  for (auto& [name, entry] : entries_) {
    entry.given = 0;
    if (entry.live > 0) names.push_back(name);
  }
  return names;
}

}  // namespace coheld::python
