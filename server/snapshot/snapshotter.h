// Decides when the daemon has a snapshot made: when the journal has grown by as much as the state
// is large, and on demand. Keeps to one at a time, tells those who asked, and has the journal
// trimmed. It makes none itself, and knows no process, thread or clock: see SnapshotMaker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/dispatch/snapshots.h"
#include "server/engine/ids.h"
#include "server/journal/commit_log.h"
#include "server/recovery/recovery.h"

namespace coheld::snapshot {

// How much a snapshot matters.
enum class Haste {
  kNone,  // It may take as long as it takes: only what nobody else wants of the machine is used.
  kSome,  // Somebody waits for it, or the journal has grown long: it takes a small share.
};

// What a Snapshotter asks to be done. Each may answer before it returns.
class SnapshotMaker {
 public:
  virtual ~SnapshotMaker() = default;
  // Has all that is written by now in sealed segments; then Snapshotter::OnSealed is to be called.
  virtual void Seal() = 0;
  // Begins to make the snapshot of the state after this record, which is in a sealed segment; then
  // Snapshotter::OnMade or OnFailed is to be called.
  virtual void Make(uint64_t index, Haste haste) = 0;
  // Removes the segments all of whose records the snapshot has.
  virtual void Trim(uint64_t index) = 0;
  // The bytes of all records that were added to the journal since the start.
  virtual uint64_t bytes_added() const = 0;
  virtual engine::TimeMs Now() const = 0;
};

class Snapshotter : public dispatch::Snapshots {
 public:
  struct Options {
    // The records after the newest snapshot that make the next one due, in bytes; also as many as
    // the newest one has in its file, if that is more. 0: none is made but on demand.
    uint64_t after_bytes = uint64_t{64} << 20;
    // What the daemon started from, and how long that took.
    recovery::Report recovered;
    uint64_t recovery_ms = 0;
  };
  // Both must outlive it.
  Snapshotter(const journal::CommitLog& log, SnapshotMaker& maker, Options options);

  // To be called when records were added or written. Cheap.
  void Consider() {
    if (phase_ == Phase::kWriting || (phase_ == Phase::kIdle && IsDue())) Continue();
  }
  void Request(Tell tell) override;
  void Describe(v1::AdminStatusReply* status) const override;

  // The segments up to this record are sealed.
  void OnSealed(uint64_t index);
  // The snapshot is durable and verified; its file has so many bytes.
  void OnMade(uint64_t bytes);
  void OnFailed(std::string_view why);

 private:
  enum class Phase {
    kIdle,
    kWriting,  // Until what was recorded when it began is written ...
    kSealing,  // ... until that is sealed ...
    kMaking,   // ... until the snapshot is made.
  };
  struct Asker {
    uint64_t wanted = 0;  // The last record that its snapshot has to have.
    Tell tell;
  };

  bool IsDue() const {
    // On a full disk at once: it is what makes room.
    return options_.after_bytes != 0 && (journal_bytes() >= due_bytes() || !log_.has_room()) &&
           maker_.Now() >= not_before_;
  }
  uint64_t due_bytes() const;
  // The bytes of the records after the newest snapshot.
  uint64_t journal_bytes() const { return recorded_bytes() - covered_bytes_; }
  uint64_t recorded_bytes() const { return options_.recovered.record_bytes + maker_.bytes_added(); }
  void Continue();
  // Tells those whose records the newest snapshot has.
  void TellThoseServed();
  void NoteFailure(std::string_view why);

  const journal::CommitLog& log_;
  SnapshotMaker& maker_;
  const Options options_;
  Phase phase_ = Phase::kIdle;
  std::vector<Asker> askers_;
  Made newest_;                 // Index 0: there is none.
  uint64_t covered_bytes_ = 0;  // Of recorded_bytes(), in the newest one.
  uint64_t run_last_ = 0;       // Of the run: the last record, ...
  uint64_t run_bytes_ = 0;      // ... recorded_bytes() when it began, ...
  uint64_t run_index_ = 0;      // ... the last one that is sealed, ...
  engine::TimeMs run_began_{};  // ... and since when it is being made.
  uint32_t failures_in_a_row_ = 0;
  engine::TimeMs not_before_{};  // A run that nobody asked for.
  uint64_t made_ = 0;
  uint64_t failed_ = 0;
  std::string last_failure_;
};

}  // namespace coheld::snapshot
