// See sessions.h.
#include "server/engine/sessions.h"

#include "proto/wire/check.h"
#include "server/engine/lifetime.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

// No session comes to more handles on one object.
constexpr uint64_t kHandlesMax = uint64_t{1} << 48;

}  // namespace

wire::Failure Expired(SessionId session) {
  return {v1::ERROR_REASON_SESSION_EXPIRED,
          "session " + std::to_string(static_cast<uint64_t>(session)) +
              " has ended; open a new one (its locks were released)"};
}

Session& Sessions::Open(SessionId id, const v1::SessionLabel& label, uint64_t ttl_ms, TimeMs now) {
  const auto [place, fresh] = sessions_.try_emplace(id);
  COHELD_CHECK(fresh && id != kNoSession);
  place->second.label = label;
  place->second.ttl_ms = ttl_ms;
  place->second.opened = now;
  return place->second;
}

Session* Sessions::Find(SessionId id) {
  if (id == last_id_) return last_;
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  last_id_ = id;
  last_ = &found->second;
  return last_;
}

const Session* Sessions::Find(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void Sessions::Erase(SessionId id) {
  COHELD_CHECK(sessions_.erase(id) == 1);
  last_id_ = kNoSession;
  last_ = nullptr;
}

void Session::NoteHold(const std::string& name) {
  if (spare_hold.empty()) {
    held.insert(name);
    return;
  }
  spare_hold.value() = name;
  auto placed = held.insert(std::move(spare_hold));
  if (!placed.inserted) spare_hold = std::move(placed.node);
}

void Session::ForgetHold(const std::string& name) {
  if (auto node = held.extract(name)) spare_hold = std::move(node);
}

void Session::Save(StateWriter& state) const {
  state.PutBytes(label.host());
  state.PutSigned(label.pid());
  state.PutBytes(label.program());
  state.PutBytes(label.user());
  state.PutUnsigned(ttl_ms);
  state.PutTime(opened);
  state.PutUnsigned(handles.size());
  for (const auto& [name, held_handles] : handles) {
    state.PutTenure(*held_handles.tenure);
    state.PutUnsigned(held_handles.count);
  }
  replies.Save(state);
  lost.Save(state);
}

void Session::Load(StateReader& state) {
  label.set_host(state.TakeString());
  label.set_pid(state.TakeSigned());
  label.set_program(state.TakeString());
  label.set_user(state.TakeString());
  ttl_ms = state.TakeUnsigned();
  opened = state.TakeTime();
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    Tenure* const tenure = state.TakeTenure();
    const uint64_t number = state.TakeUnsigned(kHandlesMax, "handles");
    if (!state.ok()) return;
    if (number == 0 || (!handles.empty() && tenure->name <= handles.rbegin()->first)) {
      return state.Fail("the handles are not in order");
    }
    handles[tenure->name] = {.tenure = tenure, .count = number};
    tenure->handles += number;
  }
  replies.Load(state);
  lost.Load(state);
}

}  // namespace coheld::engine
