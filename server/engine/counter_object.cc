// The counter: one 64-bit number (coheld/v1/counter.proto). It is one cell and not striped: every
// object belongs to one thread, so that adders never contend for it.
#include <cstdint>
#include <string>

#include "coheld/v1/counter.pb.h"
#include "server/engine/object.h"
#include "server/engine/plain_messages.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class CounterObject : public Object {
 public:
  uint64_t size() const override { return 0; }  // A number has no items.
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutSigned(number);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    number = state.TakeSigned();
  }

  void Store(int64_t next) {
    number = next;
    Touch();
  }

  int64_t number = 0;
};

Outcome Create(CounterObject& counter, const v1::CounterCreateRequest& request,
               v1::CounterCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("counter", counter, request, turn)) return *failure;
  if (turn.created()) counter.Store(request.initial());
  AnswerCreate(counter, turn, reply);
  reply->set_value(counter.number);
  return Done();
}

Outcome Get(CounterObject& counter, const v1::CounterGetRequest& /*request*/,
            v1::CounterGetReply* reply, Turn& /*turn*/) {
  reply->set_value(counter.number);
  reply->set_version(counter.version());
  return Done();
}

Outcome AddTo(CounterObject& counter, const plain::CounterAddRequest& request,
              plain::CounterAddReply* reply, Turn& turn) {
  int64_t sum = 0;
  if (__builtin_add_overflow(counter.number, request.amount, &sum)) {
    return Failure{v1::ERROR_REASON_OVERFLOW,
                   "the counter \"" + counter.name() + "\" is " + std::to_string(counter.number) +
                       ", and " + std::to_string(request.amount) +
                       " more passes 64 bits; set it back, or use a value without type code"};
  }
  if (turn.rehearsal()) return Done();
  counter.Store(sum);
  reply->value = sum;
  return Done();
}

Outcome Set(CounterObject& counter, const v1::CounterSetRequest& request,
            v1::CounterSetReply* reply, Turn& turn) {
  if (turn.rehearsal()) return Done();
  reply->set_previous(counter.number);
  counter.Store(request.value());
  return Done();
}

Outcome CompareExchange(CounterObject& counter, const v1::CounterCompareExchangeRequest& request,
                        v1::CounterCompareExchangeReply* reply, Turn& /*turn*/) {
  reply->set_exchanged(counter.number == request.expected());
  if (reply->exchanged()) counter.Store(request.desired());
  reply->set_current(counter.number);
  return Done();
}

}  // namespace

const TypeRow& CounterType() {
  static const TypeRow row = MakeType<CounterObject>(
      "counter",
      {Op<Create>("Counter.Create"), Op<Get>("Counter.Get"), JointOp<AddTo>("Counter.Add"),
       JointOp<Set>("Counter.Set"), Op<CompareExchange>("Counter.CompareExchange")});
  return row;
}

}  // namespace coheld::engine
