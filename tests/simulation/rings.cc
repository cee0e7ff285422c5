// See rings.h.
#include "tests/simulation/rings.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace coheld::simulation {
namespace {

using engine::testing::Caller;
using engine::testing::SyncModel;

constexpr size_t kPathsMax = 20'000;

// The ops to which a blocker leads.
std::vector<uint64_t> OpsOf(const SyncModel& model, const SyncModel::Blocker& blocker) {
  if (blocker.ahead != 0) return {blocker.ahead};
  return model.WaitsOf(blocker.owner);
}

// True if the way from an op of this owner is back there: at the owner, or, where others stand
// behind it in line, at the op.
bool Closes(const SyncModel::Blocker& blocker, const Caller& owner, uint64_t op) {
  return blocker.ahead == 0 ? blocker.owner == owner : blocker.ahead == op;
}

// Walks all ways from an op that come back to its owner.
class Walk {
 public:
  Walk(const SyncModel& model, uint64_t start)
      : model_(model), start_(start), owner_(model.OwnerOf(start)) {
    Visit(start);
  }

  std::set<uint64_t> youngest() const { return youngest_; }

 private:
  struct Step {
    uint64_t op = 0;
    SyncModel::Blocker blocker;  // For which it waits.
  };

  void Visit(uint64_t op) {
    if (++paths_ > kPathsMax || !on_path_.insert(op).second) return;
    for (const SyncModel::Blocker& blocker : model_.BlockersOf(op)) {
      if (blocker.permits) continue;
      path_.push_back({op, blocker});
      if (Closes(blocker, owner_, start_)) {
        NoteYoungest();
      } else {
        for (const uint64_t next : OpsOf(model_, blocker)) Visit(next);
      }
      path_.pop_back();
    }
    on_path_.erase(op);
  }

  // The op whose owner was granted last what the one before waits for; who only stands in line has
  // been granted nothing.
  void NoteYoungest() {
    uint64_t last_turn = 0;
    uint64_t last_in_line = 0;
    for (size_t i = 0; i < path_.size(); ++i) {
      const SyncModel::Blocker& blocker = path_[(i + path_.size() - 1) % path_.size()].blocker;
      last_turn = std::max(last_turn, blocker.turn);
      if (blocker.ahead != 0) last_in_line = std::max(last_in_line, path_[i].op);
    }
    if (last_in_line != 0) {
      youngest_.insert(last_in_line);
      return;
    }
    for (size_t i = 0; i < path_.size(); ++i) {
      const SyncModel::Blocker& blocker = path_[(i + path_.size() - 1) % path_.size()].blocker;
      if (blocker.turn == last_turn) youngest_.insert(path_[i].op);
    }
  }

  const SyncModel& model_;
  const uint64_t start_;
  const Caller owner_;
  std::vector<Step> path_;
  std::set<uint64_t> on_path_;
  std::set<uint64_t> youngest_;
  size_t paths_ = 0;
};

}  // namespace

bool IsInRing(const SyncModel& model, uint64_t call, bool permits) {
  const Caller owner = model.OwnerOf(call);
  std::vector<uint64_t> reached = {call};
  for (size_t at = 0; at < reached.size(); ++at) {
    for (const SyncModel::Blocker& blocker : model.BlockersOf(reached[at])) {
      if (blocker.permits && !permits) continue;
      if (Closes(blocker, owner, call)) return true;
      for (const uint64_t next : OpsOf(model, blocker)) {
        if (std::count(reached.begin(), reached.end(), next) == 0) reached.push_back(next);
      }
    }
  }
  return false;
}

std::set<uint64_t> YoungestInRings(const SyncModel& model, uint64_t call) {
  return Walk(model, call).youngest();
}

}  // namespace coheld::simulation
