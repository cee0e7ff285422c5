// Random graphs of containers that refer to each other, with sessions, handles and graces, through
// the engine and through a naive model of what can be reached: nothing that is reached goes, what
// is not goes at once, or, in a cycle, with the next search. Run one seed again with COHELD_SEED=N.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/reload.h"
#include "tests/unit/engine/shadow.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

constexpr uint64_t kSeeds = 300;
constexpr int kStepsPerSeed = 300;
constexpr uint64_t kGraceMs = 300;
// Above what the engine waits before it looks for cycles.
constexpr uint64_t kLongMs = 2'000;

enum class Kind { kList, kQueue, kDict, kCell };
constexpr const char* kWords[] = {"list", "queue", "dict", "value"};
constexpr const char* kServices[] = {"List", "Queue", "Dict", "SharedValue"};

// What one value refers to, each as often as it does.
using Targets = std::vector<std::string>;

// A container as the model knows it: values by key; of lists and queues the keys are places.
struct Container {
  Kind kind{};
  std::map<int64_t, Targets> values;
};

class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : random_(seed) {
    engine_->SetInputLog(&shadow_);

    for (int i = 0; i < 4; ++i) {
      const auto kind = static_cast<Kind>(i);
      const std::string name = "named " + std::to_string(i);
      Create(kind, name, kNoSession);
      containers_[name] = {.kind = kind};
    }
  }

  void Step() {
    const uint64_t choice = Pick(100);
    if (choice < 22) {
      Make();
    } else if (choice < 50) {
      Store();
    } else if (choice < 65) {
      Take();
    } else if (choice < 70) {
      Clear();
    } else if (choice < 74) {
      Hold();
    } else if (choice < 86) {
      Release();
    } else if (choice < 89) {
      Lend();
    } else if (choice < 95) {
      Advance(Pick(2) == 0 ? Pick(kGraceMs) : kLongMs);
    } else if (choice < 97) {
      End(SomeSession());
    } else {
      Compare();
    }
    if (Pick(4) == 0) Reload(&engine_);
    engine_->SetInputLog(&shadow_);
    shadow_.Follow(*engine_);
    Check();
  }

  // Without sessions, names and graces nothing is left.
  void Finish() {
    const std::map<SessionId, std::map<std::string, uint64_t>> sessions = handles_;
    for (const auto& [session, held] : sessions) End(session);
    for (int i = 0; i < 4; ++i) {
      v1::AdminDeleteRequest request;
      request.set_name("named " + std::to_string(i));
      containers_.erase(request.name());
      Apply("Admin.Delete", request, kNoSession);
    }
    Advance(100'000);
    Advance(kLongMs);
    Check();
    EXPECT_EQ(engine_->lifetime().anonymous(), 0u);
    EXPECT_EQ(engine_->NextDeadline(), kNever);
  }

 private:
  uint64_t Pick(uint64_t below) { return random_() % below; }

  template <typename Request>
  Reply Apply(const std::string& method, const Request& request, SessionId session) {
    std::vector<Reply> replies;
    for (const wire::MethodRow& row : wire::Methods()) {
      if (row.name != method) continue;
      engine_->Apply({.call = CallId{++last_call_}, .owner = {.session = session}, .now = now_},
                     row.number, request.SerializeAsString(), &replies);
    }
    EXPECT_EQ(replies.size(), 1u) << method;
    return replies.front();
  }

  // --- Picking ---

  SessionId SomeSession() {
    if (handles_.size() < 3) {
      const SessionId fresh{++last_session_};
      engine_->OpenSession(fresh, {}, 1000, now_);
      handles_[fresh];
    }
    auto place = handles_.begin();
    std::advance(place, static_cast<ptrdiff_t>(Pick(handles_.size())));
    return place->first;
  }
  std::string SomeContainer() {
    auto place = containers_.begin();
    std::advance(place, static_cast<ptrdiff_t>(Pick(containers_.size())));
    return place->first;
  }
  // An anonymous container, or "" if there is none.
  std::string SomeAnonymous() {
    const std::string name = SomeContainer();
    return IsAnonymous(name) ? name : "";
  }

  // --- Steps ---

  Reply Create(Kind kind, const std::string& name, SessionId session) {
    v1::ListCreateRequest request;  // Of all, only the name counts.
    request.set_name(name);
    return Apply(std::string(kServices[static_cast<int>(kind)]) + ".Create", request, session);
  }

  void Make() {
    const auto kind = static_cast<Kind>(Pick(4));
    const SessionId session = SomeSession();
    v1::ListCreateReply reply;
    ASSERT_TRUE(reply.ParseFromString(Create(kind, "", session).payload));
    containers_[reply.name()] = {.kind = kind};
    ++handles_[session][reply.name()];
  }

  v1::Value SomeValue(Targets* targets) {
    v1::Value value;
    const uint64_t count = Pick(4);
    for (uint64_t i = 0; i < count; ++i) {
      const std::string target = SomeAnonymous();
      if (target.empty()) continue;
      v1::Value* place = Pick(2) == 0
                             ? value.mutable_list()->add_items()
                             : value.mutable_list()->add_items()->mutable_tuple()->add_items();
      place->mutable_ref()->set_name(target);
      targets->push_back(target);
    }
    return value;
  }

  void Store() {
    const std::string name = SomeContainer();
    Container& container = containers_[name];
    Targets targets;
    const v1::Value value = SomeValue(&targets);
    const int64_t last = container.values.empty() ? 0 : container.values.rbegin()->first;
    switch (container.kind) {
      case Kind::kList: {
        v1::ListAppendRequest request;
        request.set_name(name);
        *request.mutable_value() = value;
        Apply("List.Append", request, kNoSession);
        container.values[last + 1] = targets;
        return;
      }
      case Kind::kQueue: {
        v1::QueuePutRequest request;
        request.set_name(name);
        *request.mutable_value() = value;
        Apply("Queue.Put", request, kNoSession);
        container.values[last + 1] = targets;
        return;
      }
      case Kind::kDict: {
        v1::DictSetRequest request;
        request.set_name(name);
        request.mutable_key()->set_integer(static_cast<int64_t>(Pick(4)));
        *request.mutable_value() = value;
        Apply("Dict.Set", request, kNoSession);
        container.values[request.key().integer()] = targets;
        return;
      }
      case Kind::kCell: {
        v1::SharedValueSetRequest request;
        request.set_name(name);
        *request.mutable_value() = value;
        Apply("SharedValue.Set", request, kNoSession);
        container.values[0] = targets;
        return;
      }
    }
  }

  // Takes a value out, or reads it: the reply's refs give handles.
  void Take() {
    const std::string name = SomeContainer();
    Container& container = containers_[name];
    if (container.values.empty()) return;
    const SessionId session = Pick(4) == 0 ? kNoSession : SomeSession();
    auto taken = container.values.begin();
    v1::QueueGetRequest request;
    request.set_name(name);
    switch (container.kind) {
      case Kind::kList:
        taken = std::prev(container.values.end());
        Apply("List.Pop", request, session);
        break;
      case Kind::kQueue:
        Apply("Queue.Get", request, session);
        break;
      case Kind::kDict: {
        v1::DictPopRequest pop;
        pop.set_name(name);
        pop.mutable_key()->set_integer(taken->first);
        Apply("Dict.Pop", pop, session);
        break;
      }
      case Kind::kCell:
        Apply("SharedValue.Get", request, session);
        return HandOut(taken->second, session);
    }
    HandOut(taken->second, session);
    container.values.erase(taken);
  }

  void HandOut(const Targets& targets, SessionId session) {
    for (const std::string& target : targets) {
      if (session == kNoSession) {
        graces_[target] = std::max(graces_[target], After(now_, 60'000));
      } else {
        ++handles_[session][target];
      }
    }
  }

  void Clear() {
    const std::string name = SomeContainer();
    Container& container = containers_[name];
    v1::ListClearRequest request;
    request.set_name(name);
    if (container.kind == Kind::kCell) return;
    Apply(container.kind == Kind::kList    ? "List.Clear"
          : container.kind == Kind::kQueue ? "Queue.Purge"
                                           : "Dict.Clear",
          request, kNoSession);
    container.values.clear();
  }

  void Hold() {
    v1::ObjectHoldRequest request;
    request.set_name(SomeAnonymous());
    if (request.name().empty()) return;
    const SessionId session = SomeSession();
    Apply("Object.Hold", request, session);
    ++handles_[session][request.name()];
  }

  void Release() {
    const SessionId session = SomeSession();
    std::map<std::string, uint64_t>& held = handles_[session];
    if (held.empty()) return;
    auto place = held.begin();
    std::advance(place, static_cast<ptrdiff_t>(Pick(held.size())));
    v1::ObjectReleaseRequest request;
    request.set_name(place->first);
    request.set_count(1 + Pick(place->second));
    Apply("Object.Release", request, session);
    place->second -= request.count();
    if (place->second == 0) held.erase(place);
  }

  void Lend() {
    v1::ObjectLendRequest request;
    request.set_name(SomeAnonymous());
    if (request.name().empty()) return;
    request.set_grace_ms(kGraceMs);
    Apply("Object.Lend", request, kNoSession);
    graces_[request.name()] = std::max(graces_[request.name()], After(now_, kGraceMs));
  }

  void Advance(uint64_t milliseconds) {
    now_ = After(now_, milliseconds);
    std::vector<Reply> replies;
    engine_->Advance(now_, &replies);
    std::erase_if(graces_, [&](const auto& grace) { return grace.second <= now_; });
  }

  void End(SessionId session) {
    std::vector<Reply> replies;
    engine_->EndSession(session, now_, &replies);
    handles_.erase(session);
    EXPECT_EQ(Kept(), Reached()) << "no cycle is left at a session's end";
  }

  // Compares what the engine tells about one object.
  void Compare() {
    const std::string name = SomeAnonymous();
    if (name.empty()) return;
    uint64_t references = 0;
    for (const auto& [from, container] : containers_) {
      for (const auto& [key, targets] : container.values) {
        references += static_cast<uint64_t>(std::count(targets.begin(), targets.end(), name));
      }
    }
    uint64_t handles = 0;
    for (const auto& [session, held] : handles_) {
      if (held.contains(name)) handles += held.at(name);
    }
    v1::ObjectInspectRequest request;
    request.set_name(name);
    v1::ObjectInspectReply reply;
    ASSERT_TRUE(reply.ParseFromString(Apply("Object.Inspect", request, kNoSession).payload));
    EXPECT_EQ(reply.type(), kWords[static_cast<int>(containers_.at(name).kind)]);
    EXPECT_EQ(reply.handles(), handles) << name;
    EXPECT_EQ(reply.references(), references) << name;
  }

  // --- What should be there ---

  std::set<std::string> Reached() const {
    std::set<std::string> reached;
    std::vector<std::string> next;
    const auto reach = [&](const std::string& name) {
      if (reached.insert(name).second) next.push_back(name);
    };
    for (const auto& [name, container] : containers_) {
      if (!IsAnonymous(name)) reach(name);
    }
    for (const auto& [session, held] : handles_) {
      for (const auto& [name, count] : held) reach(name);
    }
    for (const auto& [name, end] : graces_) reach(name);
    while (!next.empty()) {
      const std::string name = next.back();
      next.pop_back();
      for (const auto& [key, targets] : containers_.at(name).values) {
        for (const std::string& target : targets) reach(target);
      }
    }
    return reached;
  }

  std::set<std::string> Kept() const {
    std::set<std::string> kept;
    for (const auto& [name, held] : engine_->store().objects()) kept.insert(name);
    return kept;
  }

  // Everything that is reached is there; what else is there is referred to by what is there. Then
  // the model forgets what the engine freed.
  void Check() {
    const std::set<std::string> reached = Reached();
    const std::set<std::string> kept = Kept();
    std::set<std::string> referred;
    for (const std::string& name : kept) {
      for (const auto& [key, targets] : containers_.at(name).values) {
        referred.insert(targets.begin(), targets.end());
      }
    }
    for (const std::string& name : reached) EXPECT_TRUE(kept.contains(name)) << name << " is lost";
    for (const std::string& name : kept) {
      EXPECT_TRUE(reached.contains(name) || referred.contains(name)) << name << " leaks";
    }
    std::erase_if(containers_, [&](const auto& entry) { return !kept.contains(entry.first); });
    EXPECT_EQ(
        engine_->lifetime().anonymous(),
        std::count_if(kept.begin(), kept.end(), [](auto& name) { return IsAnonymous(name); }));
  }

  std::mt19937_64 random_;
  Shadow shadow_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  TimeMs now_{1000};
  uint64_t last_call_ = 0;
  uint64_t last_session_ = 0;
  std::map<std::string, Container> containers_;
  std::map<SessionId, std::map<std::string, uint64_t>> handles_;
  std::map<std::string, TimeMs> graces_;
};

TEST(RandomGraphs, AreFreedExactlyWhenNothingReachesThem) {
  for (const uint64_t seed : coheld::testing::ChooseSeeds(kSeeds)) {
    if (::testing::Test::HasFailure()) return;
    SCOPED_TRACE("COHELD_SEED=" + std::to_string(seed));
    RandomGraph graph(seed);
    for (int step = 0; step < kStepsPerSeed && !::testing::Test::HasFailure(); ++step) graph.Step();
    graph.Finish();
  }
}

}  // namespace
}  // namespace coheld::engine::testing
