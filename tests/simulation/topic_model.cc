// See topic_model.h.
#include "tests/simulation/topic_model.h"

#include <algorithm>
#include <utility>

#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {

using engine::testing::Count;
using engine::testing::GrantOf;

std::string TopicModel::LineOf(const TopicOp& op) const {
  return op.object + " " + std::to_string(op.grant);
}

const TopicModel::Subscription* TopicModel::Find(const TopicOp& op) const {
  const auto topic = topics_.find(op.object);
  if (topic == topics_.end()) return nullptr;
  const auto found = topic->second.subscriptions.find(op.grant);
  const bool has =
      found != topic->second.subscriptions.end() && found->second.session == op.session;
  return has ? &found->second : nullptr;
}

bool TopicModel::IsReady(const TopicOp& op) const {
  if (op.kind != Kind::kReceive) return true;
  const Subscription* subscription = Find(op);
  return subscription == nullptr || !subscription->buffer.empty();
}

void TopicModel::Forget(uint64_t session) {
  for (auto& [name, topic] : topics_) {
    std::erase_if(topic.subscriptions,
                  [&](const auto& one) { return one.second.session == session; });
  }
}

std::string TopicModel::Publish(const TopicOp& op) {
  Topic& topic = topics_[op.object];
  for (const auto& [grant, one] : topic.subscriptions) {
    if (one.refuses && one.buffer.size() + op.items.size() > one.buffer_max) return "TOPIC_FULL";
  }
  for (auto& [grant, one] : topic.subscriptions) {
    one.buffer.insert(one.buffer.end(), op.items.begin(), op.items.end());
    const size_t over = one.buffer.size() - std::min(one.buffer.size(), one.buffer_max);
    one.buffer.erase(one.buffer.begin(), one.buffer.begin() + static_cast<std::ptrdiff_t>(over));
    one.lost += over;
    one.lost_untold += over;
  }
  topic.published += op.items.size();
  return Count("receivers", topic.subscriptions.size());
}

std::string TopicModel::Receive(const TopicOp& op) {
  if (Find(op) == nullptr) return "SUBSCRIPTION_NOT_FOUND";
  Subscription& one = topics_.at(op.object).subscriptions.at(op.grant);
  const size_t limit = op.number == 0 ? one.buffer.size() : static_cast<size_t>(op.number);
  const size_t count = std::min(one.buffer.size(), limit);
  std::string words = Count("lost", std::exchange(one.lost_untold, 0)) + " received";
  for (size_t i = 0; i < count; ++i) words += " " + std::to_string(one.buffer[i]);
  one.buffer.erase(one.buffer.begin(), one.buffer.begin() + static_cast<std::ptrdiff_t>(count));
  return words;
}

std::string TopicModel::Inspect(const TopicOp& op) const {
  const auto topic = topics_.find(op.object);
  if (topic == topics_.end()) return "published 0";
  std::string words = Count("published", topic->second.published);
  for (const auto& [grant, one] : topic->second.subscriptions) {
    words += ", @" + std::to_string(grant) + Count(" of", one.session) +
             Count(" holds", one.buffer.size()) + Count(" lost", one.lost) +
             Count(" waiters", CountIn(op.object + " " + std::to_string(grant)));
  }
  return words;
}

std::string TopicModel::Do(const TopicOp& op) {
  switch (op.kind) {
    case Kind::kSubscribe: {
      if (op.session == 0) return "SESSION_REQUIRED";
      Subscription& one = topics_[op.object].subscriptions[GrantOf(op.call, 0)];
      one.session = op.session;
      one.buffer_max = static_cast<size_t>(op.number);
      one.refuses = op.flag;
      return "subscribed @" + std::to_string(GrantOf(op.call, 0));
    }
    case Kind::kUnsubscribe: {
      const bool there = Find(op) != nullptr;
      if (there) topics_.at(op.object).subscriptions.erase(op.grant);
      return Count("removed", there);
    }
    case Kind::kPublish:
      return Publish(op);
    case Kind::kReceive:
      return Receive(op);
    case Kind::kInspect:
      break;
  }
  return Inspect(op);
}

}  // namespace coheld::simulation
