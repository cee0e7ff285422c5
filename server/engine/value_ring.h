// The items of a list: a ring of values (sequence.h). Costs 16 bytes for each value and little
// more, and nothing while empty.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "server/engine/sequence.h"
#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class ValueRing {
 public:
  ValueRing() = default;
  ValueRing(const ValueRing& other);
  ValueRing& operator=(ValueRing other) noexcept {
    ring_.Swap(other.ring_);
    return *this;
  }

  size_t size() const { return ring_.size(); }
  bool empty() const { return ring_.empty(); }
  // Slots there are, used or not.
  size_t capacity() const { return ring_.capacity(); }
  // `index` is below size().
  Value& operator[](size_t index) { return ring_[index]; }
  const Value& operator[](size_t index) const { return ring_[index]; }

  void Append(Value value) { ring_.Append(std::move(value)); }
  // Puts the value before `index`, at most size().
  void Insert(size_t index, Value value);
  // Removes the value at `index` and returns it.
  Value Take(size_t index) { return ring_.Take(index); }
  // Puts `values` in the place of `count` values from `start`.
  void Replace(size_t start, size_t count, Value::Items values);
  // Removes `count` values: `start`, `start + step` and so on; `step` is at least 1.
  void RemoveEach(size_t start, size_t step, size_t count) { ring_.RemoveEach(start, step, count); }
  void Clear() { ring_.Clear(); }
  void Reverse();
  // Puts the values in the order of `order`, which names each of them once.
  void Permute(const std::vector<const Value*>& order);
  // Appends the values that are there `times` times.
  void Repeat(size_t times);

  // Values in saved state; Load only while it is empty.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  Sequence<Value> ring_;
};

}  // namespace coheld::engine
