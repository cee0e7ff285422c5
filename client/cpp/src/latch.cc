// The latch's ops. See coheld/latch.h.
#include "coheld/latch.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/count_down_latch.pb.h"

namespace coheld {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

Latch Latch::make(const Client& client, uint64_t count) {
  return Latch(ref_to(Latch(client, "").create(count), kType));
}

uint64_t Latch::count_down(uint64_t update) const {
  static constinit MethodNumber method("/coheld.v1.CountDownLatch/CountDown");
  if (update == 0) return inspect().remaining;  // On the wire 0 means 1.
  auto request = Named<v1::CountDownLatchCountDownRequest>(name());
  request.set_count(update);
  return run(MakeOp<v1::CountDownLatchCountDownReply>(
      method, request,
      [](const v1::CountDownLatchCountDownReply& reply) -> uint64_t { return reply.remaining(); }));
}

bool Latch::wait_for(WaitTime time, CallSite site) const {
  static constinit MethodNumber method("/coheld.v1.CountDownLatch/Wait");
  return run_at(site, MakeOp<v1::CountDownLatchWaitReply>(
                          method, core::Waiting<v1::CountDownLatchWaitRequest>(name(), time),
                          [](const v1::CountDownLatchWaitReply& reply) { return reply.open(); }));
}

LatchState Latch::inspect() const {
  static constinit MethodNumber method("/coheld.v1.CountDownLatch/Inspect");
  return run(MakeOp<v1::CountDownLatchInspectReply>(
      method, Named<v1::CountDownLatchInspectRequest>(name()),
      [](const v1::CountDownLatchInspectReply& reply) {
        return LatchState{
            .remaining = reply.remaining(), .count = reply.count(), .waiters = reply.waiters()};
      }));
}

Created Latch::create(uint64_t count, bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.CountDownLatch/Create");
  auto request = Named<v1::CountDownLatchCreateRequest>(name());
  request.set_count(count);
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::CountDownLatchCreateReply>(method, request));
}

}  // namespace coheld
