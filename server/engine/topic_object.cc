// The topic: what is published goes into the buffer of every subscription (coheld/v1/topic.proto).
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coheld/v1/topic.pb.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

// A value that was published. Shared between the subscriptions that still have to receive it.
using Published = std::shared_ptr<const Value>;

size_t BytesOf(const Value& value) { return sizeof(Value) + value.owned_bytes(); }

struct Subscription {
  bool HasRoomFor(size_t count, size_t more_bytes) const {
    if (buffer.size() + count > buffer_max) return false;
    return buffer.empty() ? count == 1 || more_bytes <= kTopicBufferBytesMax
                          : bytes + more_bytes <= kTopicBufferBytesMax;
  }

  void Put(const Published& value) {
    buffer.push_back(value);
    bytes += BytesOf(*value);
    while (buffer.size() > buffer_max || (bytes > kTopicBufferBytesMax && buffer.size() > 1)) {
      TakeOldest();
      ++lost_unsaid;
      ++lost;
    }
  }

  Published TakeOldest() {
    Published value = std::move(buffer.front());
    buffer.pop_front();
    bytes -= BytesOf(*value);
    return value;
  }

  Hold hold;  // Its token is the subscription's id.
  uint32_t buffer_max = 0;
  v1::TopicPolicy policy = v1::TOPIC_POLICY_DROP_OLDEST;
  std::deque<Published> buffer;
  size_t bytes = 0;
  uint64_t lost = 0;
  uint64_t lost_unsaid = 0;  // Since the last Receive.
  WaitQueue* receivers = nullptr;
};

class TopicObject : public Object {
 public:
  uint64_t size() const override { return subscriptions.size(); }
  std::vector<Hold> holds() const override {
    std::vector<Hold> holds;
    for (const auto& [id, subscription] : subscriptions) holds.push_back(subscription.hold);
    return holds;
  }
  std::vector<WaitQueue*> wait_queues() override {
    std::vector<WaitQueue*> queues;
    for (const auto& [id, subscription] : subscriptions) queues.push_back(subscription.receivers);
    queues.insert(queues.end(), free_queues_.begin(), free_queues_.end());
    return queues;
  }
  void VisitValues(const ValueVisitor& visit) const override {
    std::set<const Value*> seen;  // What several subscriptions share is there once.
    for (const auto& [id, subscription] : subscriptions) {
      for (const Published& value : subscription.buffer) {
        if (seen.insert(value.get()).second) visit(*value);
      }
    }
  }
  void ForgetSession(SessionId session, Turn& turn) override {
    std::vector<uint64_t> ended;
    for (const auto& [id, subscription] : subscriptions) {
      if (subscription.hold.owner.session == session) ended.push_back(id);
    }
    for (const uint64_t id : ended) End(id, turn);
  }
  void Save(StateWriter& state) const override;
  void Load(StateReader& state) override;

  // Returns the subscription of the caller's session, or nullptr.
  Subscription* Find(uint64_t id, const Turn& turn) {
    const auto found = subscriptions.find(id);
    if (found == subscriptions.end()) return nullptr;
    return found->second.hold.owner.session == turn.owner().session ? &found->second : nullptr;
  }

  Subscription& Begin(Turn& turn) {
    Subscription& subscription =
        Add({.owner = turn.owner(), .token = turn.NextToken(), .since = turn.now()});
    turn.NoteHold(turn.owner().session, *this);
    Touch();
    return subscription;
  }

  // Ends a subscription that is there; who waits on it is told.
  void End(uint64_t id, Turn& turn) {
    const auto found = subscriptions.find(id);
    const SessionId session = found->second.hold.owner.session;
    turn.WakeAll(*found->second.receivers);
    free_queues_.push_back(found->second.receivers);
    subscriptions.erase(found);
    for (const auto& [other, subscription] : subscriptions) {
      if (subscription.hold.owner.session == session) return Touch();
    }
    turn.NoteRelease(session, *this);
    Touch();
  }

  std::map<uint64_t, Subscription> subscriptions;  // By id.
  uint64_t published = 0;

 private:
  Subscription& Add(const Hold& hold) {
    if (free_queues_.empty()) free_queues_.push_back(&queues_.emplace_back());
    Subscription& subscription = subscriptions[hold.token];
    subscription.hold = hold;
    subscription.receivers = free_queues_.back();
    free_queues_.pop_back();
    return subscription;
  }
  // Loads a buffer; `shared` are the values of those before.
  static void LoadBuffer(StateReader& state, std::vector<Published>* shared, Subscription* to);

  // Queues are used again, never freed: wakes for that of an ended subscription are under way.
  std::deque<WaitQueue> queues_;
  std::vector<WaitQueue*> free_queues_;
};

void TopicObject::Save(StateWriter& state) const {
  state.PutVersion(1);
  state.PutUnsigned(published);
  state.PutUnsigned(subscriptions.size());
  // A value that several have still to receive is saved where it comes first, and then by number.
  std::unordered_map<const Value*, uint64_t> numbers;
  for (const auto& [id, subscription] : subscriptions) {
    state.PutHold(subscription.hold);
    state.PutUnsigned(subscription.buffer_max);
    state.PutFlag(subscription.policy == v1::TOPIC_POLICY_REFUSE);
    state.PutUnsigned(subscription.lost);
    state.PutUnsigned(subscription.lost_unsaid);
    state.PutUnsigned(subscription.buffer.size());
    for (const Published& value : subscription.buffer) {
      const auto [place, fresh] = numbers.try_emplace(value.get(), numbers.size());
      state.PutUnsigned(place->second);
      if (fresh) state.PutValue(*value);
    }
  }
}

void TopicObject::Load(StateReader& state) {
  state.TakeVersion(1);
  published = state.TakeUnsigned();
  const size_t count = state.TakeCount();
  std::vector<Published> shared;
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const Hold hold = state.TakeHold();
    if (!subscriptions.empty() && hold.token <= subscriptions.rbegin()->first) {
      return state.Fail("subscriptions are not in order");
    }
    Subscription& subscription = Add(hold);
    subscription.buffer_max =
        static_cast<uint32_t>(state.TakeUnsigned(kTopicBufferMax, "the size of a buffer"));
    subscription.policy = state.TakeFlag() ? v1::TOPIC_POLICY_REFUSE : v1::TOPIC_POLICY_DROP_OLDEST;
    subscription.lost = state.TakeUnsigned();
    subscription.lost_unsaid = state.TakeUnsigned();
    LoadBuffer(state, &shared, &subscription);
  }
}

void TopicObject::LoadBuffer(StateReader& state, std::vector<Published>* shared, Subscription* to) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const uint64_t number = state.TakeUnsigned(shared->size(), "the number of a value");
    if (number == shared->size()) {
      shared->push_back(std::make_shared<const Value>(state.TakeValue()));
    }
    to->buffer.push_back((*shared)[number]);
    to->bytes += BytesOf(*to->buffer.back());
  }
}

Outcome Create(TopicObject& topic, const v1::TopicCreateRequest& request,
               v1::TopicCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("topic", topic, request, turn)) return *failure;
  if (turn.created()) topic.Touch();
  AnswerCreate(topic, turn, reply);
  return Done();
}

std::optional<Failure> CheckSubscribe(const TopicObject& topic,
                                      const v1::TopicSubscribeRequest& request, const Turn& turn) {
  if (turn.owner().session == kNoSession) {
    return Failure{v1::ERROR_REASON_SESSION_REQUIRED,
                   "a subscription of the topic \"" + topic.name() +
                       "\" belongs to a session; open one and send its token"};
  }
  if (!v1::TopicPolicy_IsValid(request.policy())) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT, "no policy has number " +
                                                          std::to_string(request.policy()) +
                                                          "; use DROP_OLDEST (1) or REFUSE (2)"};
  }
  if (request.buffer_max() > kTopicBufferMax) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "buffer_max is " + std::to_string(request.buffer_max()) + "; at most " +
                       std::to_string(kTopicBufferMax) + " is allowed"};
  }
  if (topic.subscriptions.size() >= kTopicSubscriptionsMax) {
    return Failure{v1::ERROR_REASON_TOO_MANY,
                   "the topic \"" + topic.name() + "\" has " +
                       std::to_string(kTopicSubscriptionsMax) +
                       " subscriptions, and no more are let in; spread them over several"};
  }
  return std::nullopt;
}

Outcome Subscribe(TopicObject& topic, const v1::TopicSubscribeRequest& request,
                  v1::TopicSubscribeReply* reply, Turn& turn) {
  if (auto failure = CheckSubscribe(topic, request, turn)) return *failure;
  Subscription& subscription = topic.Begin(turn);
  subscription.buffer_max = request.buffer_max() == 0 ? kTopicBufferDefault : request.buffer_max();
  subscription.policy = request.policy() == v1::TOPIC_POLICY_UNSPECIFIED
                            ? v1::TOPIC_POLICY_DROP_OLDEST
                            : request.policy();
  reply->set_subscription(subscription.hold.token);
  return Done();
}

Outcome Unsubscribe(TopicObject& topic, const v1::TopicUnsubscribeRequest& request,
                    v1::TopicUnsubscribeReply* reply, Turn& turn) {
  if (topic.Find(request.subscription(), turn) == nullptr) return Done();
  topic.End(request.subscription(), turn);
  reply->set_removed(true);
  return Done();
}

Outcome Publish(TopicObject& topic, const v1::TopicPublishRequest& request,
                v1::TopicPublishReply* reply, Turn& turn) {
  Result<Value::Items> items = ItemsFromWire(request.values());
  if (!items.ok()) return items.failure();
  size_t bytes = 0;
  for (const Value& item : items.value()) bytes += BytesOf(item);
  const size_t count = items.value().size();
  for (const auto& [id, subscription] : topic.subscriptions) {
    const bool refuses = subscription.policy == v1::TOPIC_POLICY_REFUSE;
    if (!refuses || count == 0 || subscription.HasRoomFor(count, bytes)) continue;
    return Failure{v1::ERROR_REASON_TOPIC_FULL,
                   "subscription " + std::to_string(id) + " of the topic \"" + topic.name() +
                       "\" holds " + std::to_string(subscription.buffer.size()) + " of at most " +
                       std::to_string(subscription.buffer_max) + " values, and " +
                       std::to_string(count) + " more have no room; retry when it has received"};
  }
  if (turn.rehearsal()) return Done();
  for (Value& item : items.value()) {
    const auto value = std::make_shared<const Value>(std::move(item));
    for (auto& [id, subscription] : topic.subscriptions) subscription.Put(value);
  }
  topic.published += count;
  if (count > 0) {
    topic.Touch();
    for (auto& [id, subscription] : topic.subscriptions) turn.Wake(*subscription.receivers);
  }
  reply->set_receivers(topic.subscriptions.size());
  return Done();
}

Outcome Receive(TopicObject& topic, const v1::TopicReceiveRequest& request,
                v1::TopicReceiveReply* reply, Turn& turn) {
  Subscription* subscription = topic.Find(request.subscription(), turn);
  if (subscription == nullptr) {
    return Failure{v1::ERROR_REASON_SUBSCRIPTION_NOT_FOUND,
                   "this session has no subscription " + std::to_string(request.subscription()) +
                       " of the topic \"" + request.name() + "\" (any more); subscribe first"};
  }
  if (turn.MustQueue(*subscription->receivers) || subscription->buffer.empty()) {
    return turn.Park(*subscription->receivers, TimeoutOf(request), Done());
  }
  const size_t limit = request.limit() == 0 ? subscription->buffer.size() : request.limit();
  ReplyBudget budget;
  for (size_t taken = 0; taken < limit && !subscription->buffer.empty(); ++taken) {
    budget.Take(*subscription->buffer.front());
    if (budget.bytes() > kPageBytesMax && taken > 0) break;  // Never lost to a reply too large.
    ToWire(*subscription->TakeOldest(), reply->add_values());
  }
  reply->set_lost(std::exchange(subscription->lost_unsaid, 0));
  return Done();
}

Outcome Inspect(TopicObject& topic, const v1::TopicInspectRequest& /*request*/,
                v1::TopicInspectReply* reply, Turn& /*turn*/) {
  reply->set_published(topic.published);
  for (const auto& [id, subscription] : topic.subscriptions) {
    v1::TopicSubscription* line = reply->add_subscriptions();
    line->set_subscription(id);
    line->set_session(static_cast<uint64_t>(subscription.hold.owner.session));
    line->set_buffered(subscription.buffer.size());
    line->set_buffer_max(subscription.buffer_max);
    line->set_policy(subscription.policy);
    line->set_lost(subscription.lost);
    line->set_waiters(subscription.receivers->size());
  }
  return Done();
}

}  // namespace

const TypeRow& TopicType() {
  static const TypeRow row = MakeType<TopicObject>(
      "topic", {Op<Create>("Topic.Create"), Op<Subscribe>("Topic.Subscribe"),
                Op<Unsubscribe>("Topic.Unsubscribe"), JointOp<Publish>("Topic.Publish"),
                Op<Receive>("Topic.Receive"), Op<Inspect>("Topic.Inspect")});
  return row;
}

}  // namespace coheld::engine
