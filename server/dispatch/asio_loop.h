// EdgeLoop on Asio.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "proto/wire/spin_policy.h"
#include "server/dispatch/edge_loop.h"

namespace coheld::dispatch {

class AsioLoop : public EdgeLoop {
 public:
  explicit AsioLoop(asio::io_context& io);

  // Runs the handlers until the io_context has no more work, or is stopped. Before it sleeps it
  // looks for work for up to `longest_spin`, as long as that is not in vain
  // (proto/wire/spin_policy.h).
  void Run(std::chrono::microseconds longest_spin);

  // Has the clock show at least this time from now on.
  void StartClockAt(engine::TimeMs time);
  // Milliseconds since 1970 as the host knew it when the loop was made, going on with
  // CLOCK_BOOTTIME, which neither jumps nor stops while the host sleeps.
  // It stands still from when it is first read in a turn: up to what OnTurnEnd tells, or until the
  // loop looks for work again.
  engine::TimeMs Now() const override;
  void OnTurnEnd() override { turn_time_.reset(); }
  void ArmTimer(engine::TimeMs when, std::function<void()> fire) override;
  std::unique_ptr<Watch> WatchProcess(int pidfd, std::function<void()> gone) override;

 private:
  // Looks for work; false if there was none.
  bool Spin(wire::SpinPolicy& policy);
  // Runs the handlers that are ready, and returns how many.
  size_t Poll();

  asio::io_context& io_;
  bool runs_ = false;  // In Run.
  int64_t ahead_ms_;   // Of CLOCK_BOOTTIME.
  mutable std::optional<engine::TimeMs> turn_time_;
  asio::steady_timer timer_;
};

}  // namespace coheld::dispatch
