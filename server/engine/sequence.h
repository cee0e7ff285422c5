// A sequence in segments: random access, O(1) at both ends, and in the middle the shorter side
// moves. A short one is a single ring buffer that grows by half, and nothing while it is new; a
// long one never moves as a whole: growing adds a segment, so that no op is slow because it was the
// one that grew it, and all slots but those of two segments are used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

namespace coheld::engine {

// T moves without failing.
template <typename T>
class Sequence {
 public:
  Sequence() = default;
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;
  ~Sequence() { Clear(); }

  void Swap(Sequence& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(segments_, other.segments_);
    std::swap(places_, other.places_);
    std::swap(first_, other.first_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // In order; good until the next change.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    Iterator(const Sequence* sequence, size_t index) : sequence_(sequence), index_(index) {}
    const T& operator*() const { return (*sequence_)[index_]; }
    const T* operator->() const { return &(*sequence_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) { return {sequence_, index_++}; }
    bool operator==(const Iterator&) const = default;

   private:
    const Sequence* sequence_ = nullptr;
    size_t index_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

  // Slots there are, used or not.
  size_t capacity() const { return capacity_; }
  // `index` is below size().
  T& operator[](size_t index) { return *Slot(index); }
  const T& operator[](size_t index) const { return *Slot(index); }
  const T& front() const { return *Slot(0); }
  const T& back() const { return *Slot(size_ - 1); }

  void Append(T item) {
    if (size_ + (segments_ == nullptr ? 0 : head_) == capacity_) MakeRoomBehind(1);
    std::construct_at(Slot(size_), std::move(item));
    ++size_;
  }
  // Removes the item at `index` and returns it.
  T Take(size_t index) {
    T taken = std::move(*Slot(index));
    Remove(index, 1);
    return taken;
  }
  // Removes `count` items from `index`.
  void Remove(size_t index, size_t count) {
    if (count == 0) return;
    for (size_t place = index; place < index + count; ++place) std::destroy_at(Slot(place));
    if (index < size_ - index - count) {
      for (size_t place = index; place-- > 0;) Relocate(Slot(place), Slot(place + count));
      head_ += count;
      if (segments_ == nullptr && head_ >= capacity_) head_ -= capacity_;
    } else {
      for (size_t place = index + count; place < size_; ++place) {
        Relocate(Slot(place), Slot(place - count));
      }
    }
    size_ -= count;
    GiveBack();
  }
  // Puts `count` items before `index`, at most size(); `next` returns each.
  template <typename Next>
  void Insert(size_t index, size_t count, Next next) {
    if (count == 0) return;
    if (index < size_ - index) {
      MakeRoomBefore(count);
      head_ = head_ >= count ? head_ - count : head_ + capacity_ - count;
      for (size_t place = 0; place < index; ++place) Relocate(Slot(place + count), Slot(place));
    } else {
      MakeRoomBehind(count);
      for (size_t place = size_; place-- > index;) Relocate(Slot(place), Slot(place + count));
    }
    size_ += count;
    for (size_t place = index; place < index + count; ++place)
      std::construct_at(Slot(place), next());
  }
  // Removes `count` items: `start`, `start + step` and so on; `step` is at least 1.
  void RemoveEach(size_t start, size_t step, size_t count) {
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
    GiveBack();
  }
  void Clear() {
    for (size_t index = 0; index < size_; ++index) std::destroy_at(Slot(index));
    size_ = 0;
    Free();
  }

 private:
  // Items of a segment, and of the longest sequence without segments: 4 KiB of values.
  static constexpr size_t kSegmentBits = 8;
  static constexpr size_t kSegmentItems = size_t{1} << kSegmentBits;
  static constexpr size_t kLeastCapacity = 2;
  // So much stays when all is gone: many a queue has one item, then none, and so on.
  static constexpr size_t kKeptCapacity = 16;
  static constexpr size_t kLeastPlaces = 8;

  T* Slot(size_t index) const {
    const size_t place = head_ + index;
    if (segments_ == nullptr) return slots_ + (place < capacity_ ? place : place - capacity_);
    return segments_[(first_ + (place >> kSegmentBits)) & (places_ - 1)] +
           (place & (kSegmentItems - 1));
  }
  // Moves an item to a free slot; its own becomes free.
  static void Relocate(T* from, T* to) {
    std::construct_at(to, std::move(*from));
    std::destroy_at(from);
  }
  size_t segments() const { return capacity_ >> kSegmentBits; }

  // Makes room for so many more: after all, or where Insert moves the head to.
  void MakeRoomBehind(size_t count) {
    if (GrowAsOne(count)) return;
    while (head_ + size_ + count > capacity_) AddSegment(false);
  }
  void MakeRoomBefore(size_t count) {
    if (GrowAsOne(count)) return;
    while (head_ < count) AddSegment(true);
  }
  // Makes room while there are no segments; false if there are, now.
  bool GrowAsOne(size_t count) {
    if (segments_ != nullptr) return false;
    const size_t wanted = size_ + count;
    if (wanted <= capacity_) return true;
    if (wanted <= kSegmentItems) {
      const size_t more = std::max({kLeastCapacity, wanted, capacity_ + capacity_ / 2});
      Rebuffer(std::min(kSegmentItems, more));
      return true;
    }
    if (capacity_ != kSegmentItems || head_ != 0) Rebuffer(kSegmentItems);
    segments_ = std::allocator<T*>().allocate(kLeastPlaces);
    places_ = kLeastPlaces;
    segments_[0] = std::exchange(slots_, nullptr);
    return false;
  }
  // Moves everything into one buffer of this many slots.
  void Rebuffer(size_t capacity) {
    T* const slots = std::allocator<T>().allocate(capacity);
    for (size_t index = 0; index < size_; ++index) Relocate(Slot(index), slots + index);
    Free();
    slots_ = slots;
    capacity_ = capacity;
  }
  void AddSegment(bool before) {
    if (segments() == places_) WidenPlaces();
    T* const segment = std::allocator<T>().allocate(kSegmentItems);
    if (before) {
      first_ = (first_ + places_ - 1) & (places_ - 1);
      head_ += kSegmentItems;
    }
    segments_[(first_ + (before ? 0 : segments())) & (places_ - 1)] = segment;
    capacity_ += kSegmentItems;
  }
  void WidenPlaces() {
    T** const wider = std::allocator<T*>().allocate(2 * places_);
    for (size_t n = 0; n < places_; ++n) wider[n] = segments_[(first_ + n) & (places_ - 1)];
    std::allocator<T*>().deallocate(segments_, places_);
    segments_ = wider;
    places_ *= 2;
    first_ = 0;
  }
  // Gives memory back when little of it is used, but not so soon that it is wanted at once.
  void GiveBack() {
    if (segments_ == nullptr) {
      if (capacity_ <= kKeptCapacity || size_ >= capacity_ / 4) return;
      return size_ == 0 ? Free() : Rebuffer(size_ * 2);
    }
    if (size_ <= kSegmentItems / 2) return Rebuffer(std::max(kKeptCapacity, size_ * 2));
    for (; head_ >= 2 * kSegmentItems; head_ -= kSegmentItems) {
      std::allocator<T>().deallocate(segments_[first_], kSegmentItems);
      first_ = (first_ + 1) & (places_ - 1);
      capacity_ -= kSegmentItems;
    }
    while (capacity_ - head_ - size_ >= 2 * kSegmentItems) {
      capacity_ -= kSegmentItems;
      std::allocator<T>().deallocate(segments_[(first_ + segments()) & (places_ - 1)],
                                     kSegmentItems);
    }
  }
  // Frees the memory, in which no item is any more.
  void Free() {
    for (size_t n = 0; segments_ != nullptr && n < segments(); ++n) {
      std::allocator<T>().deallocate(segments_[(first_ + n) & (places_ - 1)], kSegmentItems);
    }
    if (segments_ != nullptr) std::allocator<T*>().deallocate(segments_, places_);
    if (slots_ != nullptr) std::allocator<T>().deallocate(slots_, capacity_);
    slots_ = nullptr;
    segments_ = nullptr;
    places_ = first_ = capacity_ = head_ = 0;
  }

  // Either one buffer, or a ring of `places_` (a power of two) pointers of which capacity_ /
  // kSegmentItems from first_ on are segments. Slots not in use hold no T.
  T* slots_ = nullptr;
  T** segments_ = nullptr;
  size_t places_ = 0;
  size_t first_ = 0;
  size_t capacity_ = 0;
  size_t head_ = 0;  // The slot of the first item.
  size_t size_ = 0;
};

}  // namespace coheld::engine
