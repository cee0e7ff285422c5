// A model of topics that is obviously right. Written from topic.proto, not from the engine's code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/waiting_model.h"

namespace coheld::simulation {

// One op. Which fields count depends on the kind.
struct TopicOp {
  enum class Kind {
    kSubscribe,    // number: buffer_max. flag: a full buffer refuses.
    kUnsubscribe,  // grant.
    kPublish,      // items.
    kReceive,      // grant. number: limit.
    kInspect,
  };
  Kind kind = Kind::kInspect;
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  std::string object;
  std::optional<uint64_t> timeout_ms;  // Of kReceive.
  std::vector<int64_t> items;
  int64_t number = 0;
  bool flag = false;
  uint64_t grant = 0;  // The subscription, as GrantOf numbers it.
  uint64_t fence = 0;
};

class TopicModel : public WaitingModel<TopicOp> {
 private:
  using Kind = TopicOp::Kind;
  struct Subscription {
    uint64_t session = 0;
    size_t buffer_max = 0;
    bool refuses = false;
    std::vector<int64_t> buffer;
    uint64_t lost = 0;
    uint64_t lost_untold = 0;
  };
  struct Topic {
    uint64_t published = 0;
    std::map<uint64_t, Subscription> subscriptions;  // By grant.
  };

  bool Reads(const TopicOp& op) const override { return op.kind == Kind::kInspect; }
  bool IsReady(const TopicOp& op) const override;
  bool Parks(const TopicOp& op) const override { return op.kind == Kind::kReceive; }
  std::string LineOf(const TopicOp& op) const override;
  std::string Do(const TopicOp& op) override;
  std::string TimedOut(const TopicOp& /*op*/) const override { return "received nothing"; }
  void Forget(uint64_t session) override;

  // The subscription of the op, if its session has it.
  const Subscription* Find(const TopicOp& op) const;
  std::string Publish(const TopicOp& op);
  std::string Receive(const TopicOp& op);
  std::string Inspect(const TopicOp& op) const;

  std::map<std::string, Topic> topics_;
};

}  // namespace coheld::simulation
