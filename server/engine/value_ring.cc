// See value_ring.h.
#include "server/engine/value_ring.h"

#include <algorithm>

#include "proto/wire/check.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

ValueRing::ValueRing(const ValueRing& other) {
  for (size_t index = 0; index < other.size(); ++index) Append(other[index]);
}

void ValueRing::Insert(size_t index, Value value) {
  ring_.Insert(index, 1, [&] { return std::move(value); });
}

void ValueRing::Replace(size_t start, size_t count, Value::Items values) {
  const size_t shared = std::min(count, values.size());
  for (size_t place = 0; place < shared; ++place) ring_[start + place] = std::move(values[place]);
  if (values.size() > shared) {
    auto next = values.begin() + static_cast<ptrdiff_t>(shared);
    ring_.Insert(start + shared, values.size() - shared, [&] { return std::move(*next++); });
  } else if (count > shared) {
    ring_.Remove(start + shared, count - shared);
  }
}

void ValueRing::Reverse() {
  for (size_t place = 0; place < size() / 2; ++place) {
    std::swap(ring_[place], ring_[size() - 1 - place]);
  }
}

void ValueRing::Permute(const std::vector<const Value*>& order) {
  COHELD_CHECK(order.size() == size());
  Sequence<Value> ordered;
  for (const Value* value : order) ordered.Append(std::move(*const_cast<Value*>(value)));
  ring_.Swap(ordered);
}

void ValueRing::Repeat(size_t times) {
  const size_t once = size();
  for (size_t turn = 0; turn < times; ++turn) {
    for (size_t index = 0; index < once; ++index) Append(Value(ring_[index]));
  }
}

void ValueRing::Save(StateWriter& state) const {
  state.PutUnsigned(size());
  for (size_t index = 0; index < size(); ++index) state.PutValue(ring_[index]);
}

void ValueRing::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) Append(state.TakeValue());
}

}  // namespace coheld::engine
