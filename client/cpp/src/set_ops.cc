// Builds and reads the messages of coheld.v1.Set. See coheld/ops/set.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/set.h"
#include "coheld/v1/set.pb.h"

namespace coheld::ops {
namespace {

using core::Changing;
using core::FromMessages;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessage;
using core::ToMessages;

template <typename Request>
Op<SetChange> SetChangeOp(uint32_t method, const Request& request) {
  return MakeOp<v1::SetChangeReply>(method, request, [](const v1::SetChangeReply& reply) {
    return SetChange{.added = reply.added(),
                     .removed = reply.removed(),
                     .length = reply.length(),
                     .version = reply.version()};
  });
}

void Fill(SetOperand operand, v1::SetOperand* message) {
  ToMessages(std::move(operand.values), message->mutable_values());
  message->set_set(operand.set);
}

// For Update and Combine.
template <typename Request>
void Fill(SetOperator how, std::vector<SetOperand> operands, Request* request) {
  request->set_operator_(static_cast<v1::SetOperator>(how));
  for (SetOperand& operand : operands) Fill(std::move(operand), request->add_operands());
}

}  // namespace

Op<Created> set_create(const std::string& name, std::vector<Value> values, bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.Set/Create");
  auto request = Named<v1::SetCreateRequest>(name);
  ToMessages(std::move(values), request.mutable_values());
  request.set_exclusive(exclusive);
  return core::CreateOp<v1::SetCreateReply>(method, request);
}

Op<Changed> set_len(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Set/Len");
  return core::ChangeOp<v1::SetLenReply>(method, Named<v1::SetLenRequest>(name));
}

Op<std::vector<bool>> set_contains(const std::string& name, std::vector<Value> values) {
  static constinit MethodNumber method("/coheld.v1.Set/Contains");
  auto request = Named<v1::SetContainsRequest>(name);
  ToMessages(std::move(values), request.mutable_values());
  return MakeOp<v1::SetContainsReply>(method, request, [](const v1::SetContainsReply& reply) {
    return std::vector<bool>(reply.contains().begin(), reply.contains().end());
  });
}

Op<SetChange> set_add(const std::string& name, std::vector<Value> values, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Set/Add");
  auto request = Changing<v1::SetAddRequest>(name, version);
  ToMessages(std::move(values), request.mutable_values());
  return SetChangeOp(method, request);
}

Op<SetChange> set_discard(const std::string& name, std::vector<Value> values, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Set/Discard");
  auto request = Changing<v1::SetDiscardRequest>(name, version);
  ToMessages(std::move(values), request.mutable_values());
  return SetChangeOp(method, request);
}

Op<SetChange> set_remove(const std::string& name, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Set/Remove");
  auto request = Changing<v1::SetRemoveRequest>(name, version);
  ToMessage(std::move(value), request.mutable_value());
  return SetChangeOp(method, request);
}

Op<std::optional<Value>> set_pop(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Set/Pop");
  return MakeOp<v1::SetPopReply>(method, Named<v1::SetPopRequest>(name), [](v1::SetPopReply reply) {
    return core::TakeValue(std::move(reply));
  });
}

Op<SetChange> set_clear(const std::string& name, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Set/Clear");
  return SetChangeOp(method, Changing<v1::SetClearRequest>(name, version));
}

Op<SetPage> set_scan(const std::string& name, uint64_t cursor, uint32_t limit) {
  static constinit MethodNumber method("/coheld.v1.Set/Scan");
  auto request = Named<v1::SetScanRequest>(name);
  request.set_cursor(cursor);
  request.set_limit(limit);
  return MakeOp<v1::SetScanReply>(method, request, [](v1::SetScanReply reply) {
    return SetPage{.values = FromMessages(reply.mutable_values()),
                   .next = reply.next(),
                   .done = reply.done(),
                   .length = reply.length(),
                   .version = reply.version()};
  });
}

Op<SetChange> set_update(const std::string& name, SetOperator how, std::vector<SetOperand> operands,
                         IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Set/Update");
  auto request = Changing<v1::SetUpdateRequest>(name, version);
  Fill(how, std::move(operands), &request);
  return SetChangeOp(method, request);
}

Op<std::vector<Value>> set_combine(const std::string& name, SetOperator how,
                                   std::vector<SetOperand> operands) {
  static constinit MethodNumber method("/coheld.v1.Set/Combine");
  auto request = Named<v1::SetCombineRequest>(name);
  Fill(how, std::move(operands), &request);
  return MakeOp<v1::SetCombineReply>(method, request, [](v1::SetCombineReply reply) {
    return FromMessages(reply.mutable_values());
  });
}

Op<SetComparison> set_compare(const std::string& name, SetOperand operand) {
  static constinit MethodNumber method("/coheld.v1.Set/Compare");
  auto request = Named<v1::SetCompareRequest>(name);
  Fill(std::move(operand), request.mutable_operand());
  return MakeOp<v1::SetCompareReply>(method, request, [](const v1::SetCompareReply& reply) {
    return SetComparison{.subset = reply.subset(),
                         .superset = reply.superset(),
                         .equal = reply.equal(),
                         .disjoint = reply.disjoint()};
  });
}

Op<Created> set_copy(const std::string& name, const std::string& target) {
  static constinit MethodNumber method("/coheld.v1.Set/Copy");
  auto request = Named<v1::SetCopyRequest>(name);
  request.set_target(target);
  return core::CreateOp<v1::SetCreateReply>(method, request);
}

}  // namespace coheld::ops
