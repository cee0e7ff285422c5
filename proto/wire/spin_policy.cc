// See spin_policy.h.
#include "proto/wire/spin_policy.h"

#include <sched.h>

namespace coheld::wire {

bool MayUseManyCpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  // It fails if the machine has more CPUs than fit.
  return sched_getaffinity(0, sizeof cpus, &cpus) != 0 || CPU_COUNT(&cpus) > 1;
}

}  // namespace coheld::wire
