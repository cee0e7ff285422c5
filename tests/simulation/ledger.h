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
  // A client was told that an op did not happen.
  void Failed(const Op& op) { takers_.erase(op.id); }
  // What a queue holds, and how many of its items ended as dead letters.
  struct Stock {
    uint64_t held = 0;  // Waiting, delayed or leased.
    uint64_t dead = 0;
  };
  // Throws a Violation unless every item that was acknowledged as put is there, was given to
  // somebody or was acked, or may have been by an op whose end its client never learned.
  void JudgeQueue(const std::string& queue, const Stock& stock) const;
  // Throws a Violation unless the counter has at least what was acknowledged and at most what was
  // sent.
  void JudgeCounter(const std::string& counter, int64_t value) const;

 private:
  // How many items an op may take out of its queue; UINT64_MAX is any number.
  static uint64_t MayTake(const DataOp& op);

  std::set<uint64_t> sent_;
  std::map<uint64_t, DataOp> takers_;            // Sent, and their end is not known; by op.
  std::map<std::string, uint64_t> items_put_;    // By queue: acknowledged ...
  std::map<std::string, uint64_t> items_sent_;   // ... or only sent.
  std::map<std::string, uint64_t> items_taken_;  // For sure.
  std::set<int64_t> put_;
  std::map<int64_t, uint64_t> given_;  // To which op, by item.
  std::map<std::string, int64_t> least_;
  std::map<std::string, int64_t> most_;
};

}  // namespace coheld::simulation
