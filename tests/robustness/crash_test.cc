// A durable daemon is killed and restarted again and again under load, at random moments and at
// every failpoint: nothing that was acknowledged is lost, nothing happens twice. 500 restarts, or
// COHELD_CRASHES; deploy/test --long makes 10,000.
#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "server/journal/failpoint.h"
#include "tests/robustness/crash_loop.h"
#include "tests/robustness/figures.h"
#include "tests/unit/seeds.h"

namespace coheld::testing {
namespace {

constexpr uint64_t kCyclesAtOnce = 500;  // With one set of clients and one folder.

uint64_t Number(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::stoull(text) : otherwise;
}

void Add(const CrashFigures& more, CrashFigures* sum) {
  sum->starts += more.starts;
  sum->kills += more.kills;
  sum->torn += more.torn;
  sum->verified += more.verified;
  sum->snapshots += more.snapshots;
  sum->acknowledged += more.acknowledged;
  for (const auto& [name, hits] : more.hit) sum->hit[name] += hits;
}

void Report(const std::string& level, const CrashFigures& sum, uint64_t seed) {
  uint64_t at_failpoints = 0;
  size_t reached = 0;
  for (const auto& [name, hits] : sum.hit) {
    at_failpoints += hits;
    reached += hits > 0;
  }
  const auto rarest =
      std::min_element(sum.hit.begin(), sum.hit.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  Figure("crash " + level + ": " + std::to_string(sum.starts) + " starts, " +
         std::to_string(sum.kills + at_failpoints) + " kills (" + std::to_string(at_failpoints) +
         " at " + std::to_string(reached) + " of " + std::to_string(sum.hit.size()) +
         " failpoints, " + std::to_string(rarest->second) + " at " + rarest->first + "), " +
         std::to_string(sum.torn) + " torn tails, " + std::to_string(sum.verified) + " verified, " +
         std::to_string(sum.snapshots) + " snapshots, " + std::to_string(sum.acknowledged) +
         " ops checked, seed " + std::to_string(seed));
}

void Endure(const std::string& level, uint64_t cycles) {
  const uint64_t seed = coheld::testing::FirstSeed();
  CrashFigures sum;
  for (uint64_t done = 0; done < cycles && !::testing::Test::HasFailure(); done += kCyclesAtOnce) {
    CrashLoop loop(
        {.level = level, .seed = seed + done, .cycles = std::min(cycles - done, kCyclesAtOnce)});
    EXPECT_EQ(loop.Run(), std::vector<std::string>());
    Add(loop.figures(), &sum);
  }
  Report(level, sum, seed);
}

TEST(Crash, ThereAreAtLeastFortyFailpoints) { EXPECT_GE(std::size(journal::kFailpoints), 40u); }

TEST(Crash, LosesNothingAcknowledgedWithSync) { Endure("sync", Number("COHELD_CRASHES", 500)); }

TEST(Crash, OfTheProcessLosesNothingAcknowledgedWithAsync) {
  Endure("async", Number("COHELD_CRASHES", 500) / 5);
}

}  // namespace
}  // namespace coheld::testing
