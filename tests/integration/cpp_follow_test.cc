// coheld::Topic, watch and Host against the daemon: what happens elsewhere.
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::InChild;
using testing::WaitForWaiters;

class CppTopicTest : public testing::CppTest {
 protected:
  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppTopicTest);

TEST_P(CppTopicTest, AllSubscribersGetWhatIsPublished) {
  const Topic<std::string> topic(client_, Name("topic"));
  EXPECT_EQ(topic.publish("nobody hears"), 0u);
  Subscription<std::string> first = topic.subscribe();
  Subscription<std::string> second = Topic<std::string>(other_, topic.name()).subscribe();
  EXPECT_EQ(topic.publish("a"), 2u);
  EXPECT_EQ(topic.publish_many({"b", "c"}), 2u);
  EXPECT_EQ(first.receive(), "a");
  EXPECT_EQ(first.receive(), "b");
  EXPECT_EQ(second.receive_many(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(first.receive(), "c");
  EXPECT_EQ(first.receive(1ms), std::nullopt);
}

TEST_P(CppTopicTest, AReceiverWaits) {
  const auto topic = Topic<int>::make(client_);
  std::thread receiver([&] {
    Subscription<int> inbox = topic.subscribe();
    EXPECT_EQ(inbox.receive(), 7);
  });
  WaitForWaiters(other_, topic.name(), 1);
  topic.publish(7);
  receiver.join();
}

TEST_P(CppTopicTest, ASlowReaderIsToldWhatItLost) {
  const auto topic = Topic<int>::make(client_);
  Subscription<int> inbox = topic.subscribe({.buffer_max = 2});
  topic.publish_many({1, 2, 3, 4, 5});
  EXPECT_EQ(inbox.receive_many(), (std::vector<int>{4, 5}));
  EXPECT_EQ(inbox.lost(), 3u);
}

TEST_P(CppTopicTest, OneThatRefusesHoldsTheTopicUp) {
  const auto topic = Topic<int>::make(client_);
  Subscription<int> inbox = topic.subscribe({.buffer_max = 1, .policy = TopicPolicy::kRefuse});
  topic.publish(1);
  EXPECT_THROW(topic.publish(2), TopicFull);
  EXPECT_EQ(inbox.receive(), 1);
}

TEST_P(CppTopicTest, ASubscriptionEndsWithItsScope) {
  const auto topic = Topic<int>::make(client_);
  { const Subscription<int> inbox = topic.subscribe(); }
  EXPECT_TRUE(topic.inspect().subscriptions.empty());
  const Subscription<int> kept = topic.subscribe();
  EXPECT_TRUE(InChild([&] {
    { const Subscription<int> own = topic.subscribe(); }
    return topic.inspect().subscriptions.size() == 1;
  }));
  EXPECT_EQ(topic.inspect().subscriptions.at(0).subscription, kept.id());
}

class CppWatchTest : public testing::CppTest {
 protected:
  Client other_ = Client::connect(Address());
};
COHELD_ON_BOTH_SOCKETS(CppWatchTest);

TEST_P(CppWatchTest, ChangesAreToldAsTheOpsThatMadeThem) {
  const List<int> list(client_, Name("list"));
  list.append(1);
  Watch changes = watch(list);
  list.append(2);
  list.pop(0);
  const Change first = changes.next().value();
  EXPECT_EQ(first.method, "List.Append");
  EXPECT_EQ(first.request(), Value(Map{{{"name", list.name()}, {"value", 2}}}));
  EXPECT_EQ(first.session, client_.session().id);
  EXPECT_EQ(changes.next()->method, "List.Pop");
  EXPECT_EQ(changes.version(), list.version());
  EXPECT_EQ(changes.next(1ms), std::nullopt);
}

TEST_P(CppWatchTest, AWatcherWaitsForTheNextChange) {
  const Dict<std::string, int> dict(client_, Name("dict"));
  dict.set("a", 1);
  std::atomic<uint64_t> seen{0};
  Watch changes = watch(dict);
  std::thread watcher([&] {
    for (const Change& change : changes) {
      seen = change.version;
      if (change.method == "Dict.Clear") return;
    }
  });
  dict.set("b", 2);
  dict.clear();
  watcher.join();
  EXPECT_EQ(seen, dict.version());
}

TEST_P(CppWatchTest, WhatIsNotKeptIsToldAsCompacted) {
  const List<int> list(client_, Name("list"));
  for (int i = 0; i < 3; ++i) list.append(i);
  Watch changes = watch(list, 1);
  EXPECT_THROW(changes.next(), Compacted);
  changes.restart();
  list.append(3);
  EXPECT_EQ(changes.next()->version, list.version());
}

TEST_P(CppWatchTest, TheEndOfTheObjectEndsTheWatch) {
  const List<int> list(client_, Name("list"));
  EXPECT_THROW(watch(list), ObjectNotFound);
  list.append(1);
  Watch changes = watch(list);
  std::thread watcher([&] { EXPECT_THROW(changes.next(), ObjectNotFound); });
  WaitForWaiters(other_, list.name(), 1);
  Admin(other_).erase(list.name());
  watcher.join();
}

class CppHostTest : public testing::CppTest {
 protected:
  // Waits until the host is served.
  static void WaitUntilServed(const Host& host) {
    while (!host.inspect().attached) std::this_thread::yield();
  }

  const Host host_{client_, Name("host")};
  Client other_ = Client::connect(Address());
  HostServer server_{
      Host(Client::connect(Address()), host_.name()),
      {{"add",
        [](const HostedCall& call) {
          const auto [a, b] = call.arguments_as<int, int>();
          return Value(a + b);
        }},
       {"target", [](const HostedCall& call) { return Value(call.target); }},
       {"fail", [](const HostedCall&) -> Value { throw std::runtime_error("no such thing"); }}}};
};
COHELD_ON_BOTH_SOCKETS(CppHostTest);

TEST_P(CppHostTest, CallsAreAnsweredByTheProgramThatServes) {
  host_.create();
  std::thread serving([&] { server_.run(); });
  WaitUntilServed(host_);
  EXPECT_EQ(host_.call<int>("", "add", 2, 3), 5);
  EXPECT_EQ(host_.call<std::string>("thing", "target"), "thing");
  EXPECT_THROW(host_.call("", "fail"), CallRaised);
  EXPECT_THROW(host_.call("", "unknown"), CallRaised);
  EXPECT_THROW(host_.call("", "add", "text", 1), CallRaised);
  EXPECT_THROW(Host(other_, host_.name()).attach(), HostTaken);
  server_.stop();
  serving.join();
  EXPECT_FALSE(host_.inspect().attached);
}

TEST_P(CppHostTest, SeveralThreadsServe) {
  host_.create();
  std::vector<std::thread> serving;
  for (int i = 0; i < 3; ++i) serving.emplace_back([&] { server_.run(); });
  WaitUntilServed(host_);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) EXPECT_EQ(host_.call<int>("", "add", i, n), i + n);
    });
  }
  for (std::thread& caller : callers) caller.join();
  server_.stop();
  for (std::thread& server : serving) server.join();
}

TEST_P(CppHostTest, WithoutAHostCallsFail) {
  host_.create();
  EXPECT_THROW(host_.call("", "add", 1, 2), HostGone);
  EXPECT_THROW(Host(other_, host_.name()).detach(), HostNotAttached);
}

TEST_P(CppHostTest, AHostedObjectStandsForOneInTheHost) {
  host_.create();
  const Host own(other_, host_.name());
  own.attach();
  std::string name;
  {
    const auto hosted =
        Hosted::make(own, {.target = "thing", .type_id = "Thing", .exposed = {"target"}});
    name = hosted.name();
    EXPECT_EQ(hosted.inspect().type_id, "Thing");
    std::thread caller(
        [&] { EXPECT_EQ(Hosted(client_, name).call<std::string>("target"), "answer"); });
    const HostWork work = own.take();
    ASSERT_EQ(work.calls.size(), 1u);
    EXPECT_EQ(work.calls[0].target, "thing");
    EXPECT_TRUE(own.answer(work.calls[0].number, "answer"));
    caller.join();
  }
  EXPECT_EQ(own.take().dropped, std::vector<std::string>{"thing"});
}

}  // namespace
}  // namespace coheld
