// Builds and reads the messages of coheld.v1.Array. See coheld/ops/array.h.
#include "client/cpp/src/op_builder.h"
#include "client/cpp/src/slice.h"
#include "coheld/ops/array.h"
#include "coheld/v1/array.pb.h"

namespace coheld::ops {
namespace {

using core::Changing;
using core::FromMessage;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessage;

template <typename Request>
Op<uint64_t> ArrayChangeOp(uint32_t method, const Request& request) {
  return MakeOp<v1::ArrayChangeReply>(
      method, request,
      [](const v1::ArrayChangeReply& reply) -> uint64_t { return reply.version(); });
}

}  // namespace

Op<Created> array_create(const std::string& name, const ArrayCreation& creation) {
  static constinit MethodNumber method("/coheld.v1.Array/Create");
  auto request = Named<v1::ArrayCreateRequest>(name);
  request.set_typecode(creation.typecode);
  request.set_data(std::string(creation.data));
  request.set_length(creation.length);
  request.mutable_shape()->Add(creation.shape.begin(), creation.shape.end());
  request.set_exclusive(creation.exclusive);
  return core::CreateOp<v1::ArrayCreateReply>(method, request);
}

Op<ArrayDetails> array_inspect(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Array/Inspect");
  return MakeOp<v1::ArrayInspectReply>(
      method, Named<v1::ArrayInspectRequest>(name), [](const v1::ArrayInspectReply& reply) {
        return ArrayDetails{
            .typecode = reply.typecode(),
            .item_bytes = reply.item_bytes(),
            .length = reply.length(),
            .shape = std::vector<uint64_t>(reply.shape().begin(), reply.shape().end()),
            .version = reply.version()};
      });
}

Op<Value> array_get(const std::string& name, int64_t index) {
  static constinit MethodNumber method("/coheld.v1.Array/Get");
  auto request = Named<v1::ArrayGetRequest>(name);
  request.set_index(index);
  return MakeOp<v1::ArrayGetReply>(method, request, [](v1::ArrayGetReply reply) {
    return FromMessage(std::move(*reply.mutable_value()));
  });
}

Op<uint64_t> array_set(const std::string& name, int64_t index, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Array/Set");
  auto request = Changing<v1::ArraySetRequest>(name, version);
  request.set_index(index);
  ToMessage(std::move(value), request.mutable_value());
  return ArrayChangeOp(method, request);
}

Op<ArrayBytes> array_get_range(const std::string& name, const Slice& slice) {
  static constinit MethodNumber method("/coheld.v1.Array/GetRange");
  auto request = Named<v1::ArrayGetRangeRequest>(name);
  core::Fill(slice, request.mutable_slice());
  request.set_encoding(v1::ARRAY_ENCODING_RAW);
  return MakeOp<v1::ArrayGetRangeReply>(method, request, [](v1::ArrayGetRangeReply reply) {
    return ArrayBytes{.data = std::move(*reply.mutable_data()),
                      .typecode = reply.typecode(),
                      .length = reply.length(),
                      .version = reply.version()};
  });
}

Op<uint64_t> array_set_range(const std::string& name, const Slice& slice, std::string_view data,
                             IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Array/SetRange");
  auto request = Changing<v1::ArraySetRangeRequest>(name, version);
  core::Fill(slice, request.mutable_slice());
  request.set_data(std::string(data));
  return ArrayChangeOp(method, request);
}

Op<uint64_t> array_fill(const std::string& name, const Slice& slice, Value value,
                        IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Array/Fill");
  auto request = Changing<v1::ArrayFillRequest>(name, version);
  core::Fill(slice, request.mutable_slice());
  ToMessage(std::move(value), request.mutable_value());
  return ArrayChangeOp(method, request);
}

Op<Value> array_add(const std::string& name, int64_t index, Value amount) {
  static constinit MethodNumber method("/coheld.v1.Array/Add");
  auto request = Named<v1::ArrayAddRequest>(name);
  request.set_index(index);
  ToMessage(std::move(amount), request.mutable_amount());
  return MakeOp<v1::ArrayAddReply>(method, request, [](v1::ArrayAddReply reply) {
    return FromMessage(std::move(*reply.mutable_value()));
  });
}

Op<ArrayExchange> array_compare_exchange(const std::string& name, int64_t index, Value expected,
                                         Value desired) {
  static constinit MethodNumber method("/coheld.v1.Array/CompareExchange");
  auto request = Named<v1::ArrayCompareExchangeRequest>(name);
  request.set_index(index);
  ToMessage(std::move(expected), request.mutable_expected());
  ToMessage(std::move(desired), request.mutable_desired());
  return MakeOp<v1::ArrayCompareExchangeReply>(
      method, request, [](v1::ArrayCompareExchangeReply reply) {
        return ArrayExchange{.exchanged = reply.exchanged(),
                             .current = FromMessage(std::move(*reply.mutable_current()))};
      });
}

}  // namespace coheld::ops
