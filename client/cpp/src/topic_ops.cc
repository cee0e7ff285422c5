// Builds and reads the messages of coheld.v1.Topic. See coheld/ops/topic.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/topic.h"
#include "coheld/v1/topic.pb.h"

namespace coheld::ops {
namespace {

using core::FromMessages;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessages;

SubscriptionState StateOf(const v1::TopicSubscription& line) {
  return {.subscription = line.subscription(),
          .session = line.session(),
          .buffered = line.buffered(),
          .buffer_max = line.buffer_max(),
          .policy = line.policy() == v1::TOPIC_POLICY_REFUSE ? TopicPolicy::kRefuse
                                                             : TopicPolicy::kDropOldest,
          .lost = line.lost(),
          .waiters = line.waiters()};
}

}  // namespace

Op<Created> topic_create(const std::string& name, bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.Topic/Create");
  auto request = Named<v1::TopicCreateRequest>(name);
  request.set_exclusive(exclusive);
  return core::CreateOp<v1::TopicCreateReply>(method, request);
}

Op<uint64_t> topic_subscribe(const std::string& name, const SubscriptionOptions& options) {
  static constinit MethodNumber method("/coheld.v1.Topic/Subscribe");
  auto request = Named<v1::TopicSubscribeRequest>(name);
  request.set_buffer_max(options.buffer_max);
  request.set_policy(static_cast<v1::TopicPolicy>(options.policy));
  return MakeOp<v1::TopicSubscribeReply>(
      method, request,
      [](const v1::TopicSubscribeReply& reply) -> uint64_t { return reply.subscription(); });
}

Op<bool> topic_unsubscribe(const std::string& name, uint64_t subscription) {
  static constinit MethodNumber method("/coheld.v1.Topic/Unsubscribe");
  auto request = Named<v1::TopicUnsubscribeRequest>(name);
  request.set_subscription(subscription);
  return MakeOp<v1::TopicUnsubscribeReply>(
      method, request, [](const v1::TopicUnsubscribeReply& reply) { return reply.removed(); });
}

Op<uint64_t> topic_publish(const std::string& name, std::vector<Value> values) {
  static constinit MethodNumber method("/coheld.v1.Topic/Publish");
  auto request = Named<v1::TopicPublishRequest>(name);
  ToMessages(std::move(values), request.mutable_values());
  return MakeOp<v1::TopicPublishReply>(
      method, request,
      [](const v1::TopicPublishReply& reply) -> uint64_t { return reply.receivers(); });
}

Op<Received> topic_receive(const std::string& name, uint64_t subscription, uint32_t limit,
                           WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Topic/Receive");
  auto request = core::Waiting<v1::TopicReceiveRequest>(name, time);
  request.set_subscription(subscription);
  request.set_limit(limit);
  return MakeOp<v1::TopicReceiveReply>(method, request, [](v1::TopicReceiveReply reply) {
    return Received{.values = FromMessages(reply.mutable_values()), .lost = reply.lost()};
  });
}

Op<TopicState> topic_inspect(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Topic/Inspect");
  return MakeOp<v1::TopicInspectReply>(method, Named<v1::TopicInspectRequest>(name),
                                       [](const v1::TopicInspectReply& reply) {
                                         TopicState state{.published = reply.published()};
                                         for (const auto& line : reply.subscriptions()) {
                                           state.subscriptions.push_back(StateOf(line));
                                         }
                                         return state;
                                       });
}

}  // namespace coheld::ops
