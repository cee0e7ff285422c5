// Goes over an object's items page by page, as an input iterator.
#pragma once

#include <cstddef>
#include <iterator>

namespace coheld {

// Handle has scan(cursor) -> {values, next, done} and must outlive the iterator.
template <typename Handle>
class PageIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = typename Handle::value_type;
  using difference_type = std::ptrdiff_t;
  using pointer = const value_type*;
  using reference = const value_type&;

  // The end.
  PageIterator() = default;
  // Reads the first page.
  explicit PageIterator(const Handle& handle) : handle_(&handle) { turn(); }

  reference operator*() const { return page_.values[place_]; }
  pointer operator->() const { return &page_.values[place_]; }
  PageIterator& operator++() {
    if (++place_ == page_.values.size()) turn();
    return *this;
  }
  void operator++(int) { ++*this; }
  // All that can be asked is whether the end is reached.
  friend bool operator==(const PageIterator& a, const PageIterator& b) {
    return a.handle_ == b.handle_;
  }

 private:
  void turn() {
    place_ = 0;
    do {
      if (page_.done) {
        handle_ = nullptr;
        return;
      }
      page_ = handle_->scan(page_.next);
    } while (page_.values.empty());
  }

  const Handle* handle_ = nullptr;
  typename Handle::Page page_;
  size_t place_ = 0;
};

}  // namespace coheld
