// The condition's ops. See coheld/condition.h.
#include "coheld/condition.h"

#include <algorithm>
#include <array>

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/condition.pb.h"

namespace coheld {
namespace {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

// How a wait ended.
struct Waking {
  bool notified = false;
  uint64_t depth = 1;  // What to take the lock with again.
};

Op<Waking> WaitOp(const std::string& name, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Condition/Wait");
  return MakeOp<v1::ConditionWaitReply>(method, core::Waiting<v1::ConditionWaitRequest>(name, time),
                                        [](const v1::ConditionWaitReply& reply) {
                                          return Waking{.notified = reply.notified(),
                                                        .depth = reply.depth()};
                                        });
}

// A wait that failed so after it had let the lock go: the condition was deleted, or the wait was
// ended from here.
constexpr std::array kLetGo = {Reason::kObjectDeleted, Reason::kCancelled,
                               Reason::kDeadlineExceeded, Reason::kInterrupted};
// The same, but it looks like a wake-up without a notification: the state may have changed.
constexpr std::array kLostSight = {Reason::kOutcomeUnknown, Reason::kSessionExpired};

template <size_t size>
bool IsOneOf(const std::array<Reason, size>& reasons, const Error& error) {
  return std::find(reasons.begin(), reasons.end(), error.reason()) != reasons.end();
}

// Waits by `wait`, and takes the lock by `retake(depth)` in every case in which it was let go, or
// may have been: when the answer was lost. `depth`: how deep it is held, should no reply tell.
template <typename Wait, typename Retake>
bool WaitAndRetake(uint64_t depth, const Wait& wait, const Retake& retake) {
  Waking waking{.notified = true, .depth = depth};
  try {
    waking = wait();
  } catch (const Error& error) {
    const bool goes_on = IsOneOf(kLostSight, error);
    if (!goes_on && !IsOneOf(kLetGo, error)) throw;
    retake(depth);
    if (!goes_on) throw;
    return true;
  }
  retake(waking.depth);
  return waking.notified;
}

// Whoever interrupts a wait must wait for the lock all the same.
CallOptions Uninterrupted() {
  return {.on_interrupt = [] { return false; }};
}

}  // namespace

bool Condition::wait_on(Lock& lock, WaitTime time, const CallSite& site) const {
  return WaitAndRetake(
      1, [&] { return run_at(site, WaitOp(name(), time)); },
      [&](uint64_t) { lock.retake(Uninterrupted()); });
}

bool Condition::wait_on(RecursiveLock& lock, WaitTime time, const CallSite& site) const {
  return WaitAndRetake(
      std::max<uint64_t>(1, lock.depth_.load(std::memory_order_relaxed)),
      [&] { return run_at(site, WaitOp(name(), time)); },
      [&](uint64_t depth) { lock.retake(depth, Uninterrupted()); });
}

uint64_t Condition::notify(uint64_t count) const {
  static constinit MethodNumber method("/coheld.v1.Condition/Notify");
  auto request = Named<v1::ConditionNotifyRequest>(name());
  request.set_count(count);
  return run(MakeOp<v1::ConditionNotifyReply>(
      method, request,
      [](const v1::ConditionNotifyReply& reply) -> uint64_t { return reply.woken(); }));
}

ConditionState Condition::inspect() const {
  static constinit MethodNumber method("/coheld.v1.Condition/Inspect");
  return run(MakeOp<v1::ConditionInspectReply>(
      method, Named<v1::ConditionInspectRequest>(name()), [](v1::ConditionInspectReply reply) {
        return ConditionState{
            .lock = core::ReceiveRef(std::move(*reply.mutable_lock()->mutable_name()),
                                     std::move(*reply.mutable_lock()->mutable_type())),
            .waiters = reply.waiters()};
      }));
}

Condition Condition::make_over(const Client& client, const std::string& lock) {
  return Condition(ref_to(Condition(client, "").create_over(lock, false), kType));
}

Created Condition::create_over(const std::string& lock, bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.Condition/Create");
  auto request = Named<v1::ConditionCreateRequest>(name());
  request.set_lock(lock);
  request.set_exclusive(exclusive);
  return run(MakeOp<v1::ConditionCreateReply>(method, request, [](v1::ConditionCreateReply reply) {
    // The reply's Ref gives a hold of its own, which goes at once: the caller's lock has one.
    (void)core::ReceiveRef(std::move(*reply.mutable_lock()->mutable_name()), "");
    return core::CreatedFrom(reply);
  }));
}

}  // namespace coheld
