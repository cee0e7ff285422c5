// Each planted bug is found within some seeds, most in a few hundred, and without one nothing is.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "server/engine/planted_bug.h"
#include "server/journal/planted_bug.h"
#include "tests/simulation/planted.h"
#include "tests/simulation/simulation.h"

namespace coheld::simulation {
namespace {

constexpr uint64_t kSeedsMax = 1500;
constexpr uint64_t kOps = 150;

class PlantedBugTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { ASSERT_TRUE(Plant(GetParam())); }
  void TearDown() override { Plant(""); }
};

TEST_P(PlantedBugTest, IsFound) {
  for (uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const Verdict verdict = Simulate(MakePlan(seed, kOps));
    if (!verdict.violation) continue;
    std::cout << "found with seed " << seed << ": " << *verdict.violation << "\n";
    return;
  }
  FAIL() << "not found within " << kSeedsMax << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBugTest, ::testing::ValuesIn(PlantedBugs()),
                         [](const auto& bug) { return std::string(bug.param); });

TEST(SimulationTest, FindsNothingWhereNothingIsPlanted) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(Simulate(MakePlan(seed, kOps)).violation, std::nullopt) << "seed " << seed;
  }
}

TEST(SimulationTest, FindsNothingMoreInSeedsThatOnceFailed) {
  std::ifstream file(COHELD_SIMULATION_SEEDS);
  size_t seeds = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    ++seeds;
    EXPECT_EQ(Simulate(MakePlan(std::stoull(line), kOps)).violation, std::nullopt) << line;
  }
  EXPECT_GT(seeds, 0u);
}

TEST(SimulationTest, IsTheSameEachTime) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Plan plan = MakePlan(seed, kOps);
    EXPECT_EQ(Simulate(plan, true).history, Simulate(plan, true).history) << "seed " << seed;
  }
}

TEST(SimulationTest, LeavesOutWhatAViolationDoesNotNeed) {
  ASSERT_TRUE(Plant("late_copy_done"));
  uint64_t seed = 1;
  while (!Simulate(MakePlan(seed, kOps)).violation) ++seed;
  const Plan plan = MakePlan(seed, kOps);
  const Plan least = Minimise(plan);
  EXPECT_TRUE(Simulate(least).violation);
  EXPECT_LT(least.steps.size(), 20u) << "of " << plan.steps.size();
  Plant("");
}

TEST(SimulationTest, NamesEachBugOnce) {
  EXPECT_EQ(PlantedBugs().size(), static_cast<size_t>(engine::PlantedBug::kInputNotLogged) +
                                      static_cast<size_t>(journal::PlantedBug::kTtlNotRearmed));
}

}  // namespace
}  // namespace coheld::simulation
