// A constant string of bytes in 24 bytes of its own: up to 23 are inline, more are in a block of
// exactly their size. For things of which there are many and that are mostly short.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace coheld::engine {

class PackedBytes {
 public:
  PackedBytes() = default;
  // The concatenation of both.
  explicit PackedBytes(std::string_view front, std::string_view back = {}) {
    const size_t size = front.size() + back.size();
    char* place = place_.data();
    if (size > kInlineMax) {
      place = new char[size];
      std::memcpy(place_.data(), &place, sizeof(place));
      std::memcpy(place_.data() + sizeof(place), &size, sizeof(size));
    }
    place_[kInlineMax] = size > kInlineMax ? kOutside : static_cast<char>(size);
    if (!front.empty()) std::memcpy(place, front.data(), front.size());
    if (!back.empty()) std::memcpy(place + front.size(), back.data(), back.size());
  }
  PackedBytes(PackedBytes&& other) noexcept : place_(other.place_) { other.place_ = {}; }
  PackedBytes& operator=(PackedBytes&& other) noexcept {
    place_.swap(other.place_);
    return *this;
  }
  ~PackedBytes() {
    if (place_[kInlineMax] == kOutside) delete[] view().data();
  }

  std::string_view view() const {
    if (place_[kInlineMax] != kOutside) {
      return {place_.data(), static_cast<size_t>(place_[kInlineMax])};
    }
    const char* bytes = nullptr;
    size_t size = 0;
    std::memcpy(&bytes, place_.data(), sizeof(bytes));
    std::memcpy(&size, place_.data() + sizeof(bytes), sizeof(size));
    return {bytes, size};
  }
  size_t size() const { return view().size(); }

 private:
  static constexpr size_t kInlineMax = 23;
  static constexpr char kOutside = 127;

  std::array<char, kInlineMax + 1> place_{};  // The last is the size, or kOutside.
};

}  // namespace coheld::engine
