// See workload.h.
#include "tests/bench/workload.h"

#include <random>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "proto/wire/check.h"
#include "proto/wire/methods.h"

namespace coheld::bench {
namespace {

constexpr size_t kUnits = 4096;  // Ops (or pairs) before the sequence repeats.
constexpr char kDict[] = "bench-dict";
constexpr char kList[] = "bench-list";
constexpr char kQueue[] = "bench-queue";
constexpr char kValue[] = "bench-value";
constexpr char kFilledDict[] = "filled-dict";
constexpr char kFilledList[] = "filled-list";

using Operations = std::vector<Operation>;

std::string Key(uint32_t number) {
  std::string digits = std::to_string(number);
  return "key:" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

std::string LockName(uint32_t number) { return "bench-lock-" + std::to_string(number); }

// An op of coheld.
Operation Call(std::string_view path, const google::protobuf::Message& request, size_t reply_min) {
  const wire::MethodRow* row = wire::FindMethod(path);
  COHELD_CHECK(row != nullptr);
  return {.method = row->number,
          .path = row->path,
          .payload = request.SerializeAsString(),
          .reply_min = reply_min};
}

// A command of Redis.
Operation Command(const std::vector<std::string>& words, size_t reply_min = 0) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return {.payload = bytes, .reply_min = reply_min};
}

class Builder {
 public:
  explicit Builder(const WorkloadOptions& options)
      : options_(options), random_(options.seed), value_(options.value_bytes, 'x') {}

  Workload Build() {
    Workload workload;
    Prepare(&workload.preparation);
    std::vector<std::string> urn;
    for (const auto& [name, weight] : options_.mix) urn.insert(urn.end(), weight, name);
    COHELD_CHECK(!urn.empty());
    for (size_t unit = 0; unit < kUnits; ++unit) {
      workload.starts.push_back(workload.measured.size());
      const std::string& name = urn[random_() % urn.size()];
      const auto key = static_cast<uint32_t>(random_() % options_.keys);
      for (Operation& op : redis() ? RedisUnit(name, key) : CoheldUnit(name, key)) {
        workload.measured.push_back(std::move(op));
      }
    }
    return workload;
  }

 private:
  bool redis() const { return options_.wire == Wire::kRedis; }

  // Removes what an earlier run left and fills the dict.
  void Prepare(Operations* operations) {
    if (options_.mix.size() == 1 && options_.mix.contains("snapshot")) return;
    for (const char* name : {kDict, kList, kQueue, kValue}) {
      v1::AdminDeleteRequest request;
      request.set_name(name);
      operations->push_back(redis() ? Command({"DEL", name})
                                    : Call("/coheld.v1.Admin/Delete", request, 0));
    }
    for (uint32_t key = 0; key < options_.keys; ++key) {
      operations->push_back(redis() ? RedisUnit("set", key)[0] : CoheldUnit("set", key)[0]);
    }
  }

  Operations RedisUnit(std::string_view name, uint32_t key) const {
    if (name == "get") return {Command({"GET", Key(key)}, value_.size())};
    if (name == "set") return {Command({"SET", Key(key), value_})};
    if (name == "append") return {Command({"RPUSH", kList, value_})};
    if (name == "add") return {Command({"INCRBY", kValue, "1"})};
    if (name == "snapshot") return {Command({"SAVE"})};
    if (name == "queue") {
      return {Command({"RPUSH", kQueue, value_}), Command({"LPOP", kQueue}, value_.size())};
    }
    COHELD_CHECK(name == "lock");  // Redis has no owners; the nearest without a script.
    return {Command({"SET", LockName(key), "1"}), Command({"DEL", LockName(key)})};
  }

  Operations CoheldUnit(std::string_view name, uint32_t key) const {
    if (name == "get") return {DictGet(key)};
    if (name == "set") return {DictSet(key)};
    if (name == "append") return {Append()};
    if (name == "add") return {Add()};
    if (name == "queue") return QueuePair();
    if (name == "snapshot") {
      return {Call("/coheld.v1.Admin/Snapshot", v1::AdminSnapshotRequest(), 1)};
    }
    COHELD_CHECK(name == "lock");
    return LockPair(key);
  }

  Operation DictGet(uint32_t key) const {
    v1::DictGetRequest request;
    request.set_name(kDict);
    request.mutable_key()->set_text(Key(key));
    return Call("/coheld.v1.Dict/Get", request, value_.size());
  }

  Operation DictSet(uint32_t key) const {
    v1::DictSetRequest request;
    request.set_name(kDict);
    request.mutable_key()->set_text(Key(key));
    request.mutable_value()->set_bytes(value_);
    return Call("/coheld.v1.Dict/Set", request, 1);
  }

  Operation Append() const {
    v1::ListAppendRequest request;
    request.set_name(kList);
    request.mutable_value()->set_bytes(value_);
    return Call("/coheld.v1.List/Append", request, 1);
  }

  Operation Add() const {
    v1::SharedValueModifyRequest request;
    request.set_name(kValue);
    request.set_operator_(v1::OPERATOR_ADD);
    request.mutable_operand()->set_integer(1);
    return Call("/coheld.v1.SharedValue/Modify", request, 1);
  }

  Operations QueuePair() const {
    v1::QueuePutRequest put;
    put.set_name(kQueue);
    put.mutable_value()->set_bytes(value_);
    v1::QueueGetRequest get;
    get.set_name(kQueue);
    return {Call("/coheld.v1.Queue/Put", put, 1), Call("/coheld.v1.Queue/Get", get, value_.size())};
  }

  Operations LockPair(uint32_t key) const {
    v1::LockAcquireRequest acquire;
    acquire.set_name(LockName(key));
    v1::LockReleaseRequest release;
    release.set_name(LockName(key));
    return {Call("/coheld.v1.Lock/Acquire", acquire, 2),
            Call("/coheld.v1.Lock/Release", release, 0)};
  }

  WorkloadOptions options_;
  std::mt19937_64 random_;
  std::string value_;
};

// Returns 16 bytes that are no other's.
std::string FillingText(std::string_view prefix, uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(prefix) + std::string(16 - prefix.size() - digits.size(), '0') + digits;
}

Operation RedisFilling(bool is_list, uint64_t first, uint64_t count) {
  std::vector<std::string> words = {is_list ? "RPUSH" : "HSET",
                                    is_list ? kFilledList : kFilledDict};
  for (uint64_t i = first; i < first + count; ++i) {
    if (!is_list) words.push_back(FillingText("key", i));
    words.push_back(FillingText(is_list ? "item" : "value", i));
  }
  return Command(words);
}

Operation ListFilling(uint64_t first, uint64_t count) {
  if (count == 1) {
    v1::ListAppendRequest request;
    request.set_name(kFilledList);
    request.mutable_value()->set_text(FillingText("item", first));
    return Call("/coheld.v1.List/Append", request, 1);
  }
  v1::ListExtendRequest request;
  request.set_name(kFilledList);
  for (uint64_t i = first; i < first + count; ++i) {
    request.add_values()->set_text(FillingText("item", i));
  }
  return Call("/coheld.v1.List/Extend", request, 1);
}

Operation DictFilling(uint64_t first, uint64_t count) {
  if (count == 1) {
    v1::DictSetRequest request;
    request.set_name(kFilledDict);
    request.mutable_key()->set_text(FillingText("key", first));
    request.mutable_value()->set_text(FillingText("value", first));
    return Call("/coheld.v1.Dict/Set", request, 1);
  }
  v1::DictSetManyRequest request;
  request.set_name(kFilledDict);
  for (uint64_t i = first; i < first + count; ++i) {
    v1::Entry* entry = request.add_entries();
    entry->mutable_key()->set_text(FillingText("key", i));
    entry->mutable_value()->set_text(FillingText("value", i));
  }
  return Call("/coheld.v1.Dict/SetMany", request, 1);
}

}  // namespace

Operation FillingOperation(Wire wire, const Filling& filling, uint64_t number) {
  const uint64_t list_ops = filling.items / filling.batch;
  const bool is_list = number < list_ops;
  const uint64_t first = (is_list ? number : number - list_ops) * filling.batch;
  if (wire == Wire::kRedis) return RedisFilling(is_list, first, filling.batch);
  return is_list ? ListFilling(first, filling.batch) : DictFilling(first, filling.batch);
}

const std::vector<std::string>& OperationNames() {
  static const std::vector<std::string> names = {"get", "set",  "append",  "queue",
                                                 "add", "lock", "snapshot"};
  return names;
}

Workload MakeWorkload(const WorkloadOptions& options) { return Builder(options).Build(); }

}  // namespace coheld::bench
