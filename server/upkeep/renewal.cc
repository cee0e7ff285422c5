// See renewal.h.
#include "server/upkeep/renewal.h"

#include <vector>

namespace coheld::upkeep {
namespace {

constexpr uint64_t kJumpMin = uint64_t{1} << 40;
constexpr uint64_t kJumpPerMs = uint64_t{1} << 12;
constexpr uint64_t kElapsedMax = uint64_t{1} << 42;  // 139 years: beyond it the clock is wrong.

}  // namespace

uint64_t JumpOver(uint64_t elapsed_ms) {
  return kJumpMin + kJumpPerMs * (elapsed_ms < kElapsedMax ? elapsed_ms : kElapsedMax);
}

Renewal Renew(engine::Engine& engine, uint64_t jump) {
  std::vector<engine::Reply> replies;  // Nobody waits for them.
  const engine::TimeMs now = engine.last_time();
  engine.Resume(now, &replies);  // First, so that nothing is given to an op without a session.
  Renewal renewal;
  while (!engine.sessions().all().empty()) {
    engine.EndSession(engine.sessions().all().begin()->first, now, &replies);
    ++renewal.sessions_ended;
  }
  engine.Jump(jump);
  renewal.numbers_from = engine.last_token();
  return renewal;
}

}  // namespace coheld::upkeep
