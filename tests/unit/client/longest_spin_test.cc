// How long waits may spin, by option and environment.
#include "client/cpp/src/longest_spin.h"

#include <sched.h>

#include <cstdlib>

#include <gtest/gtest.h>

namespace coheld::core {
namespace {

using std::chrono::microseconds;

TEST(LongestSpinTest, ZeroMeansNever) { EXPECT_EQ(LongestSpin(microseconds(0)).count(), 0); }

TEST(LongestSpinTest, TheOptionIsStrongerThanTheEnvironment) {
  setenv("COHELD_SPIN_US", "0", 1);
  EXPECT_EQ(LongestSpin(std::nullopt).count(), 0);
  cpu_set_t cpus;
  ASSERT_EQ(sched_getaffinity(0, sizeof cpus, &cpus), 0);
  const microseconds expected(CPU_COUNT(&cpus) > 1 ? 30 : 0);
  EXPECT_EQ(LongestSpin(microseconds(30)), expected);
  unsetenv("COHELD_SPIN_US");
}

}  // namespace
}  // namespace coheld::core
