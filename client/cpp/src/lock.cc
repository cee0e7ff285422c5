// The lock's ops. See coheld/lock.h.
#include "coheld/lock.h"

#include "client/cpp/src/lock_state.h"
#include "client/cpp/src/op_builder.h"
#include "coheld/v1/lock.pb.h"

namespace coheld {
namespace {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

// Answers the token, or 0.
Op<uint64_t> AcquireOp(const v1::LockAcquireRequest& request) {
  static constinit MethodNumber method("/coheld.v1.Lock/Acquire");
  return MakeOp<v1::LockAcquireReply>(
      method, request, [](const v1::LockAcquireReply& reply) -> uint64_t { return reply.token(); });
}

}  // namespace

Lock Lock::make(const Client& client, const LockOptions& options) {
  return Lock(ref_to(Lock(client, "").create(options), kType));
}

bool Lock::acquire(WaitTime time, const CallOptions& options) {
  auto request = core::Waiting<v1::LockAcquireRequest>(name(), time);
  uint64_t token = 0;
  try {
    token = run_with(options, AcquireOp(request));
  } catch (const OutcomeUnknown&) {  // Was it granted just before the connection broke?
    request.set_retake(true);
    token = run_with(options, AcquireOp(request));
  }
  if (token == 0) return false;
  token_.store(token, std::memory_order_relaxed);
  return true;
}

void Lock::retake(const CallOptions& options) {
  auto request = Named<v1::LockAcquireRequest>(name());
  request.set_retake(true);
  token_.store(run_with(options, AcquireOp(request)), std::memory_order_relaxed);
}

void Lock::unlock() noexcept {
  try {
    release();
  } catch (const Error&) {  // Lost already, or the session's end releases it.
  }
}

void Lock::release() {
  static constinit MethodNumber method("/coheld.v1.Lock/Release");
  auto request = Named<v1::LockReleaseRequest>(name());
  request.set_token(token());
  run(MakeOp<v1::LockReleaseReply>(method, request,
                                   [](const v1::LockReleaseReply&) { return true; }));
}

LockState Lock::inspect() const {
  static constinit MethodNumber method("/coheld.v1.Lock/Inspect");
  return run(MakeOp<v1::LockInspectReply>(
      method, Named<v1::LockInspectRequest>(name()),
      [](const v1::LockInspectReply& reply) { return core::LockStateOf(reply); }));
}

Created Lock::create(const LockOptions& options) const {
  static constinit MethodNumber method("/coheld.v1.Lock/Create");
  auto request = Named<v1::LockCreateRequest>(name());
  request.set_release(static_cast<v1::LockRelease>(options.release));
  request.set_exclusive(options.exclusive);
  return run(core::CreateOp<v1::LockCreateReply>(method, request));
}

}  // namespace coheld
