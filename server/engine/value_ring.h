// A sequence of values in one ring buffer: random access, amortised O(1) at both ends, and in the
// middle the shorter side moves. Costs 16 to 24 bytes for each value, and nothing while empty.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class ValueRing {
 public:
  ValueRing() = default;
  ValueRing(const ValueRing& other);
  ValueRing& operator=(ValueRing other) noexcept;
  ~ValueRing();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Slots there are, used or not.
  size_t capacity() const { return capacity_; }
  // `index` is below size().
  Value& operator[](size_t index) { return *Slot(index); }
  const Value& operator[](size_t index) const { return *Slot(index); }

  void Append(Value value) {
    if (size_ == capacity_) Grow(size_ + 1);
    std::construct_at(Slot(size_++), std::move(value));
  }
  // Puts the value before `index`, at most size().
  void Insert(size_t index, Value value);
  // Removes the value at `index` and returns it.
  Value Take(size_t index);
  // Puts `values` in the place of `count` values from `start`.
  void Replace(size_t start, size_t count, Value::Items values);
  // Removes `count` values: `start`, `start + step` and so on; `step` is at least 1.
  void RemoveEach(size_t start, size_t step, size_t count);
  void Clear();
  void Reverse();
  // Puts the values in the order of `order`, which names each of them once.
  void Permute(const std::vector<const Value*>& order);
  // Appends the values that are there `times` times.
  void Repeat(size_t times);

  // Values in saved state; Load only while it is empty.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  Value* Slot(size_t index) const {
    const size_t place = head_ + index;
    return slots_ + (place < capacity_ ? place : place - capacity_);
  }
  // Makes room for `size` values.
  void Grow(size_t size);
  // Gives memory back when little of it is used.
  void ShrinkIfSparse();
  // Moves everything into a buffer of this many slots.
  void Rebuffer(size_t capacity);
  // Moves a value to a free slot; its own becomes free.
  void Relocate(Value* from, Value* to);
  // Makes `count` free slots before `index`.
  void OpenGap(size_t index, size_t count);
  // Takes away `count` free slots from `index`.
  void CloseGap(size_t index, size_t count);

  Value* slots_ = nullptr;  // Those not in use hold no Value.
  size_t capacity_ = 0;
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace coheld::engine
