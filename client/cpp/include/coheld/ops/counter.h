// The ops of coheld.v1.Counter as values. Users call them through counter.h; the semantics are told
// in coheld/v1/counter.proto.
#pragma once

#include <cstdint>
#include <string>

#include "coheld/op.h"

namespace coheld::ops {

// What CompareExchange answers.
struct CounterExchange {
  bool exchanged = false;
  int64_t current = 0;
};

Op<Created> counter_create(const std::string& name, int64_t initial, bool exclusive);
Op<int64_t> counter_get(const std::string& name);
Op<int64_t> counter_add(const std::string& name, int64_t amount);
Op<int64_t> counter_set(const std::string& name, int64_t value);
Op<CounterExchange> counter_compare_exchange(const std::string& name, int64_t expected,
                                             int64_t desired);

}  // namespace coheld::ops
