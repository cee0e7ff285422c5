// nghttp2's memory. Each call of a client costs nghttp2 half a dozen small blocks (stream, frames,
// headers) that live for microseconds: they go round in free lists instead of malloc and free.
#pragma once

#include <nghttp2/nghttp2.h>

namespace coheld::transport {

// Returns the allocator for the nghttp2 sessions of the calling thread, on which they have to stay
// and end. It keeps at most about 1 MiB of free blocks.
nghttp2_mem* MemoryOfThisThread();

}  // namespace coheld::transport
