// See plan.h.
#include "tests/simulation/plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/op_source.h"
#include "tests/simulation/random.h"

namespace coheld::simulation {
namespace {

constexpr int64_t kMsPerBatch = 60;

// What happens to a disk, and to a daemon that has one.
Step MakeDiskFault(Random& random) {
  static constexpr std::array kDeck = {
      Step::Kind::kRestart,  Step::Kind::kRestart,  Step::Kind::kPowerCut,  Step::Kind::kPowerCut,
      Step::Kind::kPowerCut, Step::Kind::kEnd,      Step::Kind::kDiskFails, Step::Kind::kDiskFails,
      Step::Kind::kDiskFull, Step::Kind::kDiskSlow, Step::Kind::kSnapshot,  Step::Kind::kSnapshot,
      Step::Kind::kSnapshot, Step::Kind::kSnapshot};
  Step step;
  step.kind = random.One(kDeck);
  step.pick = random.Next();
  step.flag = random.Chance(step.kind == Step::Kind::kDiskFails ? 60 : 20);
  const bool is_long = random.Chance(30);
  step.us =
      static_cast<int64_t>(is_long ? random.Between(500, 5000) : random.Between(0, 100)) * kMs;
  return step;
}

Step MakeFault(Random& random, size_t clients) {
  // How often each kind of fault comes.
  static constexpr std::array kDeck = {
      Step::Kind::kCut,      Step::Kind::kCut,      Step::Kind::kCut,    Step::Kind::kCut,
      Step::Kind::kCut,      Step::Kind::kCut,      Step::Kind::kCut,    Step::Kind::kCut,
      Step::Kind::kHoldUp,   Step::Kind::kHoldUp,   Step::Kind::kHoldUp, Step::Kind::kHoldDown,
      Step::Kind::kHoldDown, Step::Kind::kHoldDown, Step::Kind::kDie,    Step::Kind::kDie,
      Step::Kind::kLeave,    Step::Kind::kStall,    Step::Kind::kJump,   Step::Kind::kRestart};
  Step step;
  step.kind = random.One(kDeck);
  step.client = random.Pick(clients);
  step.pick = random.Next();
  step.flag = random.Chance(50);
  // Most faults are short; some outlast a session's TTL.
  const auto lasting = [&](uint64_t percent) {
    return static_cast<int64_t>(random.Chance(percent) ? random.Between(1000, 6000)
                                                       : random.Between(0, 50)) *
           kMs;
  };
  step.us = lasting(step.kind == Step::Kind::kCut ? 5 : 25);
  step.us2 = lasting(20);
  if (step.kind == Step::Kind::kStall || step.kind == Step::Kind::kJump) step.us = lasting(60);
  return step;
}

}  // namespace

Plan MakePlan(uint64_t seed, size_t ops) {
  Random random = Random::For(seed, 1);
  Plan plan;
  plan.seed = seed;
  static constexpr std::array kLevels = {journal::Level::kMemory, journal::Level::kAsync,
                                         journal::Level::kSync, journal::Level::kSync};
  plan.level = random.One(kLevels);
  plan.clients = 2 + random.Pick(3);
  for (size_t i = 0; i < plan.clients; ++i) {
    plan.threads.push_back(1 + random.Pick(3));
    plan.channels.push_back(1 + random.Pick(2));
  }
  OpSource source(Random::For(seed, 2));
  const uint64_t faults = random.Pick(25);
  int64_t ms = 10;
  for (size_t made = 0; made < ops;) {
    const size_t client = random.Pick(plan.clients);
    const size_t thread = random.Pick(plan.threads[client]);
    for (std::vector<Op>& batch : source.Program()) {
      made += batch.size();
      Step step;
      step.at = Time{ms * kMs + static_cast<int64_t>(random.Pick(kMs))};
      step.client = client;
      step.thread = thread;
      step.ops = std::move(batch);
      plan.steps.push_back(std::move(step));
      if (random.Chance(60)) ms += static_cast<int64_t>(random.Pick(kMsPerBatch));
    }
  }
  plan.end = Time{(ms + 100) * kMs};
  for (uint64_t i = 0; i < faults; ++i) {
    const bool of_disk = plan.level != journal::Level::kMemory && random.Chance(40);
    Step step = of_disk ? MakeDiskFault(random) : MakeFault(random, plan.clients);
    step.at = Time{static_cast<int64_t>(random.Pick(static_cast<uint64_t>(plan.end - Time{})))};
    plan.steps.push_back(std::move(step));
  }
  std::stable_sort(plan.steps.begin(), plan.steps.end(),
                   [](const Step& a, const Step& b) { return a.at < b.at; });
  return plan;
}

std::string Describe(const Step& step) {
  static constexpr std::array kWords = {"does",
                                        "has a connection cut",
                                        "is not heard",
                                        "hears nothing",
                                        "dies",
                                        "leaves",
                                        "the daemon stalls",
                                        "the daemon's clock jumps",
                                        "the daemon ends and starts again after this",
                                        "the power is cut and the daemon starts again after this",
                                        "the daemon ends in a file call",
                                        "the disk fails",
                                        "the disk is full",
                                        "the disk is slow",
                                        "the daemon makes a snapshot"};
  std::string line = std::to_string(static_cast<int64_t>(step.at) / kMs) + " ms: ";
  const bool of_daemon = step.kind >= Step::Kind::kStall;
  if (!of_daemon) line += "client " + std::to_string(step.client) + " ";
  line += kWords[static_cast<size_t>(step.kind)];
  if (step.us != 0) line += " for " + std::to_string(step.us / kMs) + " ms";
  if (step.kind == Step::Kind::kCut) {
    line += ", the daemon learns in " + std::to_string(step.us2 / kMs) + " ms";
    line += step.flag ? ", what was sent arrives" : "";
  }
  if (step.kind == Step::Kind::kDo) line += " on thread " + std::to_string(step.thread);
  for (const Op& op : step.ops) line += "\n      " + Describe(op);
  return line;
}

}  // namespace coheld::simulation
