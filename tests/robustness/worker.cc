// coheld_robustness_worker: a client process that works and writes its history until its standard
// input ends. Started by worker_process.h; killed whenever a test likes.
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include <CLI/CLI.hpp>

#include "coheld/client.h"
#include "tests/robustness/work.h"

namespace coheld::testing {
namespace {

bool Stopped() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, 0) > 0;
}

int Main(int argc, char** argv) {
  std::string address;
  std::string work = "tally";
  std::string history_path;
  uint64_t ttl_ms = 60'000;
  WorkOptions options;
  CLI::App app{"A client that works on objects and writes its history, until its input ends."};
  app.add_option("--address", address)->required();
  app.add_option("--history", history_path)->required();
  app.add_option("--client", options.client)->required();
  app.add_option("--seed", options.seed);
  app.add_option("--work", work)->check(CLI::IsMember({"tally", "endure", "mixed"}));
  app.add_option("--began", options.began);
  app.add_option("--round-ms", options.round_ms);
  app.add_option("--ttl-ms", ttl_ms);
  CLI11_PARSE(app, argc, argv);
  const std::chrono::milliseconds ttl(ttl_ms);
  const Client client = Client::connect(
      address,
      {.connect_timeout = std::chrono::seconds(30), .wait_for_daemon = true, .session_ttl = ttl});
  History history(history_path, options.client);
  const auto make = work == "tally" ? MakeTally : work == "endure" ? MakeEndure : MakeMixed;
  const auto worked = make(client, history, options);
  while (!Stopped()) worked->DoOne();
  worked->Finish();
  return 0;
}

}  // namespace
}  // namespace coheld::testing

int main(int argc, char** argv) {
  try {
    return coheld::testing::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coheld_robustness_worker: %s\n", error.what());
    return 1;
  }
}
