// The loop that looks for work before it sleeps.
#include "server/dispatch/asio_loop.h"

#include <chrono>
#include <ctime>
#include <functional>

#include <gtest/gtest.h>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace coheld::dispatch {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

microseconds ThreadCpuTime() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + microseconds(now.tv_nsec / 1000);
}

TEST(AsioLoopTest, RunsUntilThereIsNoMoreWork) {
  for (const microseconds spin : {microseconds(0), microseconds(60)}) {
    asio::io_context io{1};
    AsioLoop loop(io);
    int runs = 0;
    asio::steady_timer timer(io, milliseconds(1));
    timer.async_wait([&](const asio::error_code&) { asio::post(io, [&] { ++runs; }); });
    loop.Run(spin);
    EXPECT_EQ(runs, 1);
  }
}

TEST(AsioLoopTest, EndsWhenItIsStopped) {
  asio::io_context io{1};
  AsioLoop loop(io);
  asio::steady_timer never(io, std::chrono::hours(1));
  never.async_wait([](const asio::error_code&) {});
  asio::post(io, [&] { io.stop(); });
  loop.Run(microseconds(60));
}

TEST(AsioLoopTest, LooksHardlyEverWhereItIsInVain) {
  constexpr int kTicks = 200;
  asio::io_context io{1};
  AsioLoop loop(io);
  asio::steady_timer timer(io);
  int ticks = 0;
  // Always just too late for who looks for 500 us: that would be a third of the time.
  const std::function<void()> tick = [&] {
    timer.expires_after(microseconds(1500));
    timer.async_wait([&](const asio::error_code&) {
      if (++ticks < kTicks) tick();
    });
  };
  tick();
  const microseconds before = ThreadCpuTime();
  loop.Run(microseconds(500));
  EXPECT_EQ(ticks, kTicks);
  EXPECT_LT(ThreadCpuTime() - before, microseconds(kTicks * 1500 / 10));
}

}  // namespace
}  // namespace coheld::dispatch
