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

Op<Acquired> AcquireOp(const v1::LockAcquireRequest& request) {
  static constinit MethodNumber method("/coheld.v1.Lock/Acquire");
  return MakeOp<v1::LockAcquireReply>(
      method, request, [](const v1::LockAcquireReply& reply) { return core::AcquiredOf(reply); });
}

}  // namespace

Lock Lock::make(const Client& client, const LockOptions& options) {
  return Lock(ref_to(Lock(client, "").create(options), kType));
}

Acquired Lock::acquire(const AcquireOptions& options, CallSite site) {
  auto request = core::Waiting<v1::LockAcquireRequest>(name(), options.time);
  request.set_lease_ms(core::LeaseMs(options.lease));
  Acquired acquired;
  try {
    acquired = run_at(site, AcquireOp(request));
  } catch (const OutcomeUnknown&) {  // Was it granted just before the connection broke?
    request.set_retake(true);
    acquired = run_at(site, AcquireOp(request));
  }
  if (acquired) grant_.take(acquired.token, acquired.owner_died);
  return acquired;
}

void Lock::renew(std::chrono::milliseconds lease) {
  static constinit MethodNumber method("/coheld.v1.Lock/Renew");
  auto request = Named<v1::LockRenewRequest>(name());
  request.set_token(token());
  request.set_lease_ms(core::LeaseMs(lease));
  run(MakeOp<v1::LockRenewReply>(method, request, [](const v1::LockRenewReply&) { return true; }));
}

bool Lock::lost() const { return grant_.held() && inspect().token != token(); }

void Lock::retake(const CallOptions& options) {
  auto request = Named<v1::LockAcquireRequest>(name());
  request.set_retake(true);
  const Acquired acquired = run_with(options, AcquireOp(request));
  grant_.take(acquired.token, acquired.owner_died);
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
  grant_.end();
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
