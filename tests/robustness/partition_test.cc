// Hosts whose network is cut, in network namespaces. Skipped, with the reason, where those are not
// permitted.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/robustness/figures.h"
#include "tests/robustness/lab_daemon.h"
#include "tests/robustness/network_lab.h"
#include "tests/robustness/shared_memory.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTtl = 3s;
constexpr auto kGrace = 1s;  // Of a busy machine.

int64_t MillisecondsSince(Clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
}

// The first host holds a lock when its cable is pulled; the second one waits for that lock.
std::string CutTheHolderOff() {
  const LabDaemon daemon;
  NetworkLab lab;
  auto* const step = Shared<std::atomic<int>>();
  lab.AddHost(1, [&] {
    const auto client = Client::connect(daemon.AddressFor(1), {.session_ttl = kTtl});
    Lock(client, "lock").lock();
    step->store(1);
    pause();
    return false;
  });
  Await(*step, 1);
  auto* const waited_ms = Shared<std::atomic<int64_t>>();
  const auto cut = Clock::now();
  lab.Cut(1);
  lab.AddHost(2, [&] {
    const auto client = Client::connect(daemon.AddressFor(2), {.session_ttl = kTtl});
    const bool got = Lock(client, "lock").try_lock_for(kTtl + kGrace + 5s);
    waited_ms->store(MillisecondsSince(cut));
    return got;
  });
  if (!lab.EndsWell(2)) return "the lock was never free";
  Figure("network cut: the next holder has the lock after " + std::to_string(*waited_ms) +
         " ms (TTL 3000 ms)");
  if (*waited_ms <= std::chrono::milliseconds(kTtl + kGrace).count()) return "";
  return "the lock was free after " + std::to_string(*waited_ms) + " ms";
}

TEST(Partition, ALockOfAHostThatIsCutOffIsFreeWithinTheTtl) { COHELD_IN_LAB(CutTheHolderOff); }

// A client that does nothing at all for two TTLs, with a network that works.
std::string IdleForLong() {
  const LabDaemon daemon;
  NetworkLab lab;
  lab.AddHost(1, [&] {
    const auto client = Client::connect(daemon.AddressFor(1), {.session_ttl = kTtl});
    Lock lock(client, "lock");
    lock.lock();
    const auto end = Clock::now() + 2 * kTtl;
    while (Clock::now() < end) usleep(100'000);
    lock.release();
    return true;
  });
  return lab.EndsWell(1) ? "" : "an idle host lost its lock";
}

TEST(Partition, AnIdleHostKeepsItsLock) { COHELD_IN_LAB(IdleForLong); }

}  // namespace
}  // namespace coheld::testing
