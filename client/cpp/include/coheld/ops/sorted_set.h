// The ops of coheld.v1.SortedSet as values. Users call them through sorted_set.h; the semantics are
// told in coheld/v1/sorted_set.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// What a score must be within; absent is no bound.
struct ScoreBounds {
  std::optional<double> min = {};
  std::optional<double> max = {};
  bool min_open = false;  // Leaves out the scores that equal min.
  bool max_open = false;  // Leaves out the scores that equal max.
};

// Which members an add touches.
struct SortedSetConditions {
  bool only_new = false;       // Leaves the scores of members that are there.
  bool only_existing = false;  // Adds no member that is not there.
  bool only_greater = false;   // Changes a score only to a greater one.
  bool only_less = false;      // Changes a score only to a smaller one.
  IfVersion version = {};      // VersionMismatch if the sorted set has another one.
};

// What an add did.
struct SortedSetChange {
  uint64_t added = 0;    // Members that came.
  uint64_t changed = 0;  // Members that got another score.
  uint64_t length = 0;   // Members after the change.
  uint64_t version = 0;  // The sorted set's version after the change.
};

// Which places of the order; negative ones count from the end.
struct PlaceRange {
  std::optional<int64_t> start = {};
  std::optional<int64_t> stop = {};
  bool reverse = false;  // Counts from the highest score.
  uint32_t limit = 0;    // The most members wanted; 0: all.
};

// Which scores, and how many.
struct ScoreRange {
  ScoreBounds bounds = {};
  bool reverse = false;  // Lists from the highest score.
  uint64_t offset = 0;   // How many to skip first.
  uint32_t limit = 0;    // The most members wanted; 0: all.
};

namespace ops {

struct ScoredValue {
  Value member;
  double score = 0;
};

// A part of a range; it goes on behind the last member unless done.
struct ScoredPage {
  std::vector<ScoredValue> members;
  bool done = false;
  uint64_t version = 0;
};

struct PlaceAndScore {
  uint64_t rank = 0;
  double score = 0;
};

Op<Created> sorted_set_create(const std::string& name, std::vector<ScoredValue> members,
                              bool exclusive);
Op<Changed> sorted_set_len(const std::string& name);
Op<SortedSetChange> sorted_set_add(const std::string& name, std::vector<ScoredValue> members,
                                   const SortedSetConditions& conditions);
Op<double> sorted_set_increment(const std::string& name, Value member, double amount);
// Answers how many went.
Op<uint64_t> sorted_set_remove(const std::string& name, std::vector<Value> members,
                               IfVersion version);
Op<uint64_t> sorted_set_remove_by_score(const std::string& name, const ScoreBounds& bounds,
                                        IfVersion version);
Op<std::vector<std::optional<double>>> sorted_set_score(const std::string& name,
                                                        std::vector<Value> members);
Op<std::optional<PlaceAndScore>> sorted_set_rank(const std::string& name, Value member,
                                                 bool reverse);
Op<ScoredPage> sorted_set_range(const std::string& name, const PlaceRange& range);
Op<ScoredPage> sorted_set_range_by_score(const std::string& name, const ScoreRange& range);
Op<uint64_t> sorted_set_count(const std::string& name, const ScoreBounds& bounds);
Op<std::vector<ScoredValue>> sorted_set_pop_min(const std::string& name, uint32_t limit,
                                                WaitTime time);
Op<std::vector<ScoredValue>> sorted_set_pop_max(const std::string& name, uint32_t limit,
                                                WaitTime time);

}  // namespace ops
}  // namespace coheld
