// The ops of coheld.v1.Topic as values. Users call them through topic.h; the semantics are told in
// coheld/v1/topic.proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// What a subscription with a full buffer does about what is published.
enum class TopicPolicy {
  kDropOldest = 1,  // The oldest values make room and are counted as lost.
  kRefuse = 2,      // The publication is refused for everybody: TopicFull.
};

// What a new subscription is like.
struct SubscriptionOptions {
  uint32_t buffer_max = 0;  // The most values that wait to be received; 0: 1,024.
  TopicPolicy policy = TopicPolicy::kDropOldest;
};

// One line of a topic's state.
struct SubscriptionState {
  uint64_t subscription = 0;  // Its id, never reused.
  uint64_t session = 0;       // Whose it is.
  uint64_t buffered = 0;      // Values that wait to be received.
  uint32_t buffer_max = 0;
  TopicPolicy policy = TopicPolicy::kDropOldest;
  uint64_t lost = 0;     // Values dropped since it was made.
  uint64_t waiters = 0;  // Receives that wait.
};

// All about a topic.
struct TopicState {
  uint64_t published = 0;  // Values since the topic was made.
  std::vector<SubscriptionState> subscriptions;
};

namespace ops {

struct Received {
  std::vector<Value> values;
  uint64_t lost = 0;
};

Op<Created> topic_create(const std::string& name, bool exclusive);
Op<uint64_t> topic_subscribe(const std::string& name, const SubscriptionOptions& options);
Op<bool> topic_unsubscribe(const std::string& name, uint64_t subscription);
Op<uint64_t> topic_publish(const std::string& name, std::vector<Value> values);
Op<Received> topic_receive(const std::string& name, uint64_t subscription, uint32_t limit,
                           WaitTime time);
Op<TopicState> topic_inspect(const std::string& name);

}  // namespace ops
}  // namespace coheld
