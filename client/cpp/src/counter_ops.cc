// Builds and reads the messages of coheld.v1.Counter. See coheld/ops/counter.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/counter.h"
#include "coheld/v1/counter.pb.h"

namespace coheld::ops {

using core::MakeOp;
using core::MethodNumber;
using core::Named;

Op<Created> counter_create(const std::string& name, int64_t initial, bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.Counter/Create");
  auto request = Named<v1::CounterCreateRequest>(name);
  request.set_initial(initial);
  request.set_exclusive(exclusive);
  return core::CreateOp<v1::CounterCreateReply>(method, request);
}

Op<int64_t> counter_get(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Counter/Get");
  return MakeOp<v1::CounterGetReply>(
      method, Named<v1::CounterGetRequest>(name),
      [](const v1::CounterGetReply& reply) -> int64_t { return reply.value(); });
}

Op<int64_t> counter_add(const std::string& name, int64_t amount) {
  static constinit MethodNumber method("/coheld.v1.Counter/Add");
  auto request = Named<v1::CounterAddRequest>(name);
  request.set_amount(amount);
  return MakeOp<v1::CounterAddReply>(
      method, request, [](const v1::CounterAddReply& reply) -> int64_t { return reply.value(); });
}

Op<int64_t> counter_set(const std::string& name, int64_t value) {
  static constinit MethodNumber method("/coheld.v1.Counter/Set");
  auto request = Named<v1::CounterSetRequest>(name);
  request.set_value(value);
  return MakeOp<v1::CounterSetReply>(
      method, request,
      [](const v1::CounterSetReply& reply) -> int64_t { return reply.previous(); });
}

Op<CounterExchange> counter_compare_exchange(const std::string& name, int64_t expected,
                                             int64_t desired) {
  static constinit MethodNumber method("/coheld.v1.Counter/CompareExchange");
  auto request = Named<v1::CounterCompareExchangeRequest>(name);
  request.set_expected(expected);
  request.set_desired(desired);
  return MakeOp<v1::CounterCompareExchangeReply>(
      method, request, [](const v1::CounterCompareExchangeReply& reply) {
        return CounterExchange{.exchanged = reply.exchanged(), .current = reply.current()};
      });
}

}  // namespace coheld::ops
