// coheld's requests for the ops of a workload. The grpc++ reference knows some of them too.
#include "coheld/v1/admin.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "proto/wire/check.h"
#include "proto/wire/methods.h"
#include "tests/bench/workload.h"

namespace coheld::bench {
namespace {

constexpr char kDict[] = "bench-dict";
constexpr char kList[] = "bench-list";
constexpr char kBulk[] = "bench-bulk";
constexpr char kBulkDict[] = "bench-bulk-dict";
constexpr char kRead[] = "bench-read";
constexpr char kQueue[] = "bench-queue";
constexpr char kThere[] = "bench-there";
constexpr char kBack[] = "bench-back";
constexpr char kParked[] = "bench-parked";
constexpr char kValue[] = "bench-value";

Operation Call(std::string_view path, const google::protobuf::Message& request, size_t reply_min) {
  const wire::MethodRow* row = wire::FindMethod(path);
  COHELD_CHECK(row != nullptr);
  return {.method = row->number,
          .path = row->path,
          .payload = request.SerializeAsString(),
          .reply_min = reply_min};
}

class CoheldVocabulary final : public Vocabulary {
 public:
  explicit CoheldVocabulary(const WorkloadOptions& options)
      : value_(options.value_bytes, 'x'), items_(options.items) {}

  Operations Removals() const override {
    Operations removals;
    for (const char* name :
         {kDict, kList, kBulk, kBulkDict, kRead, kQueue, kThere, kBack, kParked, kValue}) {
      v1::AdminDeleteRequest request;
      request.set_name(name);
      removals.push_back(Call("/coheld.v1.Admin/Delete", request, 0));
    }
    return removals;
  }

  Operations Unit(std::string_view name, uint32_t key) const override {
    if (name == "get") return {DictGet(key)};
    if (name == "set") return {DictSet(key)};
    if (name == "putget") return {DictSet(key), DictGet(key)};
    if (name == "append") return {Append()};
    if (name == "pop") return {Append(), Pop()};
    if (name == "queue") return {Put(kQueue), Get(kQueue)};
    if (name == "add") return {Add(kValue)};
    if (name == "object") return {Add(kValue + std::to_string(key))};
    if (name == "lock") return LockPair("bench-lock-" + std::to_string(key));
    if (name == "extend") return {Texts(kBulk, 0, items_), Clear()};
    if (name == "setmany") return {Entries(kBulkDict, 0, items_)};
    if (name == "read") return {ReadAll()};
    if (name == "wake") return {Put(kParked)};
    if (name == "parked") return {Get(kParked)};
    if (name == "handoff") return {Put(kThere), Get(kBack)};
    if (name == "handed-on") return {Get(kThere), Put(kBack)};
    if (name != "snapshot") return {};
    return {Call("/coheld.v1.Admin/Snapshot", v1::AdminSnapshotRequest(), 1)};
  }

  Operation Batch(Content content, uint64_t first, uint64_t count) const override {
    switch (content) {
      case Content::kKeys:
        return Keys(first, count);
      case Content::kItems:
        return Texts(kRead, first, count);
      case Content::kObjects:
        return Add(kValue + std::to_string(first));
      case Content::kFilledTexts:
        return Texts("filled-list", first, count);
      case Content::kFilledNumbers:
        return Numbers(first, count);
      case Content::kFilledEntries:
        return Entries("filled-dict", first, count);
    }
    return {};
  }

 private:
  Operation DictGet(uint32_t key) const {
    v1::DictGetRequest request;
    request.set_name(kDict);
    request.mutable_key()->set_text(KeyText(key));
    return Call("/coheld.v1.Dict/Get", request, value_.size());
  }

  Operation DictSet(uint32_t key) const {
    v1::DictSetRequest request;
    request.set_name(kDict);
    request.mutable_key()->set_text(KeyText(key));
    request.mutable_value()->set_bytes(value_);
    return Call("/coheld.v1.Dict/Set", request, 1);
  }

  Operation Keys(uint64_t first, uint64_t count) const {
    v1::DictSetManyRequest request;
    request.set_name(kDict);
    for (uint64_t i = first; i < first + count; ++i) {
      v1::Entry* entry = request.add_entries();
      entry->mutable_key()->set_text(KeyText(i));
      entry->mutable_value()->set_bytes(value_);
    }
    return Call("/coheld.v1.Dict/SetMany", request, 1);
  }

  Operation Append() const {
    v1::ListAppendRequest request;
    request.set_name(kList);
    request.mutable_value()->set_bytes(value_);
    return Call("/coheld.v1.List/Append", request, 1);
  }

  Operation Pop() const {
    v1::ListPopRequest request;
    request.set_name(kList);
    return Call("/coheld.v1.List/Pop", request, value_.size());
  }

  Operation ReadAll() const {
    v1::ListGetSliceRequest request;
    request.set_name(kRead);
    return Call("/coheld.v1.List/GetSlice", request, size_t{16} * items_);
  }

  Operation Clear() const {
    v1::ListClearRequest request;
    request.set_name(kBulk);
    return Call("/coheld.v1.List/Clear", request, 1);
  }

  static Operation Add(const std::string& name) {
    v1::SharedValueModifyRequest request;
    request.set_name(name);
    request.set_operator_(v1::OPERATOR_ADD);
    request.mutable_operand()->set_integer(1);
    return Call("/coheld.v1.SharedValue/Modify", request, 1);
  }

  Operation Put(const char* name) const {
    v1::QueuePutRequest request;
    request.set_name(name);
    request.mutable_value()->set_bytes(value_);
    return Call("/coheld.v1.Queue/Put", request, 1);
  }

  Operation Get(const char* name) const {
    v1::QueueGetRequest request;
    request.set_name(name);
    return Call("/coheld.v1.Queue/Get", request, value_.size());
  }

  static Operations LockPair(const std::string& name) {
    v1::LockAcquireRequest acquire;
    acquire.set_name(name);
    v1::LockReleaseRequest release;
    release.set_name(name);
    return {Call("/coheld.v1.Lock/Acquire", acquire, 2),
            Call("/coheld.v1.Lock/Release", release, 0)};
  }

  // One item by the op that users take for one.
  static Operation Texts(const char* name, uint64_t first, uint64_t count) {
    if (count == 1) {
      v1::ListAppendRequest request;
      request.set_name(name);
      request.mutable_value()->set_text(FillingText("item", first));
      return Call("/coheld.v1.List/Append", request, 1);
    }
    v1::ListExtendRequest request;
    request.set_name(name);
    for (uint64_t i = first; i < first + count; ++i) {
      request.add_values()->set_text(FillingText("item", i));
    }
    return Call("/coheld.v1.List/Extend", request, 1);
  }

  static Operation Numbers(uint64_t first, uint64_t count) {
    v1::ListExtendRequest request;
    request.set_name("filled-numbers");
    for (uint64_t i = first; i < first + count; ++i) {
      request.add_values()->set_integer(static_cast<int64_t>(i));
    }
    return Call("/coheld.v1.List/Extend", request, 1);
  }

  static Operation Entries(const char* name, uint64_t first, uint64_t count) {
    if (count == 1) {
      v1::DictSetRequest request;
      request.set_name(name);
      request.mutable_key()->set_text(FillingText("key", first));
      request.mutable_value()->set_text(FillingText("value", first));
      return Call("/coheld.v1.Dict/Set", request, 1);
    }
    v1::DictSetManyRequest request;
    request.set_name(name);
    for (uint64_t i = first; i < first + count; ++i) {
      v1::Entry* entry = request.add_entries();
      entry->mutable_key()->set_text(FillingText("key", i));
      entry->mutable_value()->set_text(FillingText("value", i));
    }
    return Call("/coheld.v1.Dict/SetMany", request, 1);
  }

  const std::string value_;
  const uint32_t items_;
};

}  // namespace

std::unique_ptr<Vocabulary> MakeCoheldVocabulary(const WorkloadOptions& options) {
  return std::make_unique<CoheldVocabulary>(options);
}

}  // namespace coheld::bench
