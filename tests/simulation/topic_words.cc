// See topic_words.h.
#include "tests/simulation/topic_words.h"

#include <array>

#include "coheld/v1/topic.pb.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {
namespace {

using engine::testing::Count;
using engine::testing::Named;
using engine::testing::Parse;
using engine::testing::Waiting;
using Kind = TopicOp::Kind;

std::string At(uint64_t number) { return "@" + std::to_string(number); }

std::string InspectWords(const v1::TopicInspectReply& reply) {
  std::string words = Count("published", reply.published());
  for (const v1::TopicSubscription& one : reply.subscriptions()) {
    words += ", " + At(one.subscription()) + Count(" of", one.session()) +
             Count(" holds", one.buffered()) + Count(" lost", one.lost()) +
             Count(" waiters", one.waiters());
  }
  return words;
}

}  // namespace

std::string MethodName(const TopicOp& op) {
  static constexpr std::array kMethods = {"Topic.Subscribe", "Topic.Unsubscribe", "Topic.Publish",
                                          "Topic.Receive", "Topic.Inspect"};
  return kMethods[static_cast<size_t>(op.kind)];
}

std::string Payload(const TopicOp& op, uint64_t token) {
  switch (op.kind) {
    case Kind::kSubscribe: {
      auto request = Named<v1::TopicSubscribeRequest>(op);
      request.set_buffer_max(static_cast<uint32_t>(op.number));
      request.set_policy(op.flag ? v1::TOPIC_POLICY_REFUSE : v1::TOPIC_POLICY_DROP_OLDEST);
      return request.SerializeAsString();
    }
    case Kind::kPublish: {
      auto request = Named<v1::TopicPublishRequest>(op);
      for (const int64_t item : op.items) request.add_values()->set_integer(item);
      return request.SerializeAsString();
    }
    case Kind::kReceive: {
      auto request = Waiting<v1::TopicReceiveRequest>(op);
      request.set_subscription(token);
      request.set_limit(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kUnsubscribe: {
      auto request = Named<v1::TopicUnsubscribeRequest>(op);
      request.set_subscription(token);
      return request.SerializeAsString();
    }
    case Kind::kInspect:
      break;
  }
  return Named<v1::TopicInspectRequest>(op).SerializeAsString();
}

std::string Words(const TopicOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kSubscribe:
      return "subscribed " + At(Parse<v1::TopicSubscribeReply>(payload).subscription());
    case Kind::kUnsubscribe:
      return Count("removed", Parse<v1::TopicUnsubscribeReply>(payload).removed());
    case Kind::kPublish:
      return Count("receivers", Parse<v1::TopicPublishReply>(payload).receivers());
    case Kind::kReceive: {
      const auto reply = Parse<v1::TopicReceiveReply>(payload);
      if (reply.values().empty()) return "received nothing";
      std::string words = Count("lost", reply.lost()) + " received";
      for (const v1::Value& value : reply.values()) {
        words += " " + std::to_string(value.integer());
      }
      return words;
    }
    case Kind::kInspect:
      break;
  }
  return InspectWords(Parse<v1::TopicInspectReply>(payload));
}

std::vector<uint64_t> GrantTokens(const TopicOp& op, const std::string& payload) {
  if (op.kind != Kind::kSubscribe) return {};
  return {Parse<v1::TopicSubscribeReply>(payload).subscription()};
}

bool MayChangeNothing(const TopicOp& op, const std::string& words) {
  return op.kind == Kind::kInspect || words == "removed 0" || words == "received nothing";
}

std::string Describe(const TopicOp& op) {
  std::string line = MethodName(op) + " " + op.object + Count(" number", op.number);
  for (const int64_t item : op.items) line += " item " + std::to_string(item);
  return line + (op.flag ? " flag" : "");
}

}  // namespace coheld::simulation
