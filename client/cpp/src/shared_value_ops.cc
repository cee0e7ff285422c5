// Builds and reads the messages of coheld.v1.SharedValue. See coheld/ops/shared_value.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/shared_value.h"
#include "coheld/v1/shared_value.pb.h"

namespace coheld::ops {
namespace {

using core::FromMessage;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessage;

}  // namespace

Op<Created> shared_value_create(const std::string& name, const std::string& typecode,
                                std::optional<Value> initial, bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.SharedValue/Create");
  auto request = Named<v1::SharedValueCreateRequest>(name);
  request.set_typecode(typecode);
  if (initial) ToMessage(std::move(*initial), request.mutable_initial());
  request.set_exclusive(exclusive);
  return core::CreateOp<v1::SharedValueCreateReply>(method, request);
}

Op<CellAnswer> shared_value_get(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.SharedValue/Get");
  return MakeOp<v1::SharedValueGetReply>(
      method, Named<v1::SharedValueGetRequest>(name), [](v1::SharedValueGetReply reply) {
        return CellAnswer{.value = FromMessage(std::move(*reply.mutable_value())),
                          .version = reply.version(),
                          .typecode = reply.typecode()};
      });
}

Op<uint64_t> shared_value_set(const std::string& name, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.SharedValue/Set");
  auto request = core::Changing<v1::SharedValueSetRequest>(name, version);
  ToMessage(std::move(value), request.mutable_value());
  return MakeOp<v1::SharedValueChangeReply>(
      method, request,
      [](const v1::SharedValueChangeReply& reply) -> uint64_t { return reply.version(); });
}

Op<ModifyAnswer> shared_value_modify(const std::string& name, Operator how, Value operand) {
  static constinit MethodNumber method("/coheld.v1.SharedValue/Modify");
  auto request = Named<v1::SharedValueModifyRequest>(name);
  request.set_operator_(static_cast<v1::Operator>(how));
  ToMessage(std::move(operand), request.mutable_operand());
  return MakeOp<v1::SharedValueModifyReply>(method, request, [](v1::SharedValueModifyReply reply) {
    return ModifyAnswer{.previous = FromMessage(std::move(*reply.mutable_previous())),
                        .value = FromMessage(std::move(*reply.mutable_value())),
                        .version = reply.version()};
  });
}

Op<ExchangeAnswer> shared_value_compare_exchange(const std::string& name, Value expected,
                                                 Value desired) {
  static constinit MethodNumber method("/coheld.v1.SharedValue/CompareExchange");
  auto request = Named<v1::SharedValueCompareExchangeRequest>(name);
  ToMessage(std::move(expected), request.mutable_expected());
  ToMessage(std::move(desired), request.mutable_desired());
  return MakeOp<v1::SharedValueCompareExchangeReply>(
      method, request, [](v1::SharedValueCompareExchangeReply reply) {
        return ExchangeAnswer{.exchanged = reply.exchanged(),
                              .current = FromMessage(std::move(*reply.mutable_current())),
                              .version = reply.version()};
      });
}

Op<std::optional<CellAnswer>> shared_value_wait(const std::string& name, uint64_t since_version,
                                                WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.SharedValue/Wait");
  auto request = core::Waiting<v1::SharedValueWaitRequest>(name, time);
  request.set_since_version(since_version);
  return MakeOp<v1::SharedValueWaitReply>(
      method, request, [](v1::SharedValueWaitReply reply) -> std::optional<CellAnswer> {
        if (!reply.changed()) return std::nullopt;
        return CellAnswer{.value = FromMessage(std::move(*reply.mutable_value())),
                          .version = reply.version()};
      });
}

}  // namespace coheld::ops
