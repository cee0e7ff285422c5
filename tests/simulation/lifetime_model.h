// A model of how long objects live that is obviously right: anonymous queues with the handles and
// the references that keep them, and a named queue with a TTL. Written from object.proto, not from
// the engine's code. (References here make no cycles: those are lifetime_random_test.cc's.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/waiting_model.h"

namespace coheld::simulation {

// One op. Which fields count depends on the kind.
struct LifetimeOp {
  enum class Kind {
    // On an anonymous queue:
    kMake,
    kPut,  // number.
    kGet,
    kHold,
    kRelease,  // number: how many handles.
    kLend,     // ms.
    kInspect,
    // On a Ref to one, in the queue `bag`:
    kShare,
    kFetch,
    kPeek,
    // On a named queue:
    kNamedPut,  // number.
    kNamedGet,
    kSetTtl,  // ms; 0 is never.
    kNamedInspect,
    kDelete,
  };
  Kind kind = Kind::kInspect;
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  std::string object;  // Where the thread keeps the anonymous queue's name, or the named queue.
  std::string bag;
  std::optional<uint64_t> timeout_ms;  // Of what gets and fetches.
  int64_t number = 0;
  uint64_t ms = 0;
  int64_t now_ms = 0;
  uint64_t grant = 0;  // The anonymous queue, as GrantOf numbers it.
  uint64_t fence = 0;
};

class LifetimeModel : public WaitingModel<LifetimeOp> {
 public:
  // Time as the last input told it.
  void NoteTime(int64_t now_ms) { now_ms_ = std::max(now_ms_, now_ms); }
  // As their namesakes of World.
  void Rearm(int64_t stalled_ms);
  void Resume(int64_t now_ms) { Rearm(std::max<int64_t>(now_ms - now_ms_, 0)); }
  Due NextDue();
  Answers AdvanceOnce();

  // True if the anonymous queue is there.
  bool HasAnonymous(uint64_t grant) const { return anonymous_.contains(grant); }
  size_t anonymous() const { return anonymous_.size(); }

 private:
  using Kind = LifetimeOp::Kind;
  struct Anonymous {
    std::vector<int64_t> items;
    std::map<uint64_t, uint64_t> handles;  // By session.
    std::optional<int64_t> grace_end;
  };
  struct Named {
    std::vector<int64_t> items;
    std::optional<int64_t> end;
  };

  bool Reads(const LifetimeOp& op) const override;
  bool IsReady(const LifetimeOp& op) const override;
  bool Parks(const LifetimeOp& op) const override;
  std::string LineOf(const LifetimeOp& op) const override;
  std::string Do(const LifetimeOp& op) override;
  std::string TimedOut(const LifetimeOp& /*op*/) const override { return "QUEUE_EMPTY"; }
  void Forget(uint64_t session) override;
  std::vector<std::string> TakeDeleted() override { return std::exchange(deleted_, {}); }

  std::string DoAnonymous(const LifetimeOp& op, Anonymous& queue);
  std::string DoBag(const LifetimeOp& op);
  std::string DoNamed(const LifetimeOp& op);
  std::string Inspect(const LifetimeOp& op, const Anonymous& queue) const;
  uint64_t ReferencesTo(uint64_t grant) const;
  // What nothing keeps goes.
  void Sweep();
  // What ends next: the end of a grace, or that of the named queue; nullptr if nothing does.
  std::pair<std::optional<int64_t>*, std::string> NextEnd();

  int64_t now_ms_ = 0;
  std::map<uint64_t, Anonymous> anonymous_;            // By grant.
  std::map<std::string, std::vector<uint64_t>> bags_;  // Grants.
  std::map<std::string, Named> named_;
  std::vector<std::string> deleted_;  // The lines of what went.
};

}  // namespace coheld::simulation
