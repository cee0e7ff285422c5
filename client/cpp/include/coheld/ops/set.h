// The ops of coheld.v1.Set as values. Users call them through set.h; the semantics are told in
// coheld/v1/set.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// How two sets make one.
enum class SetOperator {
  kUnion = 1,                // What is in either.
  kIntersection = 2,         // What is in both.
  kDifference = 3,           // What is in the left one only.
  kSymmetricDifference = 4,  // What is in one of them only.
};

// What a change did to a set.
struct SetChange {
  uint64_t added = 0;    // Items that came.
  uint64_t removed = 0;  // Items that went.
  uint64_t length = 0;   // Items after the change.
  uint64_t version = 0;  // The set's version after the change.
};

// How a set stands to another.
struct SetComparison {
  bool subset = false;    // All items are in the other too.
  bool superset = false;  // All items of the other are in this one too.
  bool equal = false;     // Both have the same items.
  bool disjoint = false;  // No item is in both.
};

namespace ops {

// Another set: values, or the name of a held one.
struct SetOperand {
  std::vector<Value> values;
  std::string set;
};

// One page of a scan.
struct SetPage {
  std::vector<Value> values;
  uint64_t next = 0;
  bool done = false;
  uint64_t length = 0;
  uint64_t version = 0;
};

Op<Created> set_create(const std::string& name, std::vector<Value> values, bool exclusive);
Op<Changed> set_len(const std::string& name);
Op<std::vector<bool>> set_contains(const std::string& name, std::vector<Value> values);
Op<SetChange> set_add(const std::string& name, std::vector<Value> values, IfVersion version);
Op<SetChange> set_discard(const std::string& name, std::vector<Value> values, IfVersion version);
Op<SetChange> set_remove(const std::string& name, Value value, IfVersion version);
Op<std::optional<Value>> set_pop(const std::string& name);
Op<SetChange> set_clear(const std::string& name, IfVersion version);
Op<SetPage> set_scan(const std::string& name, uint64_t cursor, uint32_t limit);
Op<SetChange> set_update(const std::string& name, SetOperator how, std::vector<SetOperand> operands,
                         IfVersion version);
// Without operands it reads the whole set.
Op<std::vector<Value>> set_combine(const std::string& name, SetOperator how,
                                   std::vector<SetOperand> operands);
Op<SetComparison> set_compare(const std::string& name, SetOperand operand);
Op<Created> set_copy(const std::string& name, const std::string& target);

}  // namespace ops
}  // namespace coheld
