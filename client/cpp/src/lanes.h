// The lanes of a session: what makes an op that is sent twice happen once. The ops of one call have
// a lane to themselves, and consecutive seqs on it, so a call that waits for hours holds back
// nobody's acknowledgements. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace coheld::core {

// A lane between two calls: all its seqs so far are settled.
struct Lane {
  uint32_t number = 0;
  uint64_t acked = 0;  // The last seq; 0: there was none.
};

// The daemon keeps this many replies of a lane; a longer call takes more lanes.
inline constexpr uint64_t kLaneOpsMax = 1024;

// The lanes of one session that no call uses. Last in, first out: few lanes get much use.
class LanePool {
 public:
  // Takes a free lane, or a new one.
  Lane Take() {
    if (free_.empty()) return {.number = made_++};
    const Lane lane = free_.back();
    free_.pop_back();
    return lane;
  }
  // Gives a lane back, all of whose seqs are settled.
  void GiveBack(Lane lane) { free_.push_back(lane); }

  // How many lanes there are, used ones included.
  uint32_t made() const { return made_; }

 private:
  std::vector<Lane> free_;
  uint32_t made_ = 0;
};

}  // namespace coheld::core
