// A daemon that is stopped for three TTLs and goes on: sessions that live are not ended by that,
// and those of the dead are, a TTL later.
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/victim.h"
#include "tests/robustness/cutting_proxy.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kTtl = 1000ms;
constexpr auto kGrace = 500ms;  // Of a busy machine.

milliseconds Since(Clock::time_point began) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - began);
}

class Stop : public ::testing::Test {
 protected:
  void SetUp() override { daemon_.Start(); }

  DaemonProcess daemon_;
};

// A session without a connection would be over long before the daemon goes on.
TEST_F(Stop, AStoppedDaemonEndsNoSessionThatLives) {
  const std::string by_proxy = "unix:" + daemon_.folder() + "/proxy.sock";
  const ProxyOptions calm{
      .listen = by_proxy, .target = daemon_.address_unix(), .weights = {1, 0, 0, 0, 0, 0, 0}};
  std::optional<CuttingProxy> proxy(calm);
  const Client detached = Client::connect(by_proxy, {.session_ttl = kTtl});
  const Client attached = Client::connect(daemon_.address_tcp(), {.session_ttl = kTtl});
  Lock lock_of_detached(detached, "detached");
  Lock lock_of_attached(attached, "attached");
  lock_of_detached.lock();
  lock_of_attached.lock();
  const uint64_t session = detached.session().id;
  proxy.reset();  // Now nothing but its TTL keeps that session.
  const auto has_a_connection = [&] {
    for (const SessionSummary& one : Admin(attached).sessions()) {
      if (one.session == session) return one.connections > 0;
    }
    return false;
  };
  while (has_a_connection()) std::this_thread::yield();
  daemon_.Signal(SIGSTOP);
  std::this_thread::sleep_for(3 * kTtl);
  daemon_.Signal(SIGCONT);
  proxy.emplace(calm);
  EXPECT_NO_THROW(lock_of_detached.release());
  EXPECT_NO_THROW(lock_of_attached.release());
}

TEST_F(Stop, OfASessionWhoseDaemonWasStoppedComesAfterAFullTtl) {
  const Client other = Client::connect(daemon_.address_unix());
  {
    Victim victim([&] {
      static Client client = Client::connect(daemon_.address_tcp(), {.session_ttl = kTtl});
      Lock(client, "lock").lock();
    });
    daemon_.Signal(SIGSTOP);
  }
  std::this_thread::sleep_for(2 * kTtl);
  daemon_.Signal(SIGCONT);
  const auto began = Clock::now();
  EXPECT_TRUE(Lock(other, "lock").try_lock_for(10s));
  EXPECT_LE(Since(began), kTtl + kGrace);
}

}  // namespace
}  // namespace coheld::testing
