// coheld_bench: loads coheld or Redis and prints what came out. See README.md.
#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/bench/load.h"

namespace coheld::bench {
namespace {

constexpr uint32_t kKeptMax = 1024;  // On a lane.

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
  if (report.server_bytes_per_op != 0) {
    return static_cast<void>(std::printf("%llu replies kept, %.1f bytes each\n",
                                         static_cast<unsigned long long>(report.ops),
                                         report.server_bytes_per_op));
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
      "\"server_bytes_per_op\": %.1f}\n",
      static_cast<unsigned long long>(report.ops), static_cast<unsigned long long>(report.failures),
      report.seconds, report.ops_per_second, report.p50_us, report.p99_us, report.p999_us,
      report.server_cpu_us_per_op, report.client_cpu_us_per_op, report.server_bytes_per_op);
}

int Main(int argc, char** argv) {
  LoadOptions options;
  std::string mix = "get";
  bool json = false;
  bool exactly_once = false;
  CLI::App app{"Loads coheld or Redis from one thread and prints ops/s, latency and CPU per op."};
  app.add_option("--target", options.target, "unix:/path or host:port")->required();
  const std::map<std::string, Wire> wires = {
      {"stream", Wire::kStream}, {"unary", Wire::kUnary}, {"redis", Wire::kRedis}};
  app.add_option("--protocol", options.workload.wire, "stream, unary or redis")
      ->required()
      ->transform(CLI::Transformer(wires));
  app.add_option("--ops", mix, "op[:weight],... of get set append queue add lock snapshot")
      ->capture_default_str();
  app.add_option("--connections", options.connections)
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--depth", options.depth, "ops in flight on each connection")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--value-bytes", options.workload.value_bytes)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--keys", options.workload.keys, "keys, or locks")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds)
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--warmup", options.warmup_seconds, "seconds before the clock starts")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--seed", options.workload.seed, "of keys and op order")->capture_default_str();
  app.add_flag("--exactly-once", exactly_once,
               "ops carry sequence numbers and acknowledgements (stream only)");
  app.add_option("--kept", options.kept,
                 "make so many ops in each slot, acknowledge none, print the daemon's growth")
      ->check(CLI::Range(1u, kKeptMax));
  app.add_option("--fill", options.filling.items,
                 "add so many items to a list and entries to a dict, once (not unary)")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--fill-batch", options.filling.batch, "items, or entries, an op of --fill")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--server-pid", options.server_pid, "whose CPU to count (Unix sockets: found)");
  app.add_flag("--json", json, "print one JSON object");
  try {
    app.parse(argc, argv);
    options.workload.mix = ReadMix(mix);
    if (exactly_once) options.promise = Promise::kExactlyOnce;
    if (options.kept > 0) options.promise = Promise::kKept;
    if (options.promise != Promise::kNone && options.workload.wire != Wire::kStream) {
      throw CLI::ValidationError("--exactly-once", "only --protocol stream has it");
    }
    if (options.filling.items % options.filling.batch != 0) {
      throw CLI::ValidationError("--fill", "it has to be a multiple of --fill-batch");
    }
    if (options.filling.items > 0 && options.workload.wire == Wire::kUnary) {
      throw CLI::ValidationError("--fill", "--protocol unary has it not");
    }
    if (options.kept > 0 && options.kept + options.workload.keys > kKeptMax) {
      throw CLI::ValidationError("--kept", "the daemon keeps 1,024, and each of --keys takes one");
    }
    if (options.workload.mix.contains("lock") && options.depth > 1) {
      throw CLI::ValidationError("--depth", "locks are held by one op after the other: use 1");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const Report report = RunLoad(options);
  if (!report.error.empty()) {
    std::fprintf(stderr, "coheld_bench: %s\n", report.error.c_str());
    return 1;
  }
  json ? PrintJson(report) : PrintText(report);
  if (report.failures > 0) {
    std::fprintf(stderr, "coheld_bench: first failure: %s\n", report.first_failure.c_str());
  }
  return report.failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace coheld::bench

int main(int argc, char** argv) { return coheld::bench::Main(argc, argv); }
