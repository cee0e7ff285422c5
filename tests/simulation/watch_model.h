// A model of watched counters that is obviously right: all changes there ever were. Written from
// watch.proto, not from the engine's code.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/waiting_model.h"

namespace coheld::simulation {

// One op. Which fields count depends on the kind.
struct WatchOp {
  enum class Kind {
    kAdd,      // number.
    kChanges,  // after; number: limit.
  };
  Kind kind = Kind::kAdd;
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  std::string object;
  std::optional<uint64_t> timeout_ms;  // Of kChanges.
  std::optional<uint64_t> after;
  int64_t number = 0;
  uint64_t fence = 0;
};

// What is at the end of an answer that may be COMPACTED as well.
inline constexpr const char* kOrCompacted = " or COMPACTED";

class WatchModel : public WaitingModel<WatchOp> {
 public:
  Answers Apply(const WatchOp& op, int64_t now);
  // The daemon began again, and may have forgotten the changes.
  void Resume();

 private:
  using Kind = WatchOp::Kind;
  struct Change {
    uint64_t session = 0;
    int64_t amount = 0;
  };
  struct Counter {
    uint64_t version() const { return 1 + changes.size(); }

    std::vector<Change> changes;  // The first one makes version 2: it is made with version 1.
    int64_t sum = 0;
    std::optional<uint64_t> start;  // The version at the first watch.
    bool unasked = false;           // Since the daemon began again.
    uint64_t resumed = 0;           // The version at the first watch since then.
  };

  bool Reads(const WatchOp& op) const override { return op.kind == Kind::kChanges; }
  bool IsReady(const WatchOp& op) const override;
  bool Parks(const WatchOp& /*op*/) const override { return false; }  // Nobody waits for another.
  std::string Do(const WatchOp& op) override;
  std::string TimedOut(const WatchOp& op) const override;

  std::map<std::string, Counter> counters_;
};

}  // namespace coheld::simulation
