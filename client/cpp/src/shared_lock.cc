// The shared lock's ops. See coheld/shared_lock.h.
#include "coheld/shared_lock.h"

#include "client/cpp/src/lock_state.h"
#include "client/cpp/src/op_builder.h"
#include "coheld/v1/read_write_lock.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

SharedLock SharedLock::make(const Client& client) {
  return SharedLock(ref_to(SharedLock(client, "").create(), kType));
}

bool SharedLock::try_lock_for(WaitTime time, CallSite site) {
  static constinit MethodNumber method("/coheld.v1.ReadWriteLock/AcquireWrite");
  const Acquired acquired = run_at(
      site,
      MakeOp<v1::ReadWriteLockAcquireWriteReply>(
          method, core::Waiting<v1::ReadWriteLockAcquireWriteRequest>(name(), time),
          [](const v1::ReadWriteLockAcquireWriteReply& reply) { return core::AcquiredOf(reply); }));
  if (!acquired) return false;
  token_.store(acquired.token, std::memory_order_relaxed);
  owner_died_.store(acquired.owner_died, std::memory_order_relaxed);
  return true;
}

bool SharedLock::try_lock_shared_for(WaitTime time, CallSite site) {
  static constinit MethodNumber method("/coheld.v1.ReadWriteLock/AcquireRead");
  struct Reading {
    bool acquired = false;
    bool owner_died = false;
  };
  const Reading reading = run_at(
      site, MakeOp<v1::ReadWriteLockAcquireReadReply>(
                method, core::Waiting<v1::ReadWriteLockAcquireReadRequest>(name(), time),
                [](const v1::ReadWriteLockAcquireReadReply& reply) {
                  return Reading{.acquired = reply.acquired(), .owner_died = reply.owner_died()};
                }));
  if (reading.acquired) owner_died_.store(reading.owner_died, std::memory_order_relaxed);
  return reading.acquired;
}

void SharedLock::unlock() noexcept {
  try {
    release(token());
  } catch (const Error&) {  // Lost already, or the session's end releases it.
  }
}

void SharedLock::unlock_shared() noexcept {
  try {
    release(0);
  } catch (const Error&) {  // As above.
  }
}

void SharedLock::release() { release(0); }

void SharedLock::release(uint64_t token) {
  static constinit MethodNumber method("/coheld.v1.ReadWriteLock/Release");
  auto request = Named<v1::ReadWriteLockReleaseRequest>(name());
  request.set_token(token);
  run(MakeOp<v1::ReadWriteLockReleaseReply>(
      method, request, [](const v1::ReadWriteLockReleaseReply&) { return true; }));
}

SharedLockState SharedLock::inspect() const {
  static constinit MethodNumber method("/coheld.v1.ReadWriteLock/Inspect");
  return run(MakeOp<v1::ReadWriteLockInspectReply>(
      method, Named<v1::ReadWriteLockInspectRequest>(name()),
      [](const v1::ReadWriteLockInspectReply& reply) {
        return SharedLockState{.readers = reply.readers(),
                               .written = reply.written(),
                               .session = reply.session(),
                               .thread = reply.thread(),
                               .token = reply.token(),
                               .read_waiters = reply.read_waiters(),
                               .write_waiters = reply.write_waiters()};
      }));
}

Created SharedLock::create(bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.ReadWriteLock/Create");
  auto request = Named<v1::ReadWriteLockCreateRequest>(name());
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::ReadWriteLockCreateReply>(method, request));
}

}  // namespace coheld
