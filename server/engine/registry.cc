// See registry.h.
#include "server/engine/registry.h"

#include <algorithm>
#include <array>

#include "proto/wire/check.h"
#include "proto/wire/parse.h"

namespace coheld::engine {
namespace {

struct Index {
  std::vector<OpRow> rows;
  std::array<const OpRow*, wire::kMethodNumberEnd> by_number{};
};

Index BuildIndex() {
  Index index;
  for (const TypeRow* type : Types()) {
    for (OpRow row : type->ops) {
      row.type = type;
      index.rows.push_back(row);
    }
  }
  for (const OpRow& row : AdminOps()) index.rows.push_back(row);
  for (const OpRow& row : ExplainOps()) index.rows.push_back(row);
  for (const OpRow& row : ObjectOps()) index.rows.push_back(row);
  for (const OpRow& row : WatchOps()) index.rows.push_back(row);
  return index;
}

}  // namespace

const std::vector<const TypeRow*>& Types() {
  static const std::vector<const TypeRow*> types = {
      &ArrayType(),           //
      &BarrierType(),         //
      &ConditionType(),       //
      &CounterType(),         //
      &DictType(),            //
      &EventType(),           //
      &HostType(),            //
      &HostedType(),          //
      &CountDownLatchType(),  // "latch"
      &ListType(),            //
      &LockType(),            //
      &NamespaceType(),       //
      &QueueType(),           //
      &RLockType(),           //
      &ReadWriteLockType(),   // "rwlock"
      &SemaphoreType(),       //
      &SetType(),             //
      &SortedSetType(),       //
      &TopicType(),           //
      &SharedValueType(),     // "value"
  };
  return types;
}

const TypeRow* FindType(std::string_view word) {
  const auto found = std::lower_bound(
      Types().begin(), Types().end(), word,
      [](const TypeRow* type, std::string_view sought) { return type->word < sought; });
  return found != Types().end() && (*found)->word == word ? *found : nullptr;
}

const OpRow* const* OpsByNumber() {
  static const Index* const index = [] {
    auto* built = new Index(BuildIndex());
    for (const OpRow& row : built->rows) {
      COHELD_CHECK(built->by_number[row.method->number] == nullptr);
      built->by_number[row.method->number] = &row;
    }
    return built;
  }();
  return index->by_number.data();
}

const OpRow* FindOp(uint32_t method) {
  return method < wire::kMethodNumberEnd ? OpsByNumber()[method] : nullptr;
}

bool ParseRequest(std::string_view payload, google::protobuf::Message* request) {
  return wire::ParseMessage(payload, request);
}

Failure Malformed(const OpRow& row) {
  return {v1::ERROR_REASON_MALFORMED, "the payload is not a valid request of " + row.method->name +
                                          "; the message type is " +
                                          row.method->descriptor->input_type()->full_name()};
}

const wire::MethodRow* internal::MethodNamed(std::string_view name) {
  for (const wire::MethodRow& row : wire::Methods()) {
    if (row.name == name) return &row;
  }
  COHELD_CHECK(!"no such method in the protos");
  return nullptr;
}

}  // namespace coheld::engine
