// malloc and its kin, counted (memory.h): glibc's own, behind functions that a program may replace
// (glibc manual, "Replacing malloc"). Only for programs that name this file among their sources.
//
// A thread counts for itself and tells the total when that has moved by 64 KiB: an atomic addition
// for each block would cost more than the rest. Not in sanitized builds, whose malloc is theirs.
#include <features.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "server/observe/memory.h"

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): these are glibc's names.
void* __libc_malloc(size_t bytes);
void __libc_free(void* block);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* block, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);
// NOLINTEND(bugprone-reserved-identifier)
}

namespace {

constexpr int64_t kToldBytes = 64 << 10;
constexpr size_t kPageBytes = 4096;

constinit thread_local int64_t untold_bytes = 0;

inline int64_t SizeOf(void* block) {
  // With malloc's own word before it.
  return static_cast<int64_t>(malloc_usable_size(block) + sizeof(size_t));
}

void Tell() {
  coheld::observe::internal::AddMemoryUsed(untold_bytes);
  untold_bytes = 0;
}

inline void Add(int64_t bytes) {
  untold_bytes += bytes;
  if (untold_bytes > kToldBytes || untold_bytes < -kToldBytes) [[unlikely]] {
    Tell();
  }
}

inline void* Counted(void* block) {
  if (block != nullptr) Add(SizeOf(block));
  return block;
}

}  // namespace

extern "C" {

void* malloc(size_t bytes) { return Counted(__libc_malloc(bytes)); }

void free(void* block) {
  if (block == nullptr) return;
  Add(-SizeOf(block));
  __libc_free(block);
}

void* calloc(size_t count, size_t bytes) { return Counted(__libc_calloc(count, bytes)); }

void* realloc(void* block, size_t bytes) {
  const int64_t before = block == nullptr ? 0 : SizeOf(block);
  void* const moved = __libc_realloc(block, bytes);
  // It failed, and the block is as it was; or there is none any more.
  if (moved == nullptr && bytes != 0) return nullptr;
  Add(-before);
  return Counted(moved);
}

void* memalign(size_t alignment, size_t bytes) {
  return Counted(__libc_memalign(alignment, bytes));
}

void* aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** block, size_t alignment, size_t bytes) {
  if (alignment % sizeof(void*) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) {
    return EINVAL;
  }
  void* const made = memalign(alignment, bytes);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}

void* valloc(size_t bytes) { return memalign(kPageBytes, bytes); }

void* pvalloc(size_t bytes) {
  return memalign(kPageBytes, (bytes + kPageBytes - 1) / kPageBytes * kPageBytes);
}

}  // extern "C"

#endif
