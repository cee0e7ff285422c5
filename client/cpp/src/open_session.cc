// See open_session.h.
#include "client/cpp/src/open_session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "client/cpp/src/fork_guard.h"

namespace coheld::core {

OpenSession::OpenSession(v1::SessionOpenReply reply)
    : reply_(std::move(reply)), fork_generation_(ForkGeneration()) {}

bool OpenSession::own() const { return fork_generation_ == ForkGeneration(); }

void OpenSession::TakeLanes(size_t ops, std::vector<Lane>* lanes) {
  const std::lock_guard guard(mutex_);
  for (size_t placed = 0; placed < ops; placed += kLaneOpsMax) lanes->push_back(lanes_.Take());
}

void OpenSession::GiveBack(const std::vector<Lane>& lanes) {
  const std::lock_guard guard(mutex_);
  for (const Lane& lane : lanes) lanes_.GiveBack(lane);
}

uint32_t OpenSession::lanes_made() const {
  const std::lock_guard guard(mutex_);
  return lanes_.made();
}

void OpenSession::Post(std::vector<Posting::Posted> ops) {
  const std::lock_guard guard(mutex_);
  for (Posting::Posted& op : ops) {
    const bool full = postings_.empty() || postings_.back().has_lane ||
                      postings_.back().ops.size() == kLaneOpsMax;
    if (full) postings_.emplace_back();
    postings_.back().ops.push_back(std::move(op));
  }
  has_postings_.store(!postings_.empty(), std::memory_order_release);
}

// What was posted before comes first.
void OpenSession::PostAgain(std::vector<Posting> postings) {
  const std::lock_guard guard(mutex_);
  postings_.insert(postings_.begin(), std::make_move_iterator(postings.begin()),
                   std::make_move_iterator(postings.end()));
  has_postings_.store(!postings_.empty(), std::memory_order_release);
}

std::vector<Posting> OpenSession::TakePostings() {
  const std::lock_guard guard(mutex_);
  has_postings_.store(false, std::memory_order_release);
  for (Posting& posting : postings_) {
    if (std::exchange(posting.has_lane, true)) continue;
    posting.lane = lanes_.Take();
    uint64_t seq = posting.lane.acked;
    for (Posting::Posted& op : posting.ops) op.seq = ++seq;
  }
  return std::exchange(postings_, {});
}

}  // namespace coheld::core
