// See memory.h.
#include "server/observe/memory.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Of the sanitizers' runtime; gcc has it without its header.
extern "C" size_t
__sanitizer_get_current_allocated_bytes();  // NOLINT(bugprone-reserved-identifier)
#endif

namespace coheld::observe {
namespace {

constinit std::atomic<int64_t> bytes_used{0};

}  // namespace

uint64_t MemoryUsed() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();  // malloc is theirs.
#else
  return static_cast<uint64_t>(std::max<int64_t>(bytes_used.load(std::memory_order_relaxed), 0));
#endif
}

void internal::AddMemoryUsed(int64_t bytes) {
  bytes_used.fetch_add(bytes, std::memory_order_relaxed);
}

}  // namespace coheld::observe
