// The other side of `handoff`: a process of its own, which gets what the load put and puts it where
// the load waits.
#pragma once

#include <sys/types.h>

#include "tests/bench/load.h"

namespace coheld::bench {

// Runs a load whose mix is `handoff`, together with a second process. Call it while there is only
// one thread.
Report RunHandoff(LoadOptions options);

}  // namespace coheld::bench
