// See spare_memory.h.
#include "server/dispatch/spare_memory.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

namespace coheld::dispatch {

void SpareMemory::ReturnIfDue(engine::TimeMs now) {
  if (due_ > now) return;
  const bool idle = !std::exchange(worked_, false);
  due_ = idle ? engine::kNever : engine::After(now, kDelayMs);
#ifdef __GLIBC__
  const struct mallinfo2 heap = mallinfo2();
  kept_bytes_ = std::min(kept_bytes_, heap.fordblks);
  const size_t worth = idle ? kWorthBytesIdle : std::max(kWorthBytes, heap.uordblks / 4);
  if (heap.fordblks < kept_bytes_ + worth) return;
  malloc_trim(0);
  kept_bytes_ = mallinfo2().fordblks;
#endif
}

}  // namespace coheld::dispatch
