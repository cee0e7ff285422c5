// Places at which a test has a process kill itself, to see what is left. They are in every build,
// so that what is tested is what is shipped: one that is not armed costs a relaxed load.
//
//   COHELD_FAILPOINT=journal.renamed      kills the process as it passes that place
//   COHELD_FAILPOINT=journal.renamed@3    ... the third time
//
// Knows nothing of what it stands in. Not for server/engine, which has no effects to be cut short.
#pragma once

#include <atomic>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace coheld::journal {

// Every failpoint, named by where it is and what has just happened there (or, ending in `.before`,
// has not). The crash test fails if it never got to one of them.
inline constexpr std::string_view kFailpoints[] = {
    // The folder and its lock.
    "folder.locked",
    "folder.made",
    "folder.synced_parent",
    // Opening the journal.
    "opening.began",
    "opening.cut",
    "opening.dropped_next",
    "opening.read_segment",
    "opening.synced",
    "opening.visited_batch",
    // Writing to it.
    "journal.marked",
    "journal.synced",
    "journal.sync.before",
    "journal.write.before",
    "journal.wrote",
    // Its next segment.
    "journal.created_next",
    "journal.full",
    "journal.named_next",
    "journal.renamed",
    "journal.reserved",
    "journal.rolled",
    "journal.started",
    "journal.synced_next",
    "journal.synced_reserve",
    // Letting segments go.
    "journal.removed",
    "journal.trim.before",
    "journal.trimmed",
    // The committer.
    "committer.committed",
    "committer.confirmed",
    "committer.rolled",
    "committer.synced_here",
    "committer.synced_later",
    "committer.told",
    "committer.took",
    "committer.wrote_here",
    // The secret of the folder.
    "secret.created",
    "secret.renamed",
    "secret.synced_folder",
    "secret.written",
    // Making the engine again, and going on.
    "daemon.listening",
    "daemon.ready",
    "dispatch.resumed",
    "recovery.loaded",
    "recovery.replayed",
    // Replies that wait for their records.
    "dispatch.held",
    "dispatch.passed",
    "dispatch.submitted",
    // The end after SIGTERM.
    "stop.drained",
    "stop.marked",
    "stop.sent_away",
    "stop.synced",
    "stop.wrote",
    // Offline commands.
    "backup.renamed",
    "backup.synced",
    "backup.wrote",
    "repair.made_folder",
    "repair.moved",
    "repair.saved",
    "repair.synced",
    "restore.made_folder",
    "restore.saved",
    // Writing a snapshot, and removing those before it.
    "snapshot.created",
    "snapshot.ended",
    "snapshot.loaded",
    "snapshot.rebuilt",
    "snapshot.removed",
    "snapshot.removed_all",
    "snapshot.renamed",
    "snapshot.synced",
    "snapshot.synced_folder",
    "snapshot.verified",
    "snapshot.wrote_chunk",
    // The daemon's part in it.
    "snapshotter.ended",
    "snapshotter.started",
};

// Returns the number of a failpoint; a name that is not in the list does not compile.
consteval int FailpointNumber(std::string_view name) {
  for (size_t i = 0; i < std::size(kFailpoints); ++i) {
    if (kFailpoints[i] == name) return static_cast<int>(i);
  }
  throw "no such failpoint";
}

// The number of the one that is armed; -1 if none is.
inline std::atomic<int> armed_failpoint{-1};

// Arms what COHELD_FAILPOINT says; nothing if it is not set, or if the program has more rights than
// who started it. To be called before there are threads. Returns what is wrong with it, or an empty
// text.
std::string ArmFailpoint();

// Counts a pass of the armed failpoint; at the last one it writes `failpoint_passed name=...` to
// the standard error and ends the process by SIGKILL.
void PassFailpoint();

// A failpoint: as if the process were killed right here.
#define COHELD_FAILPOINT(name)                                                \
  do {                                                                        \
    if (::coheld::journal::armed_failpoint.load(std::memory_order_relaxed) == \
        ::coheld::journal::FailpointNumber(name)) [[unlikely]] {              \
      ::coheld::journal::PassFailpoint();                                     \
    }                                                                         \
  } while (false)

}  // namespace coheld::journal
