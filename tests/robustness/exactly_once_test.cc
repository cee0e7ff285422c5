// Sixteen client processes whose connections are cut all the time, most often after their op was
// applied and before its reply: every acknowledged op is there exactly once. 500 cuts over each
// kind of socket, or COHELD_CUTS; deploy/test --long makes 11,000 each, 10,000 of all
// of them there.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"
#include "tests/robustness/cutting_proxy.h"
#include "tests/robustness/figures.h"
#include "tests/robustness/ledger.h"
#include "tests/robustness/worker_process.h"
#include "tests/unit/seeds.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t kClients = 16;
constexpr uint32_t kPythonClients = 4;  // Of those; where there is a Python that has coheld.
constexpr auto kPatience = 60s;         // For the last ops of a client to end.

uint64_t Number(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::stoull(text) : otherwise;
}

class ExactlyOnce : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    seed_ = coheld::testing::FirstSeed();
    daemon_.Start();
    const Client client = Client::connect(daemon_.address_unix());
    SharedValue<int64_t>(client, "{tally}/cell").create({.initial = 0});
    const bool is_unix = std::string(GetParam()) == "Unix";
    proxy_.emplace(
        ProxyOptions{.listen = is_unix ? "unix:" + daemon_.folder() + "/proxy.sock" : "127.0.0.1:0",
                     .target = is_unix ? daemon_.address_unix() : daemon_.address_tcp(),
                     .seed = seed_});
  }

  std::string HistoryOf(uint32_t client) const {
    return daemon_.folder() + "/history-" + std::to_string(client);
  }
  WorkerProcess StartClient(uint32_t number) const {
    std::vector<std::string> command = {WorkerProcess::Program()};
    const char* const python = std::getenv("COHELD_TEST_PYTHON");
    if (python != nullptr && number < kPythonClients) command = {python, COHELD_PYTHON_WORKER};
    const std::vector<std::string> options = {
        "--address", proxy_->address(),      "--history", HistoryOf(number),
        "--client",  std::to_string(number), "--seed",    std::to_string(seed_ + number)};
    command.insert(command.end(), options.begin(), options.end());
    return WorkerProcess(command);
  }
  // A client ends by itself only if something is wrong.
  static bool AnyEnded(const std::vector<WorkerProcess>& clients) {
    return std::any_of(clients.begin(), clients.end(),
                       [](const WorkerProcess& client) { return client.ended(); });
  }
  Remains Look() const {
    const Client client = Client::connect(daemon_.address_unix());
    return {.counter = Counter(client, "tally/counter").get(),
            .cell = SharedValue<int64_t>(client, "{tally}/cell").get(),
            .queue = Queue<int64_t>(client, "tally/queue").get_many(0, 0ms),
            .list = List<int64_t>(client, "tally/list").values()};
  }
  void Report(const Ledger& ledger) const {
    const ProxyCounts counts = proxy_->counts();
    Figure(std::string(GetParam()) + ": " + std::to_string(counts.cuts()) + " cuts (" +
           std::to_string(counts.of(Fault::kCutApplied)) +
           " after the op was applied, before its reply), " + std::to_string(kClients) +
           " clients, " + std::to_string(ledger.acknowledged()) + " ops checked, seed " +
           std::to_string(seed_));
  }

  uint64_t seed_ = 0;
  DaemonProcess daemon_;
  std::optional<CuttingProxy> proxy_;
};

TEST_P(ExactlyOnce, EveryAcknowledgedOpIsThereOnceWhateverIsCut) {
  const uint64_t cuts = Number("COHELD_CUTS", 500);
  std::vector<WorkerProcess> clients;
  for (uint32_t i = 0; i < kClients; ++i) clients.push_back(StartClient(i));
  const auto deadline = std::chrono::steady_clock::now() + 30s + cuts * 20ms;
  while (!proxy_->WaitForCuts(cuts, 200ms) && !AnyEnded(clients)) {
    if (std::chrono::steady_clock::now() < deadline) continue;
    ADD_FAILURE() << "there are only " << proxy_->counts().cuts() << " cuts";
    break;
  }
  proxy_->Calm();
  for (WorkerProcess& client : clients) client.Stop();
  for (WorkerProcess& client : clients) EXPECT_EQ(client.Wait(kPatience), 0);
  Ledger ledger;
  for (uint32_t i = 0; i < kClients; ++i) ledger.AddFile(HistoryOf(i));
  Report(ledger);
  EXPECT_EQ(ledger.Judge(Look()), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Over, ExactlyOnce, ::testing::Values("Unix", "Tcp"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace coheld::testing
