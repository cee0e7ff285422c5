// See queue_leases.h.
#include "server/engine/queue_leases.h"

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

const QueueLeases::Map::value_type& QueueLeases::Begin(uint64_t delivery, QueueLease lease) {
  const auto [place, fresh] = leases_.emplace(delivery, std::move(lease));
  COHELD_CHECK(fresh);
  const QueueLease& begun = place->second;
  if (begun.until != kNever) ends_.emplace(begun.until, delivery);
  if (begun.owner.session != kNoSession) sessions_.emplace(begun.owner.session, delivery);
  if (begun.dropped) ++dropped_;
  return *place;
}

const QueueLease* QueueLeases::Find(uint64_t delivery) const {
  const auto found = leases_.find(delivery);
  return found == leases_.end() ? nullptr : &found->second;
}

QueueLease QueueLeases::End(uint64_t delivery) {
  auto node = leases_.extract(delivery);
  COHELD_CHECK(!node.empty());
  QueueLease& lease = node.mapped();
  ends_.erase({lease.until, delivery});
  sessions_.erase({lease.owner.session, delivery});
  if (lease.dropped) --dropped_;
  return std::move(lease);
}

void QueueLeases::Extend(uint64_t delivery, uint64_t visibility_ms, TimeMs now) {
  QueueLease& lease = leases_.at(delivery);
  ends_.erase({lease.until, delivery});
  lease.visibility_ms = visibility_ms;
  lease.until = VisibleUntil(visibility_ms, now);
  if (lease.until != kNever) ends_.emplace(lease.until, delivery);
}

void QueueLeases::DropAll() {
  for (auto& [delivery, lease] : leases_) lease.dropped = true;
  dropped_ = leases_.size();
}

void QueueLeases::Shift(uint64_t ms) {
  ends_.clear();
  for (auto& [delivery, lease] : leases_) {
    if (lease.until == kNever) continue;
    lease.until = After(lease.until, ms);
    if (lease.until != kNever) ends_.emplace(lease.until, delivery);
  }
}

void QueueLeases::Renew(TimeMs now) {
  for (const auto& [delivery, lease] : leases_) Extend(delivery, lease.visibility_ms, now);
}

uint64_t QueueLeases::FirstOf(SessionId session) const {
  const auto place = sessions_.lower_bound({session, 0});
  return place == sessions_.end() || place->first != session ? 0 : place->second;
}

void QueueLeases::Save(StateWriter& state) const {
  state.PutUnsigned(leases_.size());
  for (const auto& [delivery, lease] : leases_) {
    state.PutUnsigned(delivery);
    lease.item.Save(state);
    state.PutOwner(lease.owner);
    state.PutTime(lease.since);
    state.PutTime(lease.until);
    state.PutUnsigned(lease.visibility_ms);
    state.PutFlag(lease.dropped);
  }
}

void QueueLeases::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const uint64_t delivery = state.TakeToken();
    const uint64_t last = leases_.empty() ? 0 : leases_.rbegin()->first;
    if (delivery <= last) return state.Fail("the deliveries are not in order");
    QueueLease lease;
    lease.item.Load(state);
    if (lease.item.attempts == 0) return state.Fail("a delivery was not counted");
    lease.owner = state.TakeOwner();
    lease.since = state.TakeTime();
    lease.until = state.TakeTime();
    lease.visibility_ms = state.TakeUnsigned(kLeaseMsMax, "the length of a lease");
    if ((lease.until == kNever) != (lease.visibility_ms == 0)) state.Fail("a lease has no end");
    lease.dropped = state.TakeFlag();
    Begin(delivery, std::move(lease));
  }
}

}  // namespace coheld::engine
