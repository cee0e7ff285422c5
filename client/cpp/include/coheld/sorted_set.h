// coheld::SortedSet<T>: members with a score each, in order of their scores, as Redis's sorted set;
// a priority map that many processes share.
//
//   coheld::SortedSet<std::string> scores(client, "scores");
//   scores.add("ann", 7);
//   scores.increment("bob", 9);
//   for (const auto& [member, score] : scores.range({.reverse = true, .limit = 3})) ...
//   while (auto job = jobs.pop_min(1s)) run(job->member);        // The most urgent first.
//
// Members are hashable values (NotHashable), scores any number but NaN (InvalidArgument); members
// with equal scores are in the order in which they came. A handle is a name: making one does
// nothing on the daemon. The first change creates the set; reads of a missing one see an empty one.
// Each method is one atomic op, but where it says otherwise, and throws what Client::call throws,
// and what stands with it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/sorted_set.h"

namespace coheld {

// A member with its score.
template <typename T>
struct Scored {
  T member;
  double score = 0;
  friend bool operator==(const Scored&, const Scored&) = default;
};

// The ops of a sorted set. Runner is Direct (the method does it and returns the answer) or Batched
// (it returns a Pending answer, see batch.h). Threads: as its Client.
template <typename T, typename Runner>
class BasicSortedSet : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicSortedSet(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns the number of members.
  Result<size_t> size() const {
    return run(ops::sorted_set_len(name()),
               [](const Changed& now) -> size_t { return now.length; });
  }
  // Returns whether there are no members.
  Result<bool> empty() const {
    return run(ops::sorted_set_len(name()), [](const Changed& now) { return now.length == 0; });
  }
  // Returns the version: it grows with every change.
  Result<uint64_t> version() const {
    return run(ops::sorted_set_len(name()), [](const Changed& now) { return now.version; });
  }

  // Adds a member, or gives it another score. Returns whether it is new.
  Result<bool> add(T member, double score) const {
    return run(ops::sorted_set_add(name(), {{encode(std::move(member)), score}}, {}),
               [](const SortedSetChange& change) { return change.added > 0; });
  }
  // Adds members, and gives others their scores, as the conditions allow.
  Result<SortedSetChange> add_many(std::vector<Scored<T>> members,
                                   const SortedSetConditions& conditions = {}) const {
    return run(ops::sorted_set_add(name(), encode_all(std::move(members)), conditions));
  }
  // Adds to a member's score, which is 0 if it is not there; returns the score then.
  Result<double> increment(T member, double amount = 1) const {
    return run(ops::sorted_set_increment(name(), encode(std::move(member)), amount));
  }
  // Removes a member. Returns whether it was there.
  Result<bool> erase(T member) const {
    return run(ops::sorted_set_remove(name(), {encode(std::move(member))}, {}),
               [](uint64_t removed) { return removed > 0; });
  }
  // Removes those of the members that are there; returns how many.
  Result<size_t> erase_many(std::vector<T> members, IfVersion version = {}) const {
    return run(ops::sorted_set_remove(name(), coheld::encode_all(std::move(members)), version),
               ToSize{});
  }
  // Removes the members whose score is within bounds; returns how many.
  Result<size_t> erase_by_score(const ScoreBounds& bounds, IfVersion version = {}) const {
    return run(ops::sorted_set_remove_by_score(name(), bounds, version), ToSize{});
  }

  // Returns a member's score, or nothing.
  Result<std::optional<double>> score(T member) const {
    return run(ops::sorted_set_score(name(), {encode(std::move(member))}),
               [](const std::vector<std::optional<double>>& scores) { return scores.at(0); });
  }
  // Returns the scores of members, in their order, as of one moment.
  Result<std::vector<std::optional<double>>> scores(std::vector<T> members) const {
    return run(ops::sorted_set_score(name(), coheld::encode_all(std::move(members))));
  }
  // Returns a member's place, 0 for the lowest score, or nothing.
  Result<std::optional<uint64_t>> rank(T member) const {
    return run(ops::sorted_set_rank(name(), encode(std::move(member)), false), ToRank{});
  }
  // Returns a member's place from the other end, 0 for the highest score, or nothing.
  Result<std::optional<uint64_t>> reverse_rank(T member) const {
    return run(ops::sorted_set_rank(name(), encode(std::move(member)), true), ToRank{});
  }
  // Counts the members whose score is within bounds.
  Result<size_t> count(const ScoreBounds& bounds) const {
    return run(ops::sorted_set_count(name(), bounds), ToSize{});
  }

  // A part of a range, as of one moment; it goes on behind the last member unless done. A reply
  // holds about 1 MiB.
  struct Page {
    std::vector<Scored<T>> members;
    bool done = false;
    uint64_t version = 0;
  };
  Result<Page> page(const PlaceRange& range) const {
    return run(ops::sorted_set_range(name(), range), ToPage{});
  }
  Result<Page> page_by_score(const ScoreRange& range) const {
    return run(ops::sorted_set_range_by_score(name(), range), ToPage{});
  }

  // Removes and returns the member with the lowest score, waiting for one at most so long (for ever
  // by default); or nothing.
  Result<std::optional<Scored<T>>> pop_min(WaitTime time = {}) const {
    return run(ops::sorted_set_pop_min(name(), 1, time), ToFirst{});
  }
  // The same with the highest score.
  Result<std::optional<Scored<T>>> pop_max(WaitTime time = {}) const {
    return run(ops::sorted_set_pop_max(name(), 1, time), ToFirst{});
  }
  // Removes and returns members, lowest scores first, at most `limit`, waiting for the first; none
  // when the time is over.
  Result<std::vector<Scored<T>>> pop_min_many(uint32_t limit, WaitTime time = {}) const {
    return run(ops::sorted_set_pop_min(name(), limit, time), DecodeMembers{});
  }
  // The same, highest scores first.
  Result<std::vector<Scored<T>>> pop_max_many(uint32_t limit, WaitTime time = {}) const {
    return run(ops::sorted_set_pop_max(name(), limit, time), DecodeMembers{});
  }

  // Makes the sorted set if it is not there, with these members; an existing one is left as it is,
  // unless `exclusive`: ObjectExists.
  Result<Created> create(std::vector<Scored<T>> members = {}, bool exclusive = false) const {
    return run(ops::sorted_set_create(name(), encode_all(std::move(members)), exclusive));
  }

 private:
  using BasicHandle<Runner>::run;

  struct ToSize {
    size_t operator()(uint64_t size) const { return size; }
  };
  struct ToRank {
    std::optional<uint64_t> operator()(const std::optional<ops::PlaceAndScore>& place) const {
      return place ? std::optional(place->rank) : std::nullopt;
    }
  };
  struct DecodeMembers {
    std::vector<Scored<T>> operator()(std::vector<ops::ScoredValue> values) const {
      std::vector<Scored<T>> members;
      for (ops::ScoredValue& value : values) {
        members.push_back({Codec<T>::decode(std::move(value.member)), value.score});
      }
      return members;
    }
  };
  struct ToFirst {
    std::optional<Scored<T>> operator()(std::vector<ops::ScoredValue> values) const {
      if (values.empty()) return std::nullopt;
      return Scored<T>{Codec<T>::decode(std::move(values[0].member)), values[0].score};
    }
  };
  struct ToPage {
    Page operator()(ops::ScoredPage page) const {
      return {DecodeMembers{}(std::move(page.members)), page.done, page.version};
    }
  };
  static Value encode(T member) { return Codec<T>::encode(std::move(member)); }
  static std::vector<ops::ScoredValue> encode_all(std::vector<Scored<T>> members) {
    std::vector<ops::ScoredValue> values;
    for (Scored<T>& member : members) {
      values.push_back({encode(std::move(member.member)), member.score});
    }
    return values;
  }
};

// A sorted set that is worked on at once.
template <typename T>
class SortedSet : public BasicSortedSet<T, Direct> {
  using Base = BasicSortedSet<T, Direct>;

 public:
  // The type's word.
  static constexpr const char* kType = "sorted_set";
  using value_type = Scored<T>;

  // Names a sorted set; nothing is sent.
  SortedSet(const Client& client, std::string name)
      : Base(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit SortedSet(const Ref& ref) : Base(Direct(client_of(ref)), checked(ref, kType)) {}
  // Makes an anonymous sorted set, which lives as long as anything refers to it.
  static SortedSet make(const Client& client, std::vector<Scored<T>> members = {}) {
    return SortedSet(ref_to(SortedSet(client, "").create(std::move(members)), kType));
  }

  // Returns the members at some places, by default all; several ops if they are more than fit a
  // reply, between which others may change the set.
  std::vector<Scored<T>> range(PlaceRange range = {}) const {
    typename Base::Page page = this->page(range);
    std::vector<Scored<T>> members = std::move(page.members);
    if (page.done) return members;
    const auto length = static_cast<int64_t>(this->size());
    const int64_t start = range.start.value_or(0);
    const int64_t begin = start < 0 ? std::max<int64_t>(0, start + length) : start;
    while (!page.done && (range.limit == 0 || members.size() < range.limit)) {
      PlaceRange rest = range;
      rest.start = begin + static_cast<int64_t>(members.size());
      if (range.limit > 0) rest.limit = range.limit - static_cast<uint32_t>(members.size());
      page = this->page(rest);
      for (Scored<T>& member : page.members) members.push_back(std::move(member));
    }
    return members;
  }
  // Returns the members whose score is within bounds; the same holds.
  std::vector<Scored<T>> range_by_score(ScoreRange range) const {
    std::vector<Scored<T>> members;
    const uint64_t offset = range.offset;
    const uint32_t limit = range.limit;
    while (true) {
      typename Base::Page page = this->page_by_score(range);
      for (Scored<T>& member : page.members) members.push_back(std::move(member));
      if (page.done || (limit > 0 && members.size() >= limit)) return members;
      range.offset = offset + members.size();
      if (limit > 0) range.limit = limit - static_cast<uint32_t>(members.size());
    }
  }
};

}  // namespace coheld
