// Builds and reads the messages of coheld.v1.Queue. See coheld/ops/queue.h.
#include <algorithm>

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
using core::PlainOp;
using core::PlainRequest;
using core::TakeValue;
using core::ToMessage;
using core::ToMessages;
using core::Waiting;

uint64_t ReadLength(std::string_view bytes) {
  return core::ParseReply<v1::QueuePutReply>(bytes).length();
}

uint64_t Count(std::chrono::milliseconds time) {
  return static_cast<uint64_t>(std::max<int64_t>(0, time.count()));
}

std::chrono::milliseconds Milliseconds(uint64_t count) {
  return std::chrono::milliseconds(static_cast<int64_t>(count));
}

template <typename Request>
Op<PutReply> PutWithOp(uint32_t method, Request& request, const PutOptions& options) {
  request.set_delay_ms(Count(options.delay));
  request.set_dedup_key(options.dedup_key);
  return MakeOp<v1::QueuePutReply>(method, request, [](const v1::QueuePutReply& reply) {
    return PutReply{.length = reply.length(), .duplicate = reply.duplicate()};
  });
}

QueueLease LeaseOf(const v1::QueueLease& message) {
  QueueLease lease{.number = message.delivery(),
                   .session = message.session(),
                   .thread = message.thread(),
                   .attempt = message.attempt(),
                   .held = Milliseconds(message.held_ms()),
                   .left = {},
                   .dropped = message.dropped()};
  if (message.has_left_ms()) lease.left = Milliseconds(message.left_ms());
  return lease;
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
  request.set_deliveries_max(options.deliveries_max);
  request.set_dead_letter(options.dead_letter);
  return core::CreateOp<v1::QueueCreateReply>(method, request);
}

Op<QueueSizes> queue_len(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Queue/Len");
  return MakeOp<v1::QueueLenReply>(method, Named<v1::QueueLenRequest>(name),
                                   [](const v1::QueueLenReply& reply) {
                                     return QueueSizes{.length = reply.length(),
                                                       .maxsize = reply.maxsize(),
                                                       .unfinished = reply.unfinished(),
                                                       .kind = KindOf(reply.kind()),
                                                       .shut_down = reply.shut_down(),
                                                       .leased = reply.leased(),
                                                       .delayed = reply.delayed(),
                                                       .deliveries_max = reply.deliveries_max(),
                                                       .dead_letter = reply.dead_letter(),
                                                       .dead_lettered = reply.dead_lettered()};
                                   });
}

Op<uint64_t> queue_put(const std::string& name, Value value, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/Put");
  PlainRequest request(name);
  request.Append(v1::QueuePutRequest::kValueFieldNumber, std::move(value))
      .Append(v1::QueuePutRequest::kTimeoutMsFieldNumber, time.milliseconds());
  return PlainOp(method, request, ReadLength);
}

Op<uint64_t> queue_put_many(const std::string& name, std::vector<Value> values, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Queue/PutMany");
  auto request = Waiting<v1::QueuePutManyRequest>(name, time);
  ToMessages(std::move(values), request.mutable_values());
  return MakeOp<v1::QueuePutReply>(
      method, request, [](const v1::QueuePutReply& reply) -> uint64_t { return reply.length(); });
}

Op<PutReply> queue_put_with(const std::string& name, Value value, const PutOptions& options) {
  static constinit MethodNumber method("/coheld.v1.Queue/Put");
  auto request = Waiting<v1::QueuePutRequest>(name, options.time);
  ToMessage(std::move(value), request.mutable_value());
  return PutWithOp(method, request, options);
}

Op<PutReply> queue_put_many_with(const std::string& name, std::vector<Value> values,
                                 const PutOptions& options) {
  static constinit MethodNumber method("/coheld.v1.Queue/PutMany");
  auto request = Waiting<v1::QueuePutManyRequest>(name, options.time);
  ToMessages(std::move(values), request.mutable_values());
  return PutWithOp(method, request, options);
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

Op<std::vector<QueueDelivery>> queue_lease(const std::string& name, uint32_t limit, WaitTime time,
                                           std::chrono::milliseconds visibility) {
  static constinit MethodNumber method("/coheld.v1.Queue/Lease");
  auto request = Waiting<v1::QueueLeaseRequest>(name, time);
  request.set_limit(limit);
  request.set_visibility_ms(Count(visibility));
  auto op = MakeOp<v1::QueueLeaseReply>(method, request, [](v1::QueueLeaseReply reply) {
    std::vector<QueueDelivery> deliveries;
    for (v1::QueueDelivery& delivery : *reply.mutable_deliveries()) {
      deliveries.push_back({.number = delivery.delivery(),
                            .value = FromMessage(std::move(*delivery.mutable_value())),
                            .attempt = delivery.attempt()});
    }
    return deliveries;
  });
  op.absent = Reason::kQueueEmpty;
  return op;
}

Op<uint64_t> queue_ack(const std::string& name, uint64_t delivery) {
  static constinit MethodNumber method("/coheld.v1.Queue/Ack");
  auto request = Named<v1::QueueAckRequest>(name);
  request.set_delivery(delivery);
  return MakeOp<v1::QueueAckReply>(method, request, [](const v1::QueueAckReply& reply) -> uint64_t {
    return reply.unfinished();
  });
}

Op<bool> queue_nack(const std::string& name, uint64_t delivery, std::chrono::milliseconds delay) {
  static constinit MethodNumber method("/coheld.v1.Queue/Nack");
  auto request = Named<v1::QueueNackRequest>(name);
  request.set_delivery(delivery);
  request.set_delay_ms(Count(delay));
  return MakeOp<v1::QueueNackReply>(method, request,
                                    [](const v1::QueueNackReply& reply) { return reply.dead(); });
}

Op<bool> queue_extend(const std::string& name, uint64_t delivery,
                      std::chrono::milliseconds visibility) {
  static constinit MethodNumber method("/coheld.v1.Queue/Extend");
  auto request = Named<v1::QueueExtendRequest>(name);
  request.set_delivery(delivery);
  request.set_visibility_ms(Count(visibility));
  return MakeOp<v1::QueueExtendReply>(method, request,
                                      [](const v1::QueueExtendReply&) { return true; });
}

Op<std::pair<std::vector<QueueLease>, bool>> queue_deliveries(const std::string& name,
                                                              uint64_t after) {
  static constinit MethodNumber method("/coheld.v1.Queue/Deliveries");
  auto request = Named<v1::QueueDeliveriesRequest>(name);
  request.set_after(after);
  return MakeOp<v1::QueueDeliveriesReply>(
      method, request, [](const v1::QueueDeliveriesReply& reply) {
        std::pair<std::vector<QueueLease>, bool> page{{}, reply.done()};
        for (const v1::QueueLease& lease : reply.deliveries()) page.first.push_back(LeaseOf(lease));
        return page;
      });
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
