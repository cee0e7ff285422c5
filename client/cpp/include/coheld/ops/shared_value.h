// The ops of coheld.v1.SharedValue as values. Users call them through shared_value.h; the semantics
// are told in coheld/v1/shared_value.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// What SharedValue::modify does: new = old OP operand, as Python would.
enum class Operator {
  kAdd = 1,
  kSubtract = 2,
  kMultiply = 3,
  kDivide = 4,       // Python's /: gives a real.
  kFloorDivide = 5,  // Python's //.
  kModulo = 6,
  kMin = 7,
  kMax = 8,
  kAnd = 9,
  kOr = 10,
  kXor = 11,
};

namespace ops {

// What a shared value holds.
struct CellAnswer {
  Value value;
  uint64_t version = 0;
  std::string typecode;
};

// What Modify answers.
struct ModifyAnswer {
  Value previous;
  Value value;
  uint64_t version = 0;
};

// What CompareExchange answers.
struct ExchangeAnswer {
  bool exchanged = false;
  Value current;
  uint64_t version = 0;
};

Op<Created> shared_value_create(const std::string& name, const std::string& typecode,
                                std::optional<Value> initial, bool exclusive);
Op<CellAnswer> shared_value_get(const std::string& name);
Op<uint64_t> shared_value_set(const std::string& name, Value value, IfVersion version);
Op<ModifyAnswer> shared_value_modify(const std::string& name, Operator how, Value operand);
Op<ExchangeAnswer> shared_value_compare_exchange(const std::string& name, Value expected,
                                                 Value desired);
// Answers nothing if the time was over first.
Op<std::optional<CellAnswer>> shared_value_wait(const std::string& name, uint64_t since_version,
                                                WaitTime time);

}  // namespace ops
}  // namespace coheld
