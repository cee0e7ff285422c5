// Builds and reads the messages of coheld.v1.List. See coheld/ops/list.h.
#include "client/cpp/src/op_builder.h"
#include "client/cpp/src/slice.h"
#include "coheld/ops/list.h"
#include "coheld/v1/list.pb.h"

namespace coheld::ops {
namespace {

using core::ChangeOp;
using core::Changing;
using core::CreateOp;
using core::FromMessage;
using core::FromMessages;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::PlainRequest;
using core::ToMessage;
using core::ToMessages;

}  // namespace

Op<Created> list_create(const std::string& name, std::vector<Value> items, bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.List/Create");
  auto request = Named<v1::ListCreateRequest>(name);
  ToMessages(std::move(items), request.mutable_items());
  request.set_exclusive(exclusive);
  return CreateOp<v1::ListCreateReply>(method, request);
}

Op<Changed> list_len(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.List/Len");
  return MakeOp<v1::ListLenReply>(
      method, Named<v1::ListLenRequest>(name), [](const v1::ListLenReply& reply) {
        return Changed{.length = reply.length(), .version = reply.version()};
      });
}

Op<Value> list_get(const std::string& name, int64_t index) {
  static constinit MethodNumber method("/coheld.v1.List/Get");
  auto request = Named<v1::ListGetRequest>(name);
  request.set_index(index);
  return MakeOp<v1::ListGetReply>(method, request, [](v1::ListGetReply reply) {
    return FromMessage(std::move(*reply.mutable_value()));
  });
}

Op<Changed> list_set(const std::string& name, int64_t index, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Set");
  auto request = Changing<v1::ListSetRequest>(name, version);
  request.set_index(index);
  ToMessage(std::move(value), request.mutable_value());
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_delete(const std::string& name, int64_t index, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Delete");
  auto request = Changing<v1::ListDeleteRequest>(name, version);
  request.set_index(index);
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<ListItems> list_get_slice(const std::string& name, const Slice& slice) {
  static constinit MethodNumber method("/coheld.v1.List/GetSlice");
  auto request = Named<v1::ListGetSliceRequest>(name);
  core::Fill(slice, request.mutable_slice());
  return MakeOp<v1::ListGetSliceReply>(method, request, [](v1::ListGetSliceReply reply) {
    return ListItems{.values = FromMessages(reply.mutable_values()), .version = reply.version()};
  });
}

Op<Changed> list_set_slice(const std::string& name, const Slice& slice, std::vector<Value> values,
                           IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/SetSlice");
  auto request = Changing<v1::ListSetSliceRequest>(name, version);
  core::Fill(slice, request.mutable_slice());
  ToMessages(std::move(values), request.mutable_values());
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_delete_slice(const std::string& name, const Slice& slice, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/DeleteSlice");
  auto request = Changing<v1::ListDeleteSliceRequest>(name, version);
  core::Fill(slice, request.mutable_slice());
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_append(const std::string& name, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Append");
  PlainRequest request(name);
  request.Append(v1::ListAppendRequest::kValueFieldNumber, std::move(value))
      .Append(v1::ListAppendRequest::kIfVersionFieldNumber, version);
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_extend(const std::string& name, std::vector<Value> values, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Extend");
  auto request = Changing<v1::ListExtendRequest>(name, version);
  ToMessages(std::move(values), request.mutable_values());
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_insert(const std::string& name, int64_t index, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Insert");
  auto request = Changing<v1::ListInsertRequest>(name, version);
  request.set_index(index);
  ToMessage(std::move(value), request.mutable_value());
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Value> list_pop(const std::string& name, std::optional<int64_t> index, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Pop");
  auto request = Changing<v1::ListPopRequest>(name, version);
  if (index) request.set_index(*index);
  return MakeOp<v1::ListPopReply>(method, request, [](v1::ListPopReply reply) {
    return FromMessage(std::move(*reply.mutable_value()));
  });
}

Op<std::optional<Value>> list_try_pop(const std::string& name, std::optional<int64_t> index,
                                      IfVersion version) {
  const Op<Value> pop = list_pop(name, index, version);
  return {
      .method = pop.method,
      .request = pop.request,
      .read = [](std::string_view reply) -> std::optional<Value> {
        return FromMessage(std::move(*core::ParseReply<v1::ListPopReply>(reply).mutable_value()));
      },
      .absent = Reason::kIndexOutOfRange};
}

Op<Changed> list_remove(const std::string& name, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Remove");
  auto request = Changing<v1::ListRemoveRequest>(name, version);
  ToMessage(std::move(value), request.mutable_value());
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<uint64_t> list_index(const std::string& name, Value value, std::optional<int64_t> start,
                        std::optional<int64_t> stop) {
  static constinit MethodNumber method("/coheld.v1.List/Index");
  auto request = Named<v1::ListIndexRequest>(name);
  ToMessage(std::move(value), request.mutable_value());
  if (start) request.set_start(*start);
  if (stop) request.set_stop(*stop);
  return MakeOp<v1::ListIndexReply>(
      method, request, [](const v1::ListIndexReply& reply) -> uint64_t { return reply.index(); });
}

Op<uint64_t> list_count(const std::string& name, Value value) {
  static constinit MethodNumber method("/coheld.v1.List/Count");
  auto request = Named<v1::ListCountRequest>(name);
  ToMessage(std::move(value), request.mutable_value());
  return MakeOp<v1::ListCountReply>(
      method, request, [](const v1::ListCountReply& reply) -> uint64_t { return reply.count(); });
}

Op<bool> list_contains(const std::string& name, Value value) {
  static constinit MethodNumber method("/coheld.v1.List/Contains");
  auto request = Named<v1::ListContainsRequest>(name);
  ToMessage(std::move(value), request.mutable_value());
  return MakeOp<v1::ListContainsReply>(
      method, request, [](const v1::ListContainsReply& reply) { return reply.contains(); });
}

Op<Changed> list_reverse(const std::string& name, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Reverse");
  return ChangeOp<v1::ListChangeReply>(method, Changing<v1::ListReverseRequest>(name, version));
}

Op<Changed> list_sort(const std::string& name, bool descending, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Sort");
  auto request = Changing<v1::ListSortRequest>(name, version);
  request.set_reverse(descending);
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_repeat(const std::string& name, int64_t count, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Repeat");
  auto request = Changing<v1::ListRepeatRequest>(name, version);
  request.set_count(count);
  return ChangeOp<v1::ListChangeReply>(method, request);
}

Op<Changed> list_clear(const std::string& name, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.List/Clear");
  return ChangeOp<v1::ListChangeReply>(method, Changing<v1::ListClearRequest>(name, version));
}

Op<Created> list_copy(const std::string& name, const std::string& target) {
  static constinit MethodNumber method("/coheld.v1.List/Copy");
  auto request = Named<v1::ListCopyRequest>(name);
  request.set_target(target);
  return CreateOp<v1::ListCreateReply>(method, request);
}

Op<ListPage> list_scan(const std::string& name, uint64_t start, uint32_t limit) {
  static constinit MethodNumber method("/coheld.v1.List/Scan");
  auto request = Named<v1::ListScanRequest>(name);
  request.set_start(start);
  request.set_limit(limit);
  return MakeOp<v1::ListScanReply>(method, request, [](v1::ListScanReply reply) {
    return ListPage{.values = FromMessages(reply.mutable_values()),
                    .next = reply.next(),
                    .done = reply.done(),
                    .version = reply.version(),
                    .length = reply.length()};
  });
}

}  // namespace coheld::ops
