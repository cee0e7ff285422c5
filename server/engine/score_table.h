// Members with a score each, in the order of (score, arrival): what a sorted set holds. Members are
// found by hash, places by a tree that counts; each takes O(log n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>

#include "server/engine/dict_table.h"
#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

// Bounds of scores; a missing one is none. Neither is NaN.
struct ScoreRange {
  std::optional<double> min;
  std::optional<double> max;
  bool min_open = false;
  bool max_open = false;
};

class ScoreTable {
 public:
  struct Scored {
    const Value& member;
    double score;
  };

  size_t size() const { return members_.size(); }
  bool empty() const { return size() == 0; }

  // Returns the member's score, if it is there.
  std::optional<double> Find(const Value& member) const;
  // Adds a member, or changes its score. The score is not NaN.
  void Set(Value member, double score);
  // Removes a member; returns false if it is not there.
  bool Remove(const Value& member);
  // Returns the member's place; it must be there.
  size_t RankOf(const Value& member) const;

  // Returns what is at a place below size(); good until the next change.
  Scored At(size_t rank) const;
  // Removes what is at a place below size(), and returns it.
  std::pair<Value, double> TakeAt(size_t rank);
  // Returns the first place whose score is within the range, and the place after the last one.
  std::pair<size_t, size_t> Within(const ScoreRange& range) const;

  // The members with their scores as reals, to visit them.
  const DictTable& members() const { return members_; }

  // Members in saved state; Load only while it is new.
  void Save(StateWriter& state) const { members_.Save(state); }
  void Load(StateReader& state);

 private:
  // A score and the ordinal of the member's entry, which grows in order of arrival.
  using Key = std::pair<double, uint64_t>;
  using Tree = __gnu_pbds::tree<Key, __gnu_pbds::null_type, std::less<Key>, __gnu_pbds::rb_tree_tag,
                                __gnu_pbds::tree_order_statistics_node_update>;

  Key KeyAt(DictTable::Place place) const {
    return {members_.ValueAt(place).real(), members_.OrdinalAt(place)};
  }
  DictTable::Place PlaceAt(size_t rank) const {
    return static_cast<DictTable::Place>(members_.PlaceOf(order_.find_by_order(rank)->second));
  }

  DictTable members_;  // The values are the scores.
  Tree order_;
};

}  // namespace coheld::engine
