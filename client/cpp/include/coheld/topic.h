// coheld::Topic<T>: what is published reaches everybody who is subscribed at that moment.
//
//   coheld::Topic<std::string> news(client, "news");
//   coheld::Subscription<std::string> inbox = news.subscribe();
//   news.publish("hello");                           // By anybody; returns how many got it.
//   while (auto text = inbox.receive(1s)) std::cout << *text << '\n';
//
// A subscription has a bounded buffer on the daemon: when its reader is too slow it loses the
// oldest values (lost() tells how many), or refuses the publication, as its options say. It belongs
// to the client's session: it ends with it, and a forked child subscribes anew. A handle is a name:
// making one does nothing on the daemon; the first subscribe() or publish() creates the topic. Each
// method is one atomic op and throws what Client::call throws, and what stands with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/topic.h"

namespace coheld {

// The ops of a topic. Runner is Direct (the method does it and returns the answer) or Batched (it
// returns a Pending answer, see batch.h). Threads: as its Client.
template <typename T, typename Runner>
class BasicTopic : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicTopic(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Gives a value to every subscription; returns how many there are. TopicFull, and nobody gets it,
  // if one that refuses has no room.
  Result<size_t> publish(T value) const {
    return run(ops::topic_publish(name(), {Codec<T>::encode(std::move(value))}), ToSize{});
  }
  // Gives values to every subscription, in order, all or none.
  Result<size_t> publish_many(std::vector<T> values) const {
    return run(ops::topic_publish(name(), encode_all(std::move(values))), ToSize{});
  }
  // Tells what was published and who is subscribed.
  Result<TopicState> inspect() const { return run(ops::topic_inspect(name())); }
  // Makes the topic if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Result<Created> create(bool exclusive = false) const {
    return run(ops::topic_create(name(), exclusive));
  }

 protected:
  using BasicHandle<Runner>::run;

 private:
  struct ToSize {
    size_t operator()(uint64_t size) const { return size; }
  };
};

template <typename T>
class Subscription;

// A topic that is worked on at once.
template <typename T>
class Topic : public BasicTopic<T, Direct> {
  using Base = BasicTopic<T, Direct>;

 public:
  // The type's word.
  static constexpr const char* kType = "topic";
  using value_type = T;

  // Names a topic; nothing is sent.
  Topic(const Client& client, std::string name)
      : Base(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit Topic(const Ref& ref) : Base(Direct(client_of(ref)), checked(ref, kType)) {}
  // Makes an anonymous topic, which lives as long as anything refers to it.
  static Topic make(const Client& client) {
    return Topic(ref_to(Topic(client, "").create(), kType));
  }

  // Subscribes to what is published from now on. TooMany, InvalidArgument for too large a buffer.
  Subscription<T> subscribe(const SubscriptionOptions& options = {}) const {
    return Subscription<T>(*this, this->run(ops::topic_subscribe(this->name(), options)));
  }
};

// A subscription. It ends when it is destroyed. Not thread-safe.
template <typename T>
class Subscription {
 public:
  Subscription(Subscription&& other) noexcept
      : topic_(other.topic_),
        id_(std::exchange(other.id_, 0)),
        session_(other.session_),
        received_(std::move(other.received_)),
        lost_(other.lost_) {}
  Subscription& operator=(Subscription&&) = delete;
  ~Subscription() {
    if (id_ != 0) post_unsubscribe();
  }

  // Returns the next value, waiting at most so long (for ever by default); or nothing. What is
  // there is fetched together. SubscriptionNotFound if the session was lost meanwhile: subscribe
  // anew.
  std::optional<T> receive(WaitTime time = {}) {
    if (received_.empty()) fetch(time);
    if (received_.empty()) return std::nullopt;
    T value = Codec<T>::decode(std::move(received_.front()));
    received_.pop_front();
    return value;
  }
  // Returns all values that are there, waiting for the first; none when the time is over.
  std::vector<T> receive_many(WaitTime time = {}) {
    if (received_.empty()) fetch(time);
    std::vector<T> values;
    for (Value& value : received_) values.push_back(Codec<T>::decode(std::move(value)));
    received_.clear();
    return values;
  }
  // Returns how many values were lost as the buffer was full, of those published before the last
  // one that was fetched.
  uint64_t lost() const { return lost_; }
  // The subscription's id on its topic, never reused.
  uint64_t id() const { return id_; }
  const Topic<T>& topic() const { return topic_; }

 private:
  friend class Topic<T>;
  Subscription(Topic<T> topic, uint64_t id)
      : topic_(std::move(topic)), id_(id), session_(topic_.client().session().id) {}

  void fetch(WaitTime time) {
    ops::Received answer =
        Direct(topic_.client()).run(ops::topic_receive(topic_.name(), id_, 0, time));
    lost_ += answer.lost;
    for (Value& value : answer.values) received_.push_back(std::move(value));
  }
  // Waits for no answer, and never throws: the session's end does it too.
  void post_unsubscribe() noexcept {
    try {
      const Op<bool> op = ops::topic_unsubscribe(topic_.name(), id_);
      topic_.client().post(session_, op.method, op.request);
    } catch (const Error&) {
    }
  }

  Topic<T> topic_;
  uint64_t id_;
  uint64_t session_;
  std::deque<Value> received_;
  uint64_t lost_ = 0;
};

}  // namespace coheld
