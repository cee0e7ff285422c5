// What the simulated daemon keeps on a simulated disk: the real journal, the real policy of commits
// (journal/committing.h), real snapshots and real recovery, in simulated time. The disk may be slow
// or full, its calls may fail, processes may end before any call, and the power may be cut.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/engine/engine.h"
#include "server/journal/commit_log.h"
#include "server/journal/committing.h"
#include "tests/simulation/process_files.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::simulation {

class Storage : public journal::CommitLog {
 public:
  struct Hooks {
    // A record is added.
    std::function<void(std::string_view record)> on_record;
    // written(), durable() or has_room() changed.
    std::function<void()> on_progress;
    // The journal failed, or the process has ended in one of its calls.
    std::function<void()> on_end;
    // For people.
    std::function<void(const std::string& line)> on_note;
  };
  Storage(Schedule& schedule, Hooks hooks, Random random);
  ~Storage() override;

  // Makes the engine again from what is on the disk. Null if the process ended before that, a call
  // failed (then disturbed() is true), or what is there is refused; `why` tells.
  std::unique_ptr<engine::Engine> Open(std::string* why);
  bool disturbed() const { return fails_ || (files_ != nullptr && files_->ended()); }
  // The process ends, and what it runs with it. What it wrote is there.
  void End();
  // Much of what was not durable is lost too. To be called when no process runs.
  void CutPower();
  // Makes all that was added durable at once, as if time passed and nothing else happened.
  void Settle();

  // A snapshot is made, which takes its time.
  void MakeSnapshot();
  // The process ends in its n-th file call from now; or that call fails.
  void EndAtCall(uint64_t calls);
  void FailAtCall(uint64_t calls);
  // So does the next process that recovers, or that makes a snapshot.
  void EndOpeningAtCall(uint64_t calls) { opening_calls_ = calls; }
  void EndSnapshotAtCall(uint64_t calls) { snapshot_calls_ = calls; }
  void SetFull(bool full);
  // Nothing fails any more.
  void Heal();
  // Each turn of the committer takes about so long.
  void SetLatency(int64_t us) { latency_us_ = us; }

  // What was added before this time is durable, if the disk is as quick as it was so far.
  int64_t durable_since_us() const;

  // --- CommitLog ---

  uint64_t AddParts(std::span<const std::string_view> parts) override;
  void Submit(uint64_t durable) override;
  uint64_t written() const override { return written_; }
  uint64_t durable() const override { return durable_; }
  bool has_room() const override { return has_room_; }
  bool has_reserve_for(uint64_t /*bytes*/) const override { return has_reserve_; }

 private:
  using Clock = journal::Committing::Clock;

  Clock::time_point Now() const;
  void HandOver();
  // Runs the committer when it has time, or at this time.
  void Wake();
  void WakeAt(Time when);
  void DoTurn();
  void FinishTurn();
  void Tell();
  void RunSnapshot(uint64_t index);
  void TakeSnapshot(uint64_t index);

  Schedule& schedule_;
  const Hooks hooks_;
  Random random_;
  const uint64_t segment_bytes_;
  journal::SimulatedDisk disk_;
  int64_t latency_us_ = 100;
  int64_t worst_us_ = 0;
  uint64_t opening_calls_ = UINT64_MAX;
  uint64_t snapshot_calls_ = UINT64_MAX;
  bool fails_ = false;  // A call does, or will.

  // Of this life.
  uint64_t life_ = 0;
  std::unique_ptr<ProcessFiles> files_;
  std::unique_ptr<journal::Committing> committing_;
  journal::PendingBatch gathered_;
  journal::Committing::Work handed_;
  journal::Committing::Work turn_;  // What the committer does now.
  uint64_t taken_durable_ = 0;
  uint64_t wake_ = 0;  // The wake-up that counts.
  bool busy_ = false;
  bool snapshot_runs_ = false;
  uint64_t written_ = 0;
  uint64_t durable_ = 0;
  bool has_room_ = true;
  bool has_reserve_ = true;
};

}  // namespace coheld::simulation
