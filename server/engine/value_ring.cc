// See value_ring.h.
#include "server/engine/value_ring.h"

#include <algorithm>
#include <memory>

#include "proto/wire/check.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

constexpr size_t kLeastCapacity = 4;

}  // namespace

ValueRing::ValueRing(const ValueRing& other) {
  if (other.empty()) return;
  Rebuffer(other.size_);
  for (size_t index = 0; index < other.size_; ++index) Append(other[index]);
}

ValueRing& ValueRing::operator=(ValueRing other) noexcept {
  std::swap(slots_, other.slots_);
  std::swap(capacity_, other.capacity_);
  std::swap(head_, other.head_);
  std::swap(size_, other.size_);
  return *this;
}

ValueRing::~ValueRing() { Clear(); }

void ValueRing::Clear() {
  for (size_t index = 0; index < size_; ++index) std::destroy_at(Slot(index));
  if (slots_ != nullptr) std::allocator<Value>().deallocate(slots_, capacity_);
  slots_ = nullptr;
  capacity_ = head_ = size_ = 0;
}

void ValueRing::Relocate(Value* from, Value* to) {
  std::construct_at(to, std::move(*from));
  std::destroy_at(from);
}

void ValueRing::Rebuffer(size_t capacity) {
  COHELD_CHECK(capacity >= size_ && capacity > 0);
  Value* const slots = std::allocator<Value>().allocate(capacity);
  for (size_t index = 0; index < size_; ++index) Relocate(Slot(index), slots + index);
  if (slots_ != nullptr) std::allocator<Value>().deallocate(slots_, capacity_);
  slots_ = slots;
  capacity_ = capacity;
  head_ = 0;
}

void ValueRing::Grow(size_t size) {
  if (size <= capacity_) return;
  Rebuffer(std::max({kLeastCapacity, size, capacity_ + capacity_ / 2}));
}

void ValueRing::ShrinkIfSparse() {
  if (empty()) {
    Clear();
  } else if (capacity_ > kLeastCapacity && size_ < capacity_ / 4) {
    Rebuffer(std::max(kLeastCapacity, size_ * 2));
  }
}

void ValueRing::OpenGap(size_t index, size_t count) {
  Grow(size_ + count);
  if (index < size_ - index) {
    head_ = head_ >= count ? head_ - count : head_ + capacity_ - count;
    for (size_t place = 0; place < index; ++place) Relocate(Slot(place + count), Slot(place));
  } else {
    for (size_t place = size_; place-- > index;) Relocate(Slot(place), Slot(place + count));
  }
  size_ += count;
}

void ValueRing::CloseGap(size_t index, size_t count) {
  if (index < size_ - index - count) {
    for (size_t place = index; place-- > 0;) Relocate(Slot(place), Slot(place + count));
    head_ = head_ + count < capacity_ ? head_ + count : head_ + count - capacity_;
  } else {
    for (size_t place = index + count; place < size_; ++place) {
      Relocate(Slot(place), Slot(place - count));
    }
  }
  size_ -= count;
}

void ValueRing::Insert(size_t index, Value value) {
  OpenGap(index, 1);
  std::construct_at(Slot(index), std::move(value));
}

Value ValueRing::Take(size_t index) {
  Value taken = std::move(*Slot(index));
  std::destroy_at(Slot(index));
  CloseGap(index, 1);
  ShrinkIfSparse();
  return taken;
}

void ValueRing::Replace(size_t start, size_t count, Value::Items values) {
  const size_t shared = std::min(count, values.size());
  for (size_t place = 0; place < shared; ++place) {
    *Slot(start + place) = std::move(values[place]);
  }
  const size_t rest = start + shared;
  if (values.size() > shared) {
    OpenGap(rest, values.size() - shared);
    for (size_t place = shared; place < values.size(); ++place) {
      std::construct_at(Slot(start + place), std::move(values[place]));
    }
  } else if (count > shared) {
    for (size_t place = rest; place < start + count; ++place) std::destroy_at(Slot(place));
    CloseGap(rest, count - shared);
    ShrinkIfSparse();
  }
}

void ValueRing::RemoveEach(size_t start, size_t step, size_t count) {
  if (count == 0) return;
  size_t kept = start;
  size_t removed = 0;
  for (size_t place = start; place < size_; ++place) {
    if (removed < count && place == start + removed * step) {
      std::destroy_at(Slot(place));
      ++removed;
    } else {
      Relocate(Slot(place), Slot(kept++));
    }
  }
  size_ = kept;
  ShrinkIfSparse();
}

void ValueRing::Reverse() {
  for (size_t place = 0; place < size_ / 2; ++place) {
    std::swap(*Slot(place), *Slot(size_ - 1 - place));
  }
}

void ValueRing::Permute(const std::vector<const Value*>& order) {
  COHELD_CHECK(order.size() == size_);
  if (empty()) return;
  Value* const slots = std::allocator<Value>().allocate(size_);
  for (size_t place = 0; place < size_; ++place) {
    Relocate(slots_ + (order[place] - slots_), slots + place);
  }
  std::allocator<Value>().deallocate(slots_, capacity_);
  slots_ = slots;
  capacity_ = size_;
  head_ = 0;
}

void ValueRing::Repeat(size_t times) {
  const size_t once = size_;
  Grow(once * (times + 1));
  for (size_t turn = 0; turn < times; ++turn) {
    for (size_t index = 0; index < once; ++index) Append(Value(*Slot(index)));
  }
}

void ValueRing::Save(StateWriter& state) const {
  state.PutUnsigned(size_);
  for (size_t index = 0; index < size_; ++index) state.PutValue(*Slot(index));
}

void ValueRing::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  Grow(count);
  for (size_t i = 0; i < count && state.ok(); ++i) Append(state.TakeValue());
}

}  // namespace coheld::engine
