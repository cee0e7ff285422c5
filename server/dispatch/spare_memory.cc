// See spare_memory.h.
#include "server/dispatch/spare_memory.h"

#include <malloc.h>

#include <algorithm>

namespace coheld::dispatch {

void SpareMemory::ReturnIfDue(engine::TimeMs now) {
  if (due_ > now) return;
  due_ = engine::kNever;
#ifdef __GLIBC__
  const struct mallinfo2 heap = mallinfo2();
  kept_bytes_ = std::min(kept_bytes_, heap.fordblks);
  if (heap.fordblks < kept_bytes_ + std::max(kWorthBytes, heap.uordblks / 4)) return;
  malloc_trim(0);
  kept_bytes_ = mallinfo2().fordblks;
#endif
}

}  // namespace coheld::dispatch
