// Slices and indices as Python resolves them (PySlice_AdjustIndices).
#pragma once

#include <cstdint>
#include <optional>

#include "coheld/v1/common.pb.h"
#include "proto/wire/result.h"

namespace coheld::engine {

// The places that a slice selects: start, start + step, ... `count` of them.
struct SliceRange {
  int64_t start = 0;
  // Where a plain slice (step 1) ends; never before start.
  int64_t stop = 0;
  int64_t step = 1;
  int64_t count = 0;

  // The n-th place, n below count.
  size_t At(int64_t n) const { return static_cast<size_t>(start + n * step); }
};

// Resolves a slice of a sequence of this length. SLICE_STEP_ZERO.
wire::Result<SliceRange> ResolveSlice(const v1::Slice& slice, size_t length);

// Returns the place of an index, negative counting from the end, or nothing if there is none.
std::optional<size_t> ResolveIndex(int64_t index, size_t length);

// Clamps an index to 0..length, negative counting from the end: the bounds of insert and index.
size_t ClampIndex(int64_t index, size_t length);

}  // namespace coheld::engine
