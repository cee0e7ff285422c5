// coheld_bench: loads coheld, or what it is compared with, and prints what came out. See README.md.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/bench/handoff.h"
#include "tests/bench/load.h"

namespace coheld::bench {
namespace {

constexpr uint32_t kKeptMax = 1024;  // On a lane.

struct CommandLine {
  LoadOptions load;
  std::string mix = "get";
  std::vector<Content> fill_with = {Content::kFilledTexts, Content::kFilledEntries};
  bool json = false;
  bool exactly_once = false;
};

// Reads "get:9,set" into weights; throws CLI::ValidationError.
std::map<std::string, uint32_t> ReadMix(const std::string& text) {
  std::map<std::string, uint32_t> mix;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t colon = part.find(':');
    const std::string name = part.substr(0, colon);
    const auto& names = OperationNames();
    const unsigned long weight =
        colon == std::string::npos ? 1 : std::stoul(part.substr(colon + 1));
    if (std::find(names.begin(), names.end(), name) == names.end() || weight == 0 ||
        weight > 1000) {
      throw CLI::ValidationError("--ops", "\"" + part + "\" is no op[:weight of 1 to 1000]");
    }
    mix[name] = static_cast<uint32_t>(weight);
  }
  return mix;
}

void PrintText(const Report& report) {
  if (report.server_bytes_each != 0) {
    std::printf("%.1f bytes of server memory for each\n", report.server_bytes_each);
  }
  std::printf(
      "%.0f ops/s, p50 %.1f us, p99 %.1f us, p99.9 %.1f us, server %.2f us/op, "
      "client %.2f us/op, %llu failures\n",
      report.ops_per_second, report.p50_us, report.p99_us, report.p999_us,
      report.server_cpu_us_per_op, report.client_cpu_us_per_op,
      static_cast<unsigned long long>(report.failures));
}

void PrintJson(const Report& report) {
  std::printf(
      "{\"ops\": %llu, \"failures\": %llu, \"seconds\": %.3f, \"ops_per_second\": %.1f, "
      "\"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f, "
      "\"server_cpu_us_per_op\": %.3f, \"client_cpu_us_per_op\": %.3f, "
      "\"server_bytes_each\": %.1f}\n",
      static_cast<unsigned long long>(report.ops), static_cast<unsigned long long>(report.failures),
      report.seconds, report.ops_per_second, report.p50_us, report.p99_us, report.p999_us,
      report.server_cpu_us_per_op, report.client_cpu_us_per_op, report.server_bytes_each);
}

void AddLoadOptions(CLI::App& app, CommandLine& line) {
  LoadOptions& load = line.load;
  app.add_option("--target", load.target, "unix:/path or host:port")->required();
  const std::map<std::string, Wire> wires = {{"stream", Wire::kStream},
                                             {"unary", Wire::kUnary},
                                             {"redis", Wire::kRedis},
                                             {"etcd", Wire::kEtcd},
                                             {"copy", Wire::kCopy}};
  app.add_option("--protocol", load.workload.wire,
                 "stream, unary, redis, etcd (only lock) or copy (only get, set, putget)")
      ->required()
      ->transform(CLI::Transformer(wires));
  app.add_option("--tls-ca", load.ca_file, "speak TLS, and check the server with this authority")
      ->check(CLI::ExistingFile);
  app.add_option("--connections", load.connections)
      ->check(CLI::Range(1, 20000))
      ->capture_default_str();
  app.add_option("--depth", load.depth, "ops in flight on each connection")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--idle", load.idle, "more connections, that do nothing after an op each")
      ->check(CLI::Range(0, 100000));
  app.add_option("--waiters", load.waiters, "gets that wait on one queue all the time")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--seconds", load.seconds)->check(CLI::Range(0.01, 3600.0))->capture_default_str();
  app.add_option("--warmup", load.warmup_seconds, "seconds before the clock starts")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--server-pid", load.server_pid, "whose CPU to count (Unix sockets: found)");
  app.add_flag("--memory", load.memory,
               "with --idle or --fill: print what each takes in the server, after a rest");
  app.add_flag("--json", line.json, "print one JSON object");
}

void AddWorkloadOptions(CLI::App& app, CommandLine& line) {
  WorkloadOptions& workload = line.load.workload;
  std::string names;
  for (const std::string& name : OperationNames()) names += " " + name;
  app.add_option("--ops", line.mix, "op[:weight],... of" + names)->capture_default_str();
  app.add_option("--value-bytes", workload.value_bytes)
      ->check(CLI::Range(1, 32 << 20))
      ->capture_default_str();
  app.add_option("--keys", workload.keys, "keys, locks, or objects")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--items", workload.items, "items of an op on many: extend, setmany, read")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--seed", workload.seed, "of keys and op order")->capture_default_str();
  app.add_flag("--exactly-once", line.exactly_once,
               "ops carry sequence numbers and acknowledgements (stream only)");
  app.add_option("--kept", line.load.kept,
                 "make so many ops in each slot, acknowledge none, print the daemon's growth")
      ->check(CLI::Range(1u, kKeptMax));
  app.add_option("--fill", line.load.filling.items, "add so many of each of --fill-with, once")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--fill-batch", line.load.filling.batch, "how many an op of --fill adds")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  const std::map<std::string, Content> contents = {{"texts", Content::kFilledTexts},
                                                   {"numbers", Content::kFilledNumbers},
                                                   {"entries", Content::kFilledEntries}};
  app.add_option("--fill-with", line.fill_with,
                 "texts (items of a list), numbers (the same), entries (of a dict); default: "
                 "texts entries")
      ->transform(CLI::Transformer(contents));
}

// Throws CLI::ValidationError where options contradict each other.
void Check(const LoadOptions& load) {
  if (load.promise != Promise::kNone && load.workload.wire != Wire::kStream) {
    throw CLI::ValidationError("--exactly-once", "only --protocol stream has it");
  }
  if (load.filling.items % load.filling.batch != 0) {
    throw CLI::ValidationError("--fill", "it has to be a multiple of --fill-batch");
  }
  if (load.kept > 0 && load.kept + load.workload.keys > kKeptMax) {
    throw CLI::ValidationError("--kept", "the daemon keeps 1,024, and each of --keys takes one");
  }
  const auto& mix = load.workload.mix;
  if (mix.contains("lock") && load.depth > 1) {
    throw CLI::ValidationError("--depth", "locks are held by one op after the other: use 1");
  }
  if (mix.contains("handoff") && (mix.size() > 1 || load.connections != 1 || load.depth != 1)) {
    throw CLI::ValidationError("--ops", "handoff goes alone, with --connections 1 --depth 1");
  }
  for (const auto& [name, weight] : mix) {
    if (MakeVocabulary(load.workload)->Unit(name, 0).empty()) {
      throw CLI::ValidationError("--ops", "--protocol does not know " + name);
    }
  }
}

void Parse(CLI::App& app, CommandLine& line, int argc, char** argv) {
  AddLoadOptions(app, line);
  AddWorkloadOptions(app, line);
  app.parse(argc, argv);
  LoadOptions& load = line.load;
  load.workload.mix = ReadMix(line.mix);
  load.filling.contents = line.fill_with;
  if (line.exactly_once) load.promise = Promise::kExactlyOnce;
  if (load.kept > 0) load.promise = Promise::kKept;
  Check(load);
}

// Thousands of connections take as many descriptors.
void RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Main(int argc, char** argv) {
  CommandLine line;
  CLI::App app{"Loads coheld, or a peer, from one thread and prints ops/s, latency, CPU per op."};
  try {
    Parse(app, line, argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  const bool hands_off = line.load.workload.mix.contains("handoff");
  const Report report = hands_off ? RunHandoff(line.load) : RunLoad(line.load);
  if (!report.error.empty()) {
    std::fprintf(stderr, "coheld_bench: %s\n", report.error.c_str());
    if (!report.first_failure.empty()) {
      std::fprintf(stderr, "coheld_bench: first failure: %s\n", report.first_failure.c_str());
    }
    return 1;
  }
  line.json ? PrintJson(report) : PrintText(report);
  if (report.failures > 0) {
    std::fprintf(stderr, "coheld_bench: first failure: %s\n", report.first_failure.c_str());
  }
  return report.failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace coheld::bench

int main(int argc, char** argv) { return coheld::bench::Main(argc, argv); }
