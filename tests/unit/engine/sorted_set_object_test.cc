// The sorted set's ops as tables, and random ones against a plain sorted vector.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "server/engine/score_table.h"
#include "tests/unit/engine/op_table.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

class SortedSetOps : public OpTable {};

TEST_F(SortedSetOps, ListsMembersByTheirScores) {
  Run(R"(
    - SortedSet.Add z members=[{member="b" score=2}, {member="a" score=1.5}, {member=3 score=-inf}]
      -> added=3 changed=0 length=3 version=1
    - SortedSet.Range z -> members=[{member=3 score=-inf}, {member="a" score=1.5},
      {member="b" score=2.0}] done=True version=1
    - SortedSet.Range z reverse=True -> members=[{member="b"}, {member="a"}, {member=3}]
    - SortedSet.Score z members=["a", "zz", 3.0]
      -> scores=[{score=1.5}, {score=absent}, {score=-inf}]
    - SortedSet.Len z -> length=3
  )");
}

TEST_F(SortedSetOps, TiesStandInTheOrderOfTheirArrival) {
  Run(R"(
    - SortedSet.Add z members=[{member="c" score=1}, {member="a" score=1}, {member="b" score=1}] -> ok
    - SortedSet.Add z members=[{member="c" score=0}] -> changed=1
    - SortedSet.Add z members=[{member="c" score=1}] -> changed=1
    - SortedSet.Range z -> members=[{member="c"}, {member="a"}, {member="b"}]
    - SortedSet.Remove z members=["c"] -> removed=1
    - SortedSet.Add z members=[{member="c" score=1}] -> added=1
    - SortedSet.Range z -> members=[{member="a"}, {member="b"}, {member="c"}]
    - SortedSet.Rank z member="b" -> rank=1
  )");
}

TEST_F(SortedSetOps, AddObeysItsConditions) {
  Run(R"(
    - SortedSet.Add z members=[{member="a" score=5}] -> added=1 version=1
    - SortedSet.Add z members=[{member="a" score=6}, {member="b" score=1}] only_new=True
      -> added=1 changed=0
    - SortedSet.Add z members=[{member="a" score=7}, {member="c" score=1}] only_existing=True
      -> added=0 changed=1
    - SortedSet.Add z members=[{member="a" score=6}, {member="d" score=1}] only_greater=True
      -> added=1 changed=0
    - SortedSet.Add z members=[{member="a" score=8}] only_greater=True -> changed=1
    - SortedSet.Add z members=[{member="a" score=9}] only_less=True -> changed=0
    - SortedSet.Add z members=[{member="a" score=2}] only_less=True only_existing=True -> changed=1
    - SortedSet.Add z members=[{member="a" score=2}] -> added=0 changed=0 length=3 version=6
    - SortedSet.Add z only_new=True only_existing=True -> INVALID_ARGUMENT
    - SortedSet.Add z only_less=True only_greater=True -> INVALID_ARGUMENT
    - SortedSet.Range z -> members=[{member="b"}, {member="d"}, {member="a" score=2.0}]
  )");
}

TEST_F(SortedSetOps, NaNHasNoPlace) {
  Run(R"(
    - SortedSet.Add z members=[{member="a" score=1}, {member="b" score=nan}] -> INVALID_ARGUMENT "NaN"
    - SortedSet.Create z members=[{member="b" score=nan}] -> INVALID_ARGUMENT
    - SortedSet.Count z bounds={min=nan} -> INVALID_ARGUMENT "bound"
    - SortedSet.Add z members=[{member=[1] score=1}] -> NOT_HASHABLE
    - Admin.Objects -> objects=[]
    - SortedSet.Increment z member="a" amount=inf -> score=inf
    - SortedSet.Increment z member="a" amount=-inf -> INVALID_ARGUMENT
    - SortedSet.Score z members=["a"] -> scores=[{score=inf}]
  )");
}

TEST_F(SortedSetOps, IncrementMovesAMember) {
  Run(R"(
    - SortedSet.Increment z member="a" amount=2 -> score=2.0 version=1
    - SortedSet.Increment z member="b" amount=1 -> score=1.0
    - SortedSet.Increment z member="b" amount=1.5 -> score=2.5
    - SortedSet.Range z -> members=[{member="a" score=2.0}, {member="b" score=2.5}]
  )");
}

TEST_F(SortedSetOps, RankCountsFromEitherEnd) {
  Run(R"(
    - SortedSet.Create z members=[{member="a" score=1}, {member="b" score=2}, {member="c" score=3}]
      -> created=True
    - SortedSet.Rank z member="a" -> rank=0 score=1.0
    - SortedSet.Rank z member="a" reverse=True -> rank=2
    - SortedSet.Rank z member="x" -> rank=absent score=absent
  )");
}

TEST_F(SortedSetOps, RangesGoByPlace) {
  Run(R"(
    - SortedSet.Create z members=[{member=0 score=0}, {member=1 score=1}, {member=2 score=2},
      {member=3 score=3}] -> ok
    - SortedSet.Range z start=1 stop=3 -> members=[{member=1}, {member=2}] done=True
    - SortedSet.Range z start=-2 -> members=[{member=2}, {member=3}]
    - SortedSet.Range z start=1 stop=3 reverse=True -> members=[{member=2}, {member=1}]
    - SortedSet.Range z limit=3 -> members=[{member=0}, {member=1}, {member=2}] done=False
    - SortedSet.Range z start=3 limit=3 -> members=[{member=3}] done=True
    - SortedSet.Range z start=9 -> members=[] done=True
    - SortedSet.Range z start=9 reverse=True -> members=[] done=True
    - SortedSet.Range missing reverse=True -> members=[] done=True
  )");
}

TEST_F(SortedSetOps, RangesGoByScoreWithinOpenOrClosedBounds) {
  Run(R"(
    - SortedSet.Create z members=[{member="a" score=1}, {member="b" score=2}, {member="c" score=2},
      {member="d" score=3}] -> ok
    - SortedSet.RangeByScore z bounds={min=2 max=3} -> members=[{member="b"}, {member="c"}, {member="d"}]
    - SortedSet.RangeByScore z bounds={min=2 min_open=True} -> members=[{member="d"}]
    - SortedSet.RangeByScore z bounds={max=2 max_open=True} -> members=[{member="a"}]
    - SortedSet.RangeByScore z bounds={min=1 max=2} reverse=True
      -> members=[{member="c"}, {member="b"}, {member="a"}]
    - SortedSet.RangeByScore z offset=1 limit=2 -> members=[{member="b"}, {member="c"}] done=False
    - SortedSet.RangeByScore z offset=1 limit=2 reverse=True -> members=[{member="c"}, {member="b"}]
    - SortedSet.RangeByScore z offset=9 reverse=True -> members=[] done=True
    - SortedSet.RangeByScore z bounds={min=3 max=1} -> members=[] done=True
    - SortedSet.RangeByScore missing reverse=True -> members=[]
    - SortedSet.Count z bounds={min=2} -> count=3
    - SortedSet.Count z bounds={min=2 max=2 min_open=True} -> count=0
    - SortedSet.Count z -> count=4
    - SortedSet.RemoveByScore z bounds={min=2 max=3 max_open=True} -> removed=2 length=2 version=2
    - SortedSet.Range z -> members=[{member="a"}, {member="d"}]
    - SortedSet.RemoveByScore z bounds={min=9} -> removed=0 version=2
  )");
}

TEST_F(SortedSetOps, PopsFromEitherEndAndWaits) {
  Run(R"(
    - SortedSet.PopMin z timeout_ms=0 -> members=[]
    - SortedSet.PopMin z -> parked #a
    - SortedSet.PopMax z limit=5 timeout_ms=50 -> parked #b
    - SortedSet.Add z members=[{member="x" score=2}, {member="y" score=1}, {member="z" score=3}]
      -> added=3; #a members=[{member="y" score=1.0}] length=2;
      #b members=[{member="z"}, {member="x"}] length=0
    - SortedSet.PopMax z timeout_ms=20 -> parked #c
    - SortedSet.PopMin z -> parked #d
    advance 20 -> #c members=[]
    - SortedSet.Increment z member="w" amount=1 -> score=1.0; #d members=[{member="w"}]
    - SortedSet.Len z -> length=0
  )");
}

TEST_F(SortedSetOps, OneThatIsOnlyWaitedOnIsNotThere) {
  Run(R"(
    - SortedSet.PopMin z -> parked #a
    - SortedSet.Create z members=[{member="x" score=1}] -> created=True; #a members=[{member="x"}]
    - SortedSet.Create z exclusive=True -> OBJECT_EXISTS
    - SortedSet.PopMin y timeout_ms=5 -> parked #b
    advance 5 -> #b members=[]
    - Admin.Objects -> objects=[{name="z" type="sorted_set" size=0}]
  )");
}

TEST_F(SortedSetOps, ChangesOnlyTheVersionThatIsExpected) {
  Run(R"(
    - SortedSet.Create z members=[{member=1 score=1}] -> version=1
    - SortedSet.Add z members=[{member=2 score=1}] if_version=1 -> version=2
    - SortedSet.Add z members=[{member=3 score=1}] if_version=1 -> VERSION_MISMATCH
    - SortedSet.Remove z members=[1] if_version=1 -> VERSION_MISMATCH
    - SortedSet.RemoveByScore z if_version=1 -> VERSION_MISMATCH
    - SortedSet.Remove z members=[1, 7, [1]] -> NOT_HASHABLE
    - SortedSet.Len z -> length=2 version=2
  )");
}

// A sorted set that is obviously right.
class NaiveScores {
 public:
  struct Row {
    int64_t member;
    double score;
    uint64_t arrival;
  };

  void Set(int64_t member, double score) {
    const auto row = Find(member);
    if (row == rows_.end()) {
      rows_.push_back({member, score, ++arrivals_});
    } else {
      row->score = score;
    }
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
      return std::pair(a.score, a.arrival) < std::pair(b.score, b.arrival);
    });
  }
  bool Remove(int64_t member) {
    const auto row = Find(member);
    if (row == rows_.end()) return false;
    rows_.erase(row);
    return true;
  }
  std::vector<Row>::iterator Find(int64_t member) {
    return std::find_if(rows_.begin(), rows_.end(),
                        [&](const Row& row) { return row.member == member; });
  }
  size_t CountBelow(double score, bool closed) const {
    return static_cast<size_t>(std::count_if(rows_.begin(), rows_.end(), [&](const Row& row) {
      return closed ? row.score <= score : row.score < score;
    }));
  }
  std::vector<Row>& rows() { return rows_; }

 private:
  std::vector<Row> rows_;
  uint64_t arrivals_ = 0;
};

void ExpectSame(const ScoreTable& table, NaiveScores& naive) {
  ASSERT_EQ(table.size(), naive.rows().size());
  for (size_t rank = 0; rank < table.size(); ++rank) {
    const NaiveScores::Row& row = naive.rows()[rank];
    ASSERT_EQ(table.At(rank).member.integer(), row.member) << "at " << rank;
    ASSERT_EQ(table.At(rank).score, row.score);
    ASSERT_EQ(table.RankOf(Value::Integer(row.member)), rank);
    ASSERT_EQ(table.Find(Value::Integer(row.member)), row.score);
  }
}

TEST(ScoreTable, IsAsAPlainSortedVector) {
  const uint64_t seed = coheld::testing::FirstSeed();
  std::mt19937_64 random(seed);
  for (int run = 0; run < 20; ++run) {
    ScoreTable table;
    NaiveScores naive;
    for (int step = 0; step < 300; ++step) {
      const auto member = static_cast<int64_t>(random() % 60);
      const double score = static_cast<double>(random() % 8) / 2 - 1;
      const uint64_t dice = random() % 10;
      if (dice < 6) {
        table.Set(Value::Integer(member), score);
        naive.Set(member, score);
      } else if (dice < 8) {
        ASSERT_EQ(table.Remove(Value::Integer(member)), naive.Remove(member));
      } else if (!table.empty()) {
        const size_t rank = random() % table.size();
        ASSERT_EQ(table.TakeAt(rank).first.integer(), naive.rows()[rank].member);
        naive.rows().erase(naive.rows().begin() + static_cast<std::ptrdiff_t>(rank));
      }
      const bool open = random() % 2 == 0;
      const auto [begin, end] = table.Within({.min = score, .max = score + 1, .min_open = open});
      ASSERT_EQ(begin, naive.CountBelow(score, open));
      ASSERT_EQ(end, std::max(begin, naive.CountBelow(score + 1, true)));
      ExpectSame(table, naive);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace coheld::engine::testing
