// See sessions.h.
#include "server/engine/sessions.h"

#include "proto/wire/check.h"

namespace coheld::engine {

Session& Sessions::Open(SessionId id, const v1::SessionLabel& label, uint64_t ttl_ms, TimeMs now) {
  const auto [place, fresh] = sessions_.try_emplace(id);
  COHELD_CHECK(fresh && id != kNoSession);
  place->second.label = label;
  place->second.ttl_ms = ttl_ms;
  place->second.opened = now;
  return place->second;
}

Session* Sessions::Find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

const Session* Sessions::Find(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void Sessions::Erase(SessionId id) { COHELD_CHECK(sessions_.erase(id) == 1); }

}  // namespace coheld::engine
