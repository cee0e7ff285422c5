// See planted.h.
#include "tests/simulation/planted.h"

#include "server/engine/planted_bug.h"

namespace coheld::simulation {

#ifdef COHELD_PLANTED_BUGS

// In the order of the enum, without kNone.
const std::vector<std::string_view>& PlantedBugs() {
  static const auto* const names = new std::vector<std::string_view>{
      "answered_from_another_session",
      "reply_forgotten_early",
      "reply_under_wrong_lane",
      "grant_not_kept",
      "late_copy_done",
      "copy_waits_too",
      "effect_undone",
      "waiter_lost_on_cancel",
      "newcomer_overtakes",
      "one_line_woken",
      "notification_lost",
      "barrier_outlives_party",
      "lock_outlives_session",
      "token_from_clock",
      "stall_unnoticed",
      "token_shrinks",
      "depth_forgotten",
      "lock_lease_never_ends",
      "lock_lease_ends_early",
      "lock_lease_not_rearmed",
      "death_not_told",
      "loss_not_told",
      "loss_told_for_ever",
      "lost_lock_renewed",
      "guard_not_checked",
      "guard_checked_once",
      "stale_token_accepted",
      "second_line_missed",
      "place_in_line_missed",
      "deadlock_invented",
      "wrong_victim",
      "item_lost_at_lease_end",
      "late_ack_accepted",
      "lease_not_rearmed",
      "input_not_logged",
  };
  return *names;
}

bool Plant(std::string_view name) {
  engine::planted_bug = engine::PlantedBug::kNone;
  int number = 0;
  for (const std::string_view known : PlantedBugs()) {
    ++number;
    if (known == name) engine::planted_bug = static_cast<engine::PlantedBug>(number);
  }
  return name.empty() || engine::planted_bug != engine::PlantedBug::kNone;
}

#else

const std::vector<std::string_view>& PlantedBugs() {
  static const std::vector<std::string_view> none;
  return none;
}

bool Plant(std::string_view name) { return name.empty(); }

#endif

}  // namespace coheld::simulation
