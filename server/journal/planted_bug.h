// Bugs of durability that tests plant, as engine/planted_bug.h's: the product has none of them.
#pragma once

namespace coheld::journal {

enum class PlantedBug {
  kNone,
  // Acknowledging.
  kReplyBeforeSync,    // Replies do not wait for the disk.
  kReadNotHeld,        // The reply of an op without a record does not wait for those before it.
  kSyncSkipped,        // What is written counts as durable.
  kFailedSyncIgnored,  // So does what a sync failed to write.
  // Files.
  kNameNotSynced,      // The name of a new segment is not made durable.
  kMarkNotSynced,      // The next segment goes on from a mark that is not durable.
  kSnapshotNotSynced,  // A snapshot has its name before its bytes are durable.
  kTrimmedTooFar,      // A segment goes that the snapshot does not cover.
  // Recovery.
  kTornTailAccepted,     // Nobody looks at the checksum of a batch's body.
  kTailNotWrittenAgain,  // What is read at the start need not be durable.
  kRecordSkipped,        // The first record after a snapshot is not replayed.
  kSessionNotRestored,   // Who has no connection at a restart has no session after it.
  kTtlNotRearmed,        // A session's TTL goes on while the daemon is away.
};

#ifdef COHELD_PLANTED_BUGS
// The one that is planted now.
inline PlantedBug planted_bug = PlantedBug::kNone;
static inline bool Planted(PlantedBug bug) { return planted_bug == bug; }
#else
static constexpr bool Planted(PlantedBug /*bug*/) { return false; }
#endif

}  // namespace coheld::journal
