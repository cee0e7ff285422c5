// See planted.h.
#include "tests/simulation/planted.h"

#include <algorithm>

#include "server/engine/planted_bug.h"
#include "server/journal/planted_bug.h"

namespace coheld::simulation {

#ifdef COHELD_PLANTED_BUGS

namespace {

// In the order of the enums, without kNone.
const std::vector<std::string_view>& EngineBugs() {
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
      "handles_outlive_session",
      "ttl_runs_while_down",
      "watcher_not_woken",
      "input_not_logged",
  };
  return *names;
}

const std::vector<std::string_view>& JournalBugs() {
  static const auto* const names = new std::vector<std::string_view>{
      "reply_before_sync",  "read_not_held",          "sync_skipped",        "failed_sync_ignored",
      "name_not_synced",    "mark_not_synced",        "snapshot_not_synced", "trimmed_too_far",
      "torn_tail_accepted", "tail_not_written_again", "record_skipped",      "session_not_restored",
      "ttl_not_rearmed",
  };
  return *names;
}

// The bug of this name; 0 if there is none.
template <typename Bug>
Bug Find(const std::vector<std::string_view>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? Bug::kNone : static_cast<Bug>(found - names.begin() + 1);
}

}  // namespace

const std::vector<std::string_view>& PlantedBugs() {
  static const auto* const names = [] {
    auto* all = new std::vector<std::string_view>(EngineBugs());
    all->insert(all->end(), JournalBugs().begin(), JournalBugs().end());
    return all;
  }();
  return *names;
}

bool Plant(std::string_view name) {
  engine::planted_bug = Find<engine::PlantedBug>(EngineBugs(), name);
  journal::planted_bug = Find<journal::PlantedBug>(JournalBugs(), name);
  return name.empty() || engine::planted_bug != engine::PlantedBug::kNone ||
         journal::planted_bug != journal::PlantedBug::kNone;
}

#else

const std::vector<std::string_view>& PlantedBugs() {
  static const std::vector<std::string_view> none;
  return none;
}

bool Plant(std::string_view name) { return name.empty(); }

#endif

}  // namespace coheld::simulation
