// The token bucket that separates a lively peer from a flood: frames that cost the peer nothing and
// us something (pings, settings, resets, empty data, ...) spend; time and real work earn. No clock:
// time is told.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace coheld::transport {

class FloodBudget {
 public:
  // Tells the time, in milliseconds of any steady clock.
  void Advance(uint64_t now_ms) {
    if (now_ms > told_ms_ && told_ms_ != 0) Earn((now_ms - told_ms_) * kTokensPerMs);
    told_ms_ = std::max(told_ms_, now_ms);
  }
  void Earn(uint64_t tokens) { tokens_ = std::min(kTokensMax, tokens_ + tokens); }
  // Data went out: the peer may open its windows for it again.
  void EarnByOutput(size_t bytes) {
    unpaid_bytes_ += bytes;
    Earn(unpaid_bytes_ / kBytesForToken);
    unpaid_bytes_ %= kBytesForToken;
  }
  // False if the budget is exhausted: the peer floods.
  bool Spend(uint64_t tokens) {
    const bool enough = tokens_ >= tokens;
    tokens_ -= std::min(tokens_, tokens);
    return enough;
  }

 private:
  // Stock clients ping at most once per round trip and per reply, which earns as much as it spends;
  // what remains are bursts of cancellations.
  static constexpr uint64_t kTokensMax = 4000;
  static constexpr uint64_t kTokensPerMs = 1;
  // A reader with a window of 512 bytes that opens it by halves is none that floods; one that wants
  // its replies in crumbs is.
  static constexpr size_t kBytesForToken = 256;

  uint64_t tokens_ = kTokensMax;
  uint64_t told_ms_ = 0;
  size_t unpaid_bytes_ = 0;  // Output for which no whole token was earned yet.
};

}  // namespace coheld::transport
