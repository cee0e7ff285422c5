// The books that clients could keep themselves, of one life of the daemon: which items they put and
// were given, how much they added to counters. No model: only what they sent and what they were
// answered.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/op.h"

namespace coheld::simulation {

class Ledger {
 public:
  // A client sends an op, perhaps not for the first time.
  void Sent(const Op& op);
  // A client was answered this to an op. Throws a Violation if it was given an item that nobody
  // put, or that somebody was given before.
  void Answered(const Op& op, const std::string& words);
  // Throws a Violation unless the counter has at least what was acknowledged and at most what was
  // sent.
  void JudgeCounter(const std::string& counter, int64_t value) const;

 private:
  std::set<uint64_t> sent_;
  std::set<int64_t> put_;
  std::map<int64_t, uint64_t> given_;  // To which op, by item.
  std::map<std::string, int64_t> least_;
  std::map<std::string, int64_t> most_;
};

}  // namespace coheld::simulation
