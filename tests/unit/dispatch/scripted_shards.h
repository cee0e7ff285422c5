// Several shards on one thread: the test says when what was sent arrives. Nothing is random, so the
// same script is the same run. Tests only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/session.pb.h"
#include "server/dispatch/dispatcher.h"
#include "server/engine/placement.h"
#include "tests/unit/dispatch/fake_edge.h"
#include "tests/unit/dispatch/fake_log.h"

namespace coheld::dispatch {

// The batches that are on their way, by sender and receiver.
using MailInFlight = std::map<std::pair<uint32_t, uint32_t>, std::deque<std::vector<ShardMail>>>;

class ScriptedPost : public ShardPost {
 public:
  ScriptedPost(MailInFlight& mail, uint32_t from) : mail_(mail), from_(from) {}
  void Send(uint32_t to, std::vector<ShardMail> mail) override {
    mail_[{from_, to}].push_back(std::move(mail));
  }
  void RequestTurnEnd() override {}

 private:
  MailInFlight& mail_;
  const uint32_t from_;
};

class ScriptedShards {
 public:
  static constexpr uint32_t kCount = 3;

  // What shard K begins with; the placement is filled in.
  using Begin = std::function<Beginning(uint32_t)>;
  explicit ScriptedShards(const Begin& begin = {}) {
    for (uint32_t shard = 0; shard < kCount; ++shard) {
      posts_.push_back(std::make_unique<ScriptedPost>(mail_, shard));
      Beginning beginning = begin ? begin(shard) : Beginning{};
      beginning.session_secret = "secret";
      beginning.placement = {.shard = shard, .shards = kCount};
      beginning.post = posts_.back().get();
      dispatchers_.push_back(std::make_unique<Dispatcher>(loops_[shard], DispatchLimits{},
                                                          DaemonFacts{}, "", std::move(beginning)));
    }
    for (auto& one : dispatchers_) {
      for (auto& other : dispatchers_) {
        if (one != other) one->MeetShard(*other);
      }
    }
  }

  Dispatcher& operator[](uint32_t shard) { return *dispatchers_[shard]; }
  FakeLoop& loop(uint32_t shard) { return loops_[shard]; }
  const engine::Engine& engine(uint32_t shard) const { return dispatchers_[shard]->engine(); }

  // Ends the turn on all shards: what they have to send is on its way.
  void EndTurns() {
    for (auto& dispatcher : dispatchers_) dispatcher->OnTurnEnd();
  }
  // Delivers what is on its way from one shard to another. Returns false if nothing is.
  bool Deliver(uint32_t from, uint32_t to) {
    auto& batches = mail_[{from, to}];
    if (batches.empty()) return false;
    std::vector<ShardMail> batch = std::move(batches.front());
    batches.pop_front();
    dispatchers_[to]->OnMail(from, std::move(batch));
    return true;
  }
  // Delivers everything until nothing is on its way.
  void Settle() {
    for (bool busy = true; std::exchange(busy, false);) {
      EndTurns();
      for (uint32_t from = 0; from < kCount; ++from) {
        for (uint32_t to = 0; to < kCount; ++to) {
          while (Deliver(from, to)) busy = true;
        }
      }
    }
  }
  void Pass(uint64_t ms) {
    for (FakeLoop& loop : loops_) loop.Pass(ms);
    Settle();
  }

  template <typename Reply>
  Reply Call(Client& client, const std::string& path, const google::protobuf::Message& request,
             uint64_t seq = 0) {
    const transport::StreamId stream = client.Begin(path, request, seq);
    Settle();
    return client.Result<Reply>(stream);
  }
  void Open(Client& client) {
    v1::SessionOpenRequest request;
    request.set_ttl_ms(kTtlMs);
    client.Use(Call<v1::SessionOpenReply>(client, "Session/Open", request).token());
  }

  // Returns a name whose object lives on the shard.
  static std::string NameOn(uint32_t shard, const std::string& stem) {
    for (int i = 0;; ++i) {
      const std::string name = stem + std::to_string(i);
      if (engine::ShardOf(name, kCount) == shard) return name;
    }
  }

 private:
  MailInFlight mail_;
  FakeLoop loops_[kCount];
  std::vector<std::unique_ptr<ScriptedPost>> posts_;
  std::vector<std::unique_ptr<Dispatcher>> dispatchers_;
};

}  // namespace coheld::dispatch
