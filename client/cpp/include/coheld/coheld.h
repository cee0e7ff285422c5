// All of the SDK.
#pragma once

#include "coheld/admin.h"           // IWYU pragma: export
#include "coheld/array.h"           // IWYU pragma: export
#include "coheld/barrier.h"         // IWYU pragma: export
#include "coheld/batch.h"           // IWYU pragma: export
#include "coheld/client.h"          // IWYU pragma: export
#include "coheld/codec.h"           // IWYU pragma: export
#include "coheld/condition.h"       // IWYU pragma: export
#include "coheld/counter.h"         // IWYU pragma: export
#include "coheld/dict.h"            // IWYU pragma: export
#include "coheld/durability.h"      // IWYU pragma: export
#include "coheld/error.h"           // IWYU pragma: export
#include "coheld/event.h"           // IWYU pragma: export
#include "coheld/guard.h"           // IWYU pragma: export
#include "coheld/handle.h"          // IWYU pragma: export
#include "coheld/host.h"            // IWYU pragma: export
#include "coheld/latch.h"           // IWYU pragma: export
#include "coheld/lifetime.h"        // IWYU pragma: export
#include "coheld/list.h"            // IWYU pragma: export
#include "coheld/lock.h"            // IWYU pragma: export
#include "coheld/lock_all.h"        // IWYU pragma: export
#include "coheld/namespace.h"       // IWYU pragma: export
#include "coheld/owner.h"           // IWYU pragma: export
#include "coheld/queue.h"           // IWYU pragma: export
#include "coheld/recursive_lock.h"  // IWYU pragma: export
#include "coheld/semaphore.h"       // IWYU pragma: export
#include "coheld/set.h"             // IWYU pragma: export
#include "coheld/shared_lock.h"     // IWYU pragma: export
#include "coheld/shared_value.h"    // IWYU pragma: export
#include "coheld/sorted_set.h"      // IWYU pragma: export
#include "coheld/task.h"            // IWYU pragma: export
#include "coheld/topic.h"           // IWYU pragma: export
#include "coheld/value.h"           // IWYU pragma: export
#include "coheld/watch.h"           // IWYU pragma: export
