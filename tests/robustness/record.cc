// coheld_record: records what clients are told by a daemon while their connections are cut, they
// themselves are killed and started anew, and the daemon is stopped for moments. Leaves one file
// for each client (history.h) in a folder, for the checker in porcupine/.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/integration/daemon_process.h"
#include "tests/robustness/cutting_proxy.h"
#include "tests/robustness/history.h"
#include "tests/robustness/worker_process.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;  // For the last ops of a client to end.

struct RecordOptions {
  std::string folder;
  uint64_t seed = 1;
  uint64_t seconds = 5;
  uint32_t clients = 6;
};

class Recorder {
 public:
  explicit Recorder(const RecordOptions& options) : options_(options), random_(options.seed) {
    daemon_.Start();
    proxies_.emplace_back(new CuttingProxy({.listen = "unix:" + daemon_.folder() + "/proxy.sock",
                                            .target = daemon_.address_unix(),
                                            .seed = options.seed}));
    proxies_.emplace_back(new CuttingProxy(
        {.listen = "127.0.0.1:0", .target = daemon_.address_tcp(), .seed = options.seed + 1}));
  }

  // Returns whether all clients that were not killed ended well.
  bool Run() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options_.seconds);
    for (uint32_t i = 0; i < options_.clients; ++i) clients_.push_back(Start(i));
    while (std::chrono::steady_clock::now() < end) {
      // The next fault comes after some cuts, not after some time: so on a slow machine too.
      (void)proxies_[0]->WaitForCuts(proxies_[0]->counts().cuts() + 1 + random_() % 8, 500ms);
      if (random_() % 4 == 0) {
        StopDaemon();
      } else {
        KillOne();
      }
    }
    return Finish();
  }

  void Report() const {
    uint64_t cuts = 0;
    uint64_t applied = 0;
    for (const auto& proxy : proxies_) {
      cuts += proxy->counts().cuts();
      applied += proxy->counts().of(Fault::kCutApplied);
    }
    std::printf(
        "%llu cuts (%llu after the op was applied, before its reply), %llu clients killed, daemon "
        "stopped %llu times, seed %llu\n",
        static_cast<unsigned long long>(cuts), static_cast<unsigned long long>(applied),
        static_cast<unsigned long long>(kills_), static_cast<unsigned long long>(stops_),
        static_cast<unsigned long long>(options_.seed));
  }

 private:
  struct Place {
    uint32_t number;  // Of the client there now.
    WorkerProcess process;
  };

  std::string HistoryOf(uint32_t client) const {
    return options_.folder + "/" + std::to_string(client) + ".jsonl";
  }

  // A third of the clients each by the two proxies, and undisturbed.
  std::string AddressFor(size_t place) const {
    return place % 3 == 2 ? daemon_.address_unix() : proxies_[place % 3]->address();
  }

  Place Start(size_t place) {
    const uint32_t number = ++started_;
    return {number,
            WorkerProcess({WorkerProcess::Program(), "--address", AddressFor(place), "--history",
                           HistoryOf(number), "--client", std::to_string(number), "--seed",
                           std::to_string(random_()), "--work", "mixed", "--ttl-ms", "1000",
                           "--began", std::to_string(began_)})};
  }

  void KillOne() {
    const size_t victim = random_() % clients_.size();
    Place& place = clients_[victim];
    const uint64_t now = HistoryTime();
    place.process.Kill();
    std::ofstream(HistoryOf(place.number), std::ios::app)
        << R"({"client":)" << place.number << R"(,"event":"killed","time":)" << now << "}\n";
    ++kills_;
    place = Start(victim);
  }

  void StopDaemon() {
    daemon_.Signal(SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + random_() % 50));
    daemon_.Signal(SIGCONT);
    ++stops_;
  }

  bool Finish() {
    bool well = true;
    for (const auto& proxy : proxies_) proxy->Calm();
    for (Place& place : clients_) place.process.Stop();
    for (Place& place : clients_) well = place.process.Wait(kPatience) == 0 && well;
    return well;
  }

  const RecordOptions options_;
  const uint64_t began_ = HistoryTime();
  std::mt19937_64 random_;
  DaemonProcess daemon_;
  std::vector<std::unique_ptr<CuttingProxy>> proxies_;
  std::vector<Place> clients_;
  uint32_t started_ = 0;
  uint64_t kills_ = 0;
  uint64_t stops_ = 0;
};

int Main(int argc, char** argv) {
  RecordOptions options;
  CLI::App app{"Records histories of clients of a daemon under faults."};
  app.add_option("--folder", options.folder, "an empty folder for the histories")->required();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  app.add_option("--clients", options.clients)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Recorder recorder(options);
  const bool well = recorder.Run();
  recorder.Report();
  if (!well) std::fprintf(stderr, "coheld_record: a client did not end well\n");
  return well ? 0 : 1;
}

}  // namespace
}  // namespace coheld::testing

int main(int argc, char** argv) {
  try {
    return coheld::testing::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coheld_record: %s\n", error.what());
    return 1;
  }
}
