// bench_sdk_client ADDRESS SECONDS OP: one client of the C++ SDK, one op after the other in one
// thread. Prints one JSON object. What the SDK costs, beside coheld_bench, which costs nearly
// nothing.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "coheld/coheld.h"
#include "tests/bench/latency.h"
#include "tests/bench/process.h"

namespace coheld::bench {
namespace {

constexpr int kKeys = 1000;
constexpr int kBatched = 64;
constexpr double kWarmupShare = 0.2;

struct SdkOp {
  std::function<void(int turn)> run;
  int ops = 1;  // How many a turn makes.
};

std::string Key(int turn) { return "key:" + std::to_string(turn % kKeys); }

std::map<std::string, SdkOp> MakeOps(const Client& client) {
  const std::string value(100, 'x');
  const auto dict = Dict<std::string, std::string>::make(client, {});
  for (int key = 0; key < kKeys; ++key) dict.set(Key(key), value);
  const auto list = List<std::string>::make(client, {});
  const auto queue = Queue<std::string>(client, "bench-sdk-queue");
  const auto lock = std::make_shared<Lock>(client, "bench-sdk-lock");
  return {
      {"get", {[=](int turn) { dict.at(Key(turn)); }}},
      {"set", {[=](int turn) { dict.set(Key(turn), value); }}},
      {"append", {[=](int) { list.append(value); }}},
      {"queue", {[=](int) { queue.put(value), queue.get(); }, 2}},
      {"lock", {[=](int) { lock->lock(), lock->unlock(); }, 2}},
      {"batch",
       {[=](int turn) {
          Batch batch(client);
          const auto batched = batch.on(dict);
          for (int i = 0; i < kBatched; ++i) batched.set(Key(turn + i), value);
          batch.run();
        },
        kBatched}},
  };
}

void Measure(const SdkOp& op, double seconds) {
  const uint64_t measured_from = NowNs() + static_cast<uint64_t>(seconds * kWarmupShare * 1e9);
  int turn = 0;
  while (NowNs() < measured_from) op.run(turn++);
  Latency latency;
  const uint64_t begin = NowNs();
  const uint64_t end = begin + static_cast<uint64_t>(seconds * 1e9);
  const uint64_t cpu = NowNs(CLOCK_PROCESS_CPUTIME_ID);
  uint64_t now = begin;
  while (now < end) {
    const uint64_t before = now;
    op.run(turn++);
    now = NowNs();
    latency.Add(now - before);
  }
  const auto ops = static_cast<double>(latency.total()) * op.ops;
  const auto cpu_ns = static_cast<double>(NowNs(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  std::printf(
      "{\"ops_per_second\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f, "
      "\"client_cpu_us_per_op\": %.3f, \"failures\": 0}\n",
      ops * 1e9 / static_cast<double>(now - begin),
      static_cast<double>(latency.Quantile(0.5)) / 1e3 / op.ops,
      static_cast<double>(latency.Quantile(0.99)) / 1e3 / op.ops, cpu_ns / ops / 1e3);
}

int Main(const std::string& address, double seconds, const std::string& name) {
  const auto ops = MakeOps(Client::connect(address));
  const auto found = ops.find(name);
  if (found == ops.end()) {
    std::fprintf(stderr, "bench_sdk_client: there is no op %s\n", name.c_str());
    return 2;
  }
  Measure(found->second, seconds);
  return 0;
}

}  // namespace
}  // namespace coheld::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr,
                 "usage: bench_sdk_client ADDRESS SECONDS get|set|append|queue|lock|batch\n");
    return 2;
  }
  try {
    return coheld::bench::Main(argv[1], std::stod(argv[2]), argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_sdk_client: %s\n", error.what());
    return 1;
  }
}
