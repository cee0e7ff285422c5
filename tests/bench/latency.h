// A histogram of latencies in nanoseconds with a relative error below 1.6 %.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace coheld::bench {

// Counts in 64 equal steps for each power of two.
class Latency {
 public:
  void Add(uint64_t ns) { ++counts_[Bucket(ns)], ++total_; }

  // Returns the latency that this share of the ops (0 to 1) did not exceed; 0 if there are none.
  uint64_t Quantile(double share) const {
    const auto wanted = static_cast<uint64_t>(share * static_cast<double>(total_));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted) return Lowest(bucket);
    }
    return 0;
  }

  uint64_t total() const { return total_; }

 private:
  static constexpr int kStepBits = 6;
  static constexpr uint64_t kSteps = 1 << kStepBits;

  static size_t Bucket(uint64_t ns) {
    if (ns < kSteps) return ns;
    const int shift = static_cast<int>(std::bit_width(ns)) - 1 - kStepBits;
    return static_cast<size_t>(shift + 1) * kSteps + ((ns >> shift) - kSteps);
  }

  static uint64_t Lowest(size_t bucket) {
    if (bucket < kSteps) return bucket;
    return (bucket % kSteps + kSteps) << (bucket / kSteps - 1);
  }

  std::vector<uint64_t> counts_ = std::vector<uint64_t>((64 - kStepBits + 1) * kSteps);
  uint64_t total_ = 0;
};

}  // namespace coheld::bench
