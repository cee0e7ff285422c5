// See h2_memory.h. Blocks are of sizes kStep, 2 kStep, ... up to kPooledBytesMax; each has its size
// before it, as nghttp2 does not tell it when it frees. Larger ones are malloc's own.
#include "server/transport/h2_memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace coheld::transport {
namespace {

constexpr size_t kStep = 64;
constexpr size_t kPooledBytesMax = 1024;
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kKeptBytesMax = 0;  // ASan sees use after free only if blocks are freed.
#else
constexpr size_t kKeptBytesMax = 64 << 10;  // Of each size.
#endif

// What stands before a block: its size while it is in use, the next free one while it is not.
union alignas(std::max_align_t) Head {
  size_t bytes;
  Head* next;
};

struct FreeList {
  Head* first = nullptr;
  size_t bytes = 0;
};

class FreeLists {
 public:
  ~FreeLists() {
    for (FreeList& list : lists_) {
      while (list.first != nullptr) std::free(std::exchange(list.first, list.first->next));
    }
  }

  void* Take(size_t bytes) {
    if (bytes > kPooledBytesMax) return Allocate(bytes);
    const size_t rounded = (std::max<size_t>(bytes, 1) + kStep - 1) / kStep * kStep;
    FreeList& list = ListOf(rounded);
    Head* const head = list.first;
    if (head == nullptr) return Allocate(rounded);
    list.first = head->next;
    list.bytes -= rounded;
    head->bytes = rounded;
    return head + 1;
  }

  void Give(void* block) {
    if (block == nullptr) return;
    Head* const head = static_cast<Head*>(block) - 1;
    const size_t bytes = head->bytes;
    if (bytes > kPooledBytesMax || ListOf(bytes).bytes >= kKeptBytesMax) return std::free(head);
    FreeList& list = ListOf(bytes);
    head->next = list.first;
    list.first = head;
    list.bytes += bytes;
  }

  void* Resize(void* block, size_t bytes) {
    if (block == nullptr) return Take(bytes);
    const size_t before = (static_cast<Head*>(block) - 1)->bytes;
    if (bytes <= before) return block;
    void* const larger = Take(bytes);
    if (larger == nullptr) return nullptr;
    std::memcpy(larger, block, before);
    Give(block);
    return larger;
  }

 private:
  FreeList& ListOf(size_t rounded) { return lists_[rounded / kStep - 1]; }

  static void* Allocate(size_t bytes) {
    if (bytes > SIZE_MAX - sizeof(Head)) return nullptr;
    auto* const head = static_cast<Head*>(std::malloc(sizeof(Head) + bytes));
    if (head == nullptr) return nullptr;
    head->bytes = bytes;
    return head + 1;
  }

  std::array<FreeList, kPooledBytesMax / kStep> lists_;
};

FreeLists& Lists(void* user) { return *static_cast<FreeLists*>(user); }

void* TakeZeroed(size_t count, size_t bytes, void* user) {
  if (bytes != 0 && count > SIZE_MAX / bytes) return nullptr;
  void* const block = Lists(user).Take(count * bytes);
  if (block != nullptr) std::memset(block, 0, count * bytes);
  return block;
}

}  // namespace

nghttp2_mem* MemoryOfThisThread() {
  static thread_local FreeLists lists;
  static thread_local nghttp2_mem memory = {
      .mem_user_data = &lists,
      .malloc = [](size_t bytes, void* user) { return Lists(user).Take(bytes); },
      .free = [](void* block, void* user) { Lists(user).Give(block); },
      .calloc = &TakeZeroed,
      .realloc = [](void* block, size_t bytes,
                    void* user) { return Lists(user).Resize(block, bytes); },
  };
  return &memory;
}

}  // namespace coheld::transport
