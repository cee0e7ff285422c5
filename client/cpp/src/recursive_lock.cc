// The recursive lock's ops. See coheld/recursive_lock.h.
#include "coheld/recursive_lock.h"

#include "client/cpp/src/lock_state.h"
#include "client/cpp/src/op_builder.h"
#include "coheld/v1/rlock.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

namespace {

// What an acquire answers, and how deep the lock is held then.
struct Deeper {
  Acquired acquired;
  uint64_t depth = 0;
};

Op<Deeper> AcquireOp(const v1::RLockAcquireRequest& request) {
  static constinit MethodNumber method("/coheld.v1.RLock/Acquire");
  return MakeOp<v1::RLockAcquireReply>(method, request, [](const v1::RLockAcquireReply& reply) {
    return Deeper{.acquired = core::AcquiredOf(reply), .depth = reply.depth()};
  });
}

}  // namespace

RecursiveLock RecursiveLock::make(const Client& client) {
  return RecursiveLock(ref_to(RecursiveLock(client, "").create(), kType));
}

Acquired RecursiveLock::acquire(const AcquireOptions& options, CallSite site) {
  auto request = core::Waiting<v1::RLockAcquireRequest>(name(), options.time);
  request.set_depth(1);
  request.set_lease_ms(core::LeaseMs(options.lease));
  const Deeper deeper = run_at(site, AcquireOp(request));
  if (deeper.acquired) take(deeper.acquired, deeper.depth);
  return deeper.acquired;
}

void RecursiveLock::take(const Acquired& acquired, uint64_t depth) {
  // Who goes deeper is not told again how the owner before ended.
  const bool again = grant_.held() && acquired.token == token();
  grant_.take(acquired.token, acquired.owner_died || (again && owner_died()));
  depth_.store(depth, std::memory_order_relaxed);
}

void RecursiveLock::renew(std::chrono::milliseconds lease) {
  static constinit MethodNumber method("/coheld.v1.RLock/Renew");
  auto request = Named<v1::RLockRenewRequest>(name());
  request.set_token(token());
  request.set_lease_ms(core::LeaseMs(lease));
  run(MakeOp<v1::RLockRenewReply>(method, request,
                                  [](const v1::RLockRenewReply&) { return true; }));
}

bool RecursiveLock::lost() const { return grant_.held() && inspect().token != token(); }

void RecursiveLock::retake(uint64_t depth, const CallOptions& options) {
  auto request = Named<v1::RLockAcquireRequest>(name());
  request.set_depth(depth);
  request.set_retake(true);
  const Deeper deeper = run_with(options, AcquireOp(request));
  take(deeper.acquired, deeper.depth);
}

void RecursiveLock::unlock() noexcept {
  try {
    release();
  } catch (const Error&) {  // Lost already, or the session's end releases it.
  }
}

uint64_t RecursiveLock::release() {
  static constinit MethodNumber method("/coheld.v1.RLock/Release");
  auto request = Named<v1::RLockReleaseRequest>(name());
  const uint64_t released = token();
  request.set_token(released);
  const uint64_t depth = run(MakeOp<v1::RLockReleaseReply>(
      method, request,
      [](const v1::RLockReleaseReply& reply) -> uint64_t { return reply.depth(); }));
  // At 0 another thread may have the lock, and may have set it already.
  if (depth > 0) depth_.store(depth, std::memory_order_relaxed);
  if (depth == 0 && token() == released) grant_.end();
  return depth;
}

RecursiveLockState RecursiveLock::inspect() const {
  static constinit MethodNumber method("/coheld.v1.RLock/Inspect");
  return run(MakeOp<v1::RLockInspectReply>(
      method, Named<v1::RLockInspectRequest>(name()), [](const v1::RLockInspectReply& reply) {
        RecursiveLockState state;
        static_cast<LockState&>(state) = core::LockStateOf(reply);
        state.depth = reply.depth();
        return state;
      }));
}

Created RecursiveLock::create(bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.RLock/Create");
  auto request = Named<v1::RLockCreateRequest>(name());
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::RLockCreateReply>(method, request));
}

}  // namespace coheld
