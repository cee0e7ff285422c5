// Runs seeds of the simulation. See README.md.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "tests/simulation/planted.h"
#include "tests/simulation/simulation.h"

namespace coheld::simulation {
namespace {

constexpr const char* kUsage =
    "Usage: coheld_simulation [--seeds N] [--first N] [--ops N] [--seed N] [--bug NAME]\n"
    "  --seeds N   how many seeds to run, each twice (500)\n"
    "  --first N   the first of them (1)\n"
    "  --ops N     how many ops each has, about (150)\n"
    "  --seed N    this seed only, and show what happens in it\n"
    "  --bug NAME  with this bug planted, until it is found (coheld_planted_simulation only)\n";

struct Options {
  uint64_t seeds = 500;
  uint64_t first = 1;
  uint64_t ops = 150;
  std::optional<uint64_t> seed;
  std::string bug;
};

std::optional<Options> Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    if (name == "--bug") {
      options.bug = argv[i + 1];
      if (!Plant(options.bug)) return std::nullopt;
      continue;
    }
    char* end = nullptr;
    const uint64_t number = std::strtoull(argv[i + 1], &end, 10);
    if (*end != '\0') return std::nullopt;
    if (name == "--seeds") {
      options.seeds = number;
    } else if (name == "--first") {
      options.first = number;
    } else if (name == "--ops") {
      options.ops = number;
    } else if (name == "--seed") {
      options.seed = number;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// Shows the shortest history that still breaks the promise.
void Show(const Plan& plan) {
  const Plan least = Minimise(plan);
  std::cout << "the plan, minimised to " << least.steps.size() << " steps:\n";
  for (const Step& step : least.steps) std::cout << "  " << Describe(step) << "\n";
  std::cout << "what happens in it:\n";
  for (const std::string& line : Simulate(least, true).history) std::cout << "  " << line << "\n";
}

int ShowSeed(const Options& options) {
  const Plan plan = MakePlan(*options.seed, options.ops);
  const Verdict verdict = Simulate(plan, true);
  for (const std::string& line : verdict.history) std::cout << line << "\n";
  if (verdict.violation) Show(plan);
  return verdict.violation ? 1 : 0;
}

int RunSeeds(const Options& options) {
  uint64_t ops = 0;
  uint64_t faults = 0;
  uint64_t violations = 0;
  const auto began = std::chrono::steady_clock::now();
  for (uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    const Plan plan = MakePlan(seed, options.ops);
    const Verdict verdict = Simulate(plan);
    const Verdict again = Simulate(plan);
    ops += verdict.ops;
    faults += verdict.faults;
    if (verdict.hash != again.hash) {
      ++violations;
      std::cout << "seed " << seed << " is not the same twice\n";
    }
    if (!verdict.violation) continue;
    ++violations;
    std::cout << "seed " << seed << ": " << *verdict.violation << "\n";
    if (violations == 1) Show(plan);
    if (!options.bug.empty()) return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << "simulation: " << options.seeds << " seeds from " << options.first << ", " << ops
            << " ops, " << faults << " faults, " << violations << " violations, "
            << static_cast<int>(took.count()) << " s\n";
  return violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace coheld::simulation

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  const auto options = coheld::simulation::Parse(argc, argv);
  if (!options) {
    std::cerr << coheld::simulation::kUsage;
    return 2;
  }
  return options->seed ? coheld::simulation::ShowSeed(*options)
                       : coheld::simulation::RunSeeds(*options);
}
