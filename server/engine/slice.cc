// See slice.h.
#include "server/engine/slice.h"

#include <algorithm>

namespace coheld::engine {
namespace {

// Brings a bound into [lowest, highest], negative counting from the end.
int64_t Clamp(int64_t bound, int64_t length, int64_t lowest, int64_t highest) {
  if (bound < 0) bound += length;
  return std::clamp(bound, lowest, highest);
}

}  // namespace

wire::Result<SliceRange> ResolveSlice(const v1::Slice& slice, size_t length) {
  const auto size = static_cast<int64_t>(length);
  SliceRange range;
  // As CPython: the least step is such that it can be negated.
  range.step = slice.has_step() ? std::max(slice.step(), -INT64_MAX) : 1;
  if (range.step == 0) {
    return wire::Failure{v1::ERROR_REASON_SLICE_STEP_ZERO, "the slice step is 0; use 1, or -1"};
  }
  if (range.step < 0) {
    range.start = slice.has_start() ? Clamp(slice.start(), size, -1, size - 1) : size - 1;
    range.stop = slice.has_stop() ? Clamp(slice.stop(), size, -1, size - 1) : -1;
    if (range.stop < range.start) range.count = (range.start - range.stop - 1) / -range.step + 1;
    return range;
  }
  range.start = slice.has_start() ? Clamp(slice.start(), size, 0, size) : 0;
  range.stop = slice.has_stop() ? Clamp(slice.stop(), size, 0, size) : size;
  range.stop = std::max(range.start, range.stop);
  if (range.start < range.stop) range.count = (range.stop - range.start - 1) / range.step + 1;
  return range;
}

std::optional<size_t> ResolveIndex(int64_t index, size_t length) {
  const auto size = static_cast<int64_t>(length);
  if (index < 0) index += size;
  if (index < 0 || index >= size) return std::nullopt;
  return static_cast<size_t>(index);
}

size_t ClampIndex(int64_t index, size_t length) {
  const auto size = static_cast<int64_t>(length);
  return static_cast<size_t>(Clamp(index, size, 0, size));
}

}  // namespace coheld::engine
