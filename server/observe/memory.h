// How much memory the daemon uses, and how much it may. What is counted is what malloc has given
// out, for whatever purpose: objects, kept replies, buffers and connections alike. Not counted are
// the program itself, its stacks, and what lies free between blocks.
#pragma once

#include <algorithm>
#include <cstdint>

namespace coheld::observe {

// Returns how many bytes are allocated; 0 in a program that does not count (counted_malloc.cc). Up
// to 64 KiB for each thread may be missing. Any thread.
uint64_t MemoryUsed();

// How much memory may be used. Three lines, each above the one before:
//   growth_max()  ops that make the state grow are refused from here on;
//   max           everything is refused that does not give something back;
//   door_max()    nobody is let in any more who may have come to delete something.
struct MemoryCap {
  uint64_t max = 0;  // 0: no cap.
  uint64_t (*used)() = &MemoryUsed;

  uint64_t growth_max() const { return max - std::min(max / 8, uint64_t{256} << 20); }
  uint64_t door_max() const { return max + max / 32; }

  bool AllowsGrowth(uint64_t bytes) const { return max == 0 || used() + bytes <= growth_max(); }
  bool Allows(uint64_t bytes) const { return max == 0 || used() + bytes <= max; }
  bool AllowsEntry() const { return max == 0 || used() <= door_max(); }
};

namespace internal {

// For what counts: adds to what MemoryUsed returns.
void AddMemoryUsed(int64_t bytes);

}  // namespace internal
}  // namespace coheld::observe
