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

struct Grant {
  uint64_t token = 0;
  uint64_t depth = 0;
};

Op<Grant> AcquireOp(const v1::RLockAcquireRequest& request) {
  static constinit MethodNumber method("/coheld.v1.RLock/Acquire");
  return MakeOp<v1::RLockAcquireReply>(method, request, [](const v1::RLockAcquireReply& reply) {
    return Grant{.token = reply.token(), .depth = reply.depth()};
  });
}

}  // namespace

RecursiveLock RecursiveLock::make(const Client& client) {
  return RecursiveLock(ref_to(RecursiveLock(client, "").create(), kType));
}

bool RecursiveLock::acquire(WaitTime time, uint64_t depth) {
  auto request = core::Waiting<v1::RLockAcquireRequest>(name(), time);
  request.set_depth(depth);
  const Grant grant = run(AcquireOp(request));
  if (grant.token == 0) return false;
  token_.store(grant.token, std::memory_order_relaxed);
  depth_.store(grant.depth, std::memory_order_relaxed);
  return true;
}

void RecursiveLock::retake(uint64_t depth, const CallOptions& options) {
  auto request = Named<v1::RLockAcquireRequest>(name());
  request.set_depth(depth);
  request.set_retake(true);
  const Grant grant = run_with(options, AcquireOp(request));
  token_.store(grant.token, std::memory_order_relaxed);
  depth_.store(grant.depth, std::memory_order_relaxed);
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
  request.set_token(token());
  const uint64_t depth = run(MakeOp<v1::RLockReleaseReply>(
      method, request,
      [](const v1::RLockReleaseReply& reply) -> uint64_t { return reply.depth(); }));
  // At 0 another thread may have the lock, and may have set it already.
  if (depth > 0) depth_.store(depth, std::memory_order_relaxed);
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
