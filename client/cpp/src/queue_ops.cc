// Builds and reads the messages of coheld.v1.Queue. See coheld/ops/queue.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/queue.h"
#include "coheld/v1/queue.pb.h"

namespace coheld::ops {
namespace {

using core::FromMessage;
using core::FromMessages;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::TakeValue;
using core::ToMessage;
using core::ToMessages;
using core::Waiting;

template <typename Request>
Op<uint64_t> PutOp(uint32_t method, const Request& request) {
  return MakeOp<v1::QueuePutReply>(
      method, request, [](const v1::QueuePutReply& reply) -> uint64_t { return reply.length(); });
}

QueueKind KindOf(v1::QueueKind kind) {
  return kind == v1::QUEUE_KIND_UNSPECIFIED ? QueueKind::kFifo : static_cast<QueueKind>(kind);
}

}  // namespace

Op<Created> queue_create(const std::string& name, const QueueOptions& options) {
  static constinit MethodNumber method("/coheld.v1.Queue/Create");
  auto request = Named<v1::QueueCreateRequest>(name);
  request.set_kind(static_cast<v1::QueueKind>(options.kind));
  request.set_maxsize(options.maxsize);
  request.set_exclusive(options.exclusive);
  return core::CreateOp<v1::QueueCreateReply>(method, request);
}

Op<QueueSizes> queue_len(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Queue/Len");
  return MakeOp<v1::QueueLenReply>(method, Named<v1::QueueLenRequest>(name),
                                   [](const v1::QueueLenReply& reply) {
                                     return QueueSizes{.length = reply.length(),
                                                       .maxsize = reply.maxsize(),
                                                       .unfinished = reply.unfinished(),
                                                       .kind = KindOf(reply.kind())};
                                   });
}

Op<uint64_t> queue_put(const std::string& name, Value value, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/Put");
  auto request = Waiting<v1::QueuePutRequest>(name, time);
  ToMessage(std::move(value), request.mutable_value());
  return PutOp(method, request);
}

Op<uint64_t> queue_put_many(const std::string& name, std::vector<Value> values, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/PutMany");
  auto request = Waiting<v1::QueuePutManyRequest>(name, time);
  ToMessages(std::move(values), request.mutable_values());
  return PutOp(method, request);
}

Op<bool> queue_try_put(const std::string& name, Value value, WaitTime time) {
  Op<uint64_t> put = queue_put(name, std::move(value), time);
  return {.method = put.method,
          .request = std::move(put.request),
          .read = [](std::string_view) { return true; },
          .absent = Reason::kQueueFull,
          .kept = std::move(put.kept)};
}

Op<Value> queue_get(const std::string& name, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/Get");
  return MakeOp<v1::QueueGetReply>(
      method, Waiting<v1::QueueGetRequest>(name, time),
      [](v1::QueueGetReply reply) { return FromMessage(std::move(*reply.mutable_value())); });
}

Op<std::optional<Value>> queue_try_get(const std::string& name, WaitTime time) {
  Op<Value> get = queue_get(name, time);
  return {.method = get.method,
          .request = std::move(get.request),
          .read = [](std::string_view bytes) -> std::optional<Value> {
            auto reply = core::ParseReply<v1::QueueGetReply>(bytes);
            return FromMessage(std::move(*reply.mutable_value()));
          },
          .absent = Reason::kQueueEmpty};
}

Op<std::vector<Value>> queue_get_many(const std::string& name, uint32_t limit, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/GetMany");
  auto request = Waiting<v1::QueueGetManyRequest>(name, time);
  request.set_limit(limit);
  auto op = MakeOp<v1::QueueGetManyReply>(method, request, [](v1::QueueGetManyReply reply) {
    return FromMessages(reply.mutable_values());
  });
  op.absent = Reason::kQueueEmpty;
  return op;
}

Op<std::optional<Value>> queue_peek(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Queue/Peek");
  return MakeOp<v1::QueuePeekReply>(
      method, Named<v1::QueuePeekRequest>(name),
      [](v1::QueuePeekReply reply) { return TakeValue(std::move(reply)); });
}

Op<uint64_t> queue_task_done(const std::string& name, uint32_t count) {
  static constinit MethodNumber method("/coheld.v1.Queue/TaskDone");
  auto request = Named<v1::QueueTaskDoneRequest>(name);
  request.set_count(count);
  return MakeOp<v1::QueueTaskDoneReply>(
      method, request,
      [](const v1::QueueTaskDoneReply& reply) -> uint64_t { return reply.unfinished(); });
}

Op<bool> queue_join(const std::string& name, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/Join");
  return MakeOp<v1::QueueJoinReply>(method, Waiting<v1::QueueJoinRequest>(name, time),
                                    [](const v1::QueueJoinReply& reply) { return reply.joined(); });
}

Op<uint64_t> queue_purge(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Queue/Purge");
  return MakeOp<v1::QueuePurgeReply>(
      method, Named<v1::QueuePurgeRequest>(name),
      [](const v1::QueuePurgeReply& reply) -> uint64_t { return reply.removed(); });
}

Op<uint64_t> queue_shutdown(const std::string& name, bool immediate) {
  static constinit MethodNumber method("/coheld.v1.Queue/Shutdown");
  auto request = Named<v1::QueueShutdownRequest>(name);
  request.set_immediate(immediate);
  return MakeOp<v1::QueueShutdownReply>(
      method, request,
      [](const v1::QueueShutdownReply& reply) -> uint64_t { return reply.removed(); });
}

}  // namespace coheld::ops
