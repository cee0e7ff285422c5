// The count-down latch: closed until it was counted down to 0, then open for ever. It has no owner.
#include <algorithm>
#include <vector>

#include "coheld/v1/count_down_latch.pb.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class CountDownLatchObject : public Object {
 public:
  uint64_t size() const override { return remaining; }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutUnsigned(remaining);
    state.PutUnsigned(count);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    remaining = state.TakeUnsigned(kCountMax, "what a latch counts");
    count = state.TakeUnsigned(kCountMax, "what a latch counts");
  }

  uint64_t remaining = 0;
  uint64_t count = 0;  // As created.
  WaitQueue waiters;
};

Outcome Create(CountDownLatchObject& latch, const v1::CountDownLatchCreateRequest& request,
               v1::CountDownLatchCreateReply* reply, Turn& turn) {
  if (auto failure = CheckCount("latch", latch, "counts", request.count())) return *failure;
  if (auto failure = CheckExclusive("latch", latch, request, turn)) return *failure;
  if (turn.created()) {
    latch.remaining = latch.count = request.count();
    latch.Touch();
  }
  AnswerCreate(latch, turn, reply);
  return Done();
}

Outcome CountDown(CountDownLatchObject& latch, const v1::CountDownLatchCountDownRequest& request,
                  v1::CountDownLatchCountDownReply* reply, Turn& turn) {
  const uint64_t count = std::min(std::max<uint64_t>(request.count(), 1), latch.remaining);
  if (count > 0) {
    latch.remaining -= count;
    latch.Touch();
    if (latch.remaining == 0) turn.Wake(latch.waiters);
  }
  reply->set_remaining(latch.remaining);
  return Done();
}

Outcome Wait(CountDownLatchObject& latch, const v1::CountDownLatchWaitRequest& request,
             v1::CountDownLatchWaitReply* reply, Turn& turn) {
  if (latch.remaining > 0) return turn.Park(latch.waiters, TimeoutOf(request), Done());
  reply->set_open(true);
  return Done();
}

Outcome Inspect(CountDownLatchObject& latch, const v1::CountDownLatchInspectRequest& /*request*/,
                v1::CountDownLatchInspectReply* reply, Turn& /*turn*/) {
  reply->set_remaining(latch.remaining);
  reply->set_count(latch.count);
  reply->set_waiters(latch.waiters.size());
  return Done();
}

}  // namespace

const TypeRow& CountDownLatchType() {
  static const TypeRow row = MakeType<CountDownLatchObject>(
      "latch", {Op<Create>("CountDownLatch.Create"),
                Op<CountDown>("CountDownLatch.CountDown", Missing::kRefuse),
                Op<Wait>("CountDownLatch.Wait", Missing::kRefuse),
                Op<Inspect>("CountDownLatch.Inspect", Missing::kRefuse)});
  return row;
}

}  // namespace coheld::engine
