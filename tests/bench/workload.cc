// See workload.h.
#include "tests/bench/workload.h"

#include <algorithm>
#include <random>

#include "proto/wire/check.h"

namespace coheld::bench {
namespace {

// How many ops (or pairs) there are before the sequence repeats: as many as there are keys, ...
constexpr size_t kUnitsMin = 4096;
constexpr size_t kUnitsMax = 65536;
// ... but so few that large ones fit into memory.
constexpr size_t kBytesMax = size_t{64} << 20;
constexpr size_t kLargeUnitsMin = 4;
constexpr uint64_t kBatchMax = 1000;
constexpr uint64_t kBatchBytes = 1 << 20;

bool Has(const WorkloadOptions& options, const char* name) { return options.mix.contains(name); }

Series BatchSeries(std::shared_ptr<Vocabulary> vocabulary, Content content, uint64_t items,
                   uint64_t batch) {
  return {.count = (items + batch - 1) / batch, .make = [=](uint64_t number) {
            const uint64_t first = number * batch;
            return vocabulary->Batch(content, first, std::min(batch, items - first));
          }};
}

void AddUnits(const WorkloadOptions& options, const Vocabulary& vocabulary, Workload* workload) {
  std::vector<std::string> urn;
  for (const auto& [name, weight] : options.mix) urn.insert(urn.end(), weight, name);
  COHELD_CHECK(!urn.empty());
  std::mt19937_64 random(options.seed);
  const size_t units = std::clamp<size_t>(options.keys, kUnitsMin, kUnitsMax);
  size_t bytes = 0;
  for (size_t unit = 0; unit < units && (bytes < kBytesMax || unit < kLargeUnitsMin); ++unit) {
    workload->starts.push_back(workload->measured.size());
    const std::string& name = urn[random() % urn.size()];
    for (Operation& op : vocabulary.Unit(name, static_cast<uint32_t>(random() % options.keys))) {
      bytes += op.payload.size();
      workload->measured.push_back(std::move(op));
    }
  }
}

}  // namespace

std::string KeyText(uint64_t number) {
  std::string digits = std::to_string(number);
  return "key:" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

std::string FillingText(std::string_view prefix, uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(prefix) + std::string(16 - prefix.size() - digits.size(), '0') + digits;
}

const std::vector<std::string>& OperationNames() {
  static const std::vector<std::string> names = {
      "get",  "set",    "putget",  "append", "pop",  "queue",   "add",       "object",
      "lock", "extend", "setmany", "read",   "wake", "handoff", "handed-on", "snapshot"};
  return names;
}

bool LeavesAll(std::string_view name) { return name == "snapshot" || name == "handed-on"; }

std::unique_ptr<Vocabulary> MakeVocabulary(const WorkloadOptions& options) {
  switch (options.wire) {
    case Wire::kStream:
    case Wire::kUnary:
      return MakeCoheldVocabulary(options);
    case Wire::kRedis:
      return MakeRedisVocabulary(options);
    case Wire::kEtcd:
      return MakeEtcdVocabulary();
    case Wire::kCopy:
      return MakeCopyVocabulary(options);
  }
  return nullptr;
}

Workload MakeWorkload(const WorkloadOptions& options) {
  const std::shared_ptr<Vocabulary> vocabulary = MakeVocabulary(options);  // With its series.
  Workload workload;
  AddUnits(options, *vocabulary, &workload);
  if (options.mix.size() == 1 && LeavesAll(options.mix.begin()->first)) return workload;
  workload.preparation = vocabulary->Removals();
  if (options.wire == Wire::kCopy || options.wire == Wire::kEtcd) return workload;
  if (Has(options, "get") || Has(options, "set") || Has(options, "putget")) {
    const uint64_t batch = std::clamp<uint64_t>(kBatchBytes / options.value_bytes, 1, kBatchMax);
    workload.population.push_back(BatchSeries(vocabulary, Content::kKeys, options.keys, batch));
  }
  if (Has(options, "object")) {
    workload.population.push_back(BatchSeries(vocabulary, Content::kObjects, options.keys, 1));
  }
  if (Has(options, "read")) {
    workload.population.push_back(
        BatchSeries(vocabulary, Content::kItems, options.items, kBatchMax));
  }
  return workload;
}

Workload MakeWorkload(Wire wire, const Filling& filling) {
  const std::shared_ptr<Vocabulary> vocabulary = MakeVocabulary({.wire = wire});
  Workload workload;
  for (const Content content : filling.contents) {
    workload.population.push_back(BatchSeries(vocabulary, content, filling.items, filling.batch));
  }
  return workload;
}

}  // namespace coheld::bench
