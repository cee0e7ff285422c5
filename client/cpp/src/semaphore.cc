// The semaphore's ops. See coheld/semaphore.h.
#include "coheld/semaphore.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/semaphore.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

Semaphore Semaphore::make(const Client& client, const SemaphoreOptions& options) {
  return Semaphore(ref_to(Semaphore(client, "").create(options), kType));
}

bool Semaphore::try_acquire_for(WaitTime time, uint64_t count, CallSite site) const {
  static constinit MethodNumber method("/coheld.v1.Semaphore/Acquire");
  if (count == 0) return true;  // On the wire 0 means 1.
  auto request = core::Waiting<v1::SemaphoreAcquireRequest>(name(), time);
  request.set_count(count);
  return run_at(site, MakeOp<v1::SemaphoreAcquireReply>(
                          method, request,
                          [](const v1::SemaphoreAcquireReply& reply) { return reply.acquired(); }));
}

uint64_t Semaphore::release(uint64_t count) const {
  static constinit MethodNumber method("/coheld.v1.Semaphore/Release");
  if (count == 0) return inspect().available;
  auto request = Named<v1::SemaphoreReleaseRequest>(name());
  request.set_count(count);
  return run(MakeOp<v1::SemaphoreReleaseReply>(
      method, request,
      [](const v1::SemaphoreReleaseReply& reply) -> uint64_t { return reply.available(); }));
}

SemaphoreState Semaphore::inspect() const {
  static constinit MethodNumber method("/coheld.v1.Semaphore/Inspect");
  return run(MakeOp<v1::SemaphoreInspectReply>(method, Named<v1::SemaphoreInspectRequest>(name()),
                                               [](const v1::SemaphoreInspectReply& reply) {
                                                 return SemaphoreState{
                                                     .available = reply.available(),
                                                     .held = reply.held(),
                                                     .waiters = reply.waiters(),
                                                     .bounded = reply.bounded(),
                                                     .permits = reply.permits()};
                                               }));
}

Created Semaphore::create(const SemaphoreOptions& options) const {
  static constinit MethodNumber method("/coheld.v1.Semaphore/Create");
  auto request = Named<v1::SemaphoreCreateRequest>(name());
  request.set_permits(options.permits);
  request.set_bounded(options.bounded);
  request.set_exclusive(options.exclusive);
  return run(core::CreateOp<v1::SemaphoreCreateReply>(method, request));
}

}  // namespace coheld
