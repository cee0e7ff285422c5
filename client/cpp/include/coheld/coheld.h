// All of the SDK.
#pragma once

#include "coheld/admin.h"         // IWYU pragma: export
#include "coheld/batch.h"         // IWYU pragma: export
#include "coheld/client.h"        // IWYU pragma: export
#include "coheld/codec.h"         // IWYU pragma: export
#include "coheld/dict.h"          // IWYU pragma: export
#include "coheld/error.h"         // IWYU pragma: export
#include "coheld/handle.h"        // IWYU pragma: export
#include "coheld/list.h"          // IWYU pragma: export
#include "coheld/lock.h"          // IWYU pragma: export
#include "coheld/queue.h"         // IWYU pragma: export
#include "coheld/shared_value.h"  // IWYU pragma: export
#include "coheld/value.h"         // IWYU pragma: export
