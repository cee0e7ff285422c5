// See repair.h.
#include "server/upkeep/repair.h"

#include <algorithm>
#include <utility>

#include "server/engine/input_log.h"
#include "server/engine/placement.h"
#include "server/journal/failpoint.h"
#include "server/journal/reading.h"

namespace coheld::upkeep {
namespace {

class RepairPlanner {
 public:
  RepairPlanner(Files& files, const std::string& folder, uint32_t shard, RepairPlan* plan)
      : files_(files), folder_(folder), shard_(shard), plan_(*plan) {}

  Status Run(bool even_if_good) {
    Verdict verdict = VerifyFolder(files_, folder_);
    for (const Fault& fault : verdict.faults) {
      if (fault.code != 0) return fault;  // A call that failed, or a newer program's file.
    }
    plan_.faults = std::move(verdict.faults);
    if (plan_.faults.empty() && !even_if_good) {
      plan_.good_index = plan_.last_seen = verdict.figures.index;
      return std::nullopt;
    }
    if (Status fault = ListFolder(files_, folder_, &content_)) return fault;
    if (content_.empty()) {
      PlanEmpty();
      return std::nullopt;
    }
    if (Status fault = LoadBase(verdict)) return fault;
    if (Status fault = ReplayGood()) return fault;
    if (plan_.faults.empty()) plan_.loses = false;  // A tail that was never confirmed is no loss.
    PlanFiles();
    return std::nullopt;
  }

 private:
  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }

  // Begins with no objects. The first record says how anonymous ones are numbered; if there is
  // none, or it is lost, it is with the shard's own.
  void BeginState() {
    const uint64_t first_anonymous = shard_ * engine::kAnonymousPerShard + 1;
    plan_.state = {.engine = std::make_unique<engine::Engine>(first_anonymous)};
  }

  void PlanEmpty() {
    plan_.is_empty = plan_.loses = true;
    BeginState();
    PlanFiles();
  }

  // Finds the newest good snapshot, or the beginning of everything.
  Status LoadBase(const Verdict& verdict) {
    for (auto each = verdict.snapshots.rbegin(); each != verdict.snapshots.rend(); ++each) {
      if (!each->fault) return LoadStateFile(files_, PathOf(each->name), &plan_.state);
    }
    const bool has_all =
        !content_.segments.empty() && content_.segments.front() == journal::SegmentName(1);
    if (!has_all) {
      return Fault{0, folder_ +
                          " cannot be repaired: no snapshot is good, and the journal does not go "
                          "back to the first record. Restore a backup"};
    }
    BeginState();
    return std::nullopt;
  }

  // Replays the records up to the damage.
  Status ReplayGood() {
    const uint64_t base = plan_.state.index;
    uint64_t last = base;
    std::vector<engine::Reply> replies;
    const auto visit = [&](uint64_t index, std::string_view record) -> Status {
      engine::Input input;
      if (!engine::DecodeInput(record, &input)) {
        return Fault{journal::kNewerFile, "record " + std::to_string(index) + " is not known here"};
      }
      engine::Replay(*plan_.state.engine, input, &replies);
      replies.clear();
      last = index;
      return std::nullopt;
    };
    journal::Reading reading;
    const Status fault =
        journal::ReadJournal(files_, {.folder = folder_, .after = base}, visit, &reading);
    if (fault && fault->code != 0) return fault;
    plan_.state.index = plan_.good_index = last;
    plan_.loses = fault.has_value();
    return FindTraces(reading);
  }

  // Looks for records after the last good one.
  Status FindTraces(const journal::Reading& reading) {
    plan_.last_seen = plan_.good_index;
    for (const std::string& name : content_.snapshots) {
      plan_.last_seen = std::max(plan_.last_seen, *journal::SnapshotIndexOf(name));
    }
    for (const auto& [first, path] : reading.segments) {
      // A segment is begun when all before it is durable.
      plan_.last_seen = std::max(plan_.last_seen, first - 1);
      if (Status fault = FindTracesIn(path)) return fault;
    }
    if (plan_.last_seen > plan_.good_index) plan_.loses = true;
    return std::nullopt;
  }

  Status FindTracesIn(const std::string& path) {
    std::unique_ptr<journal::File> file;
    if (Status fault = files_.Open(path, &file)) return fault;
    uint64_t size = 0;
    if (Status fault = file->Size(&size)) return fault;
    std::string bytes;
    if (Status fault = file->ReadAt(0, size, &bytes)) return fault;
    journal::HeadVerdict verdict;
    const std::optional<journal::SegmentHeader> header =
        journal::DecodeSegmentHeader(bytes, &verdict);
    if (header) salt_ = header->salt;
    if (!salt_) return std::nullopt;
    const std::string_view all = bytes;
    for (size_t at = journal::kSegmentHeaderBytes; at + journal::kBatchHeaderBytes <= all.size();) {
      const auto batch = journal::DecodeBatchHeader(*salt_, all.substr(at));
      if (!batch) {
        ++at;
        continue;
      }
      plan_.last_seen = std::max({plan_.last_seen, batch->end() - 1, batch->durable});
      at += journal::kBatchHeaderBytes + batch->size;
    }
    return std::nullopt;
  }

  void PlanFiles() {
    const auto is_there = [&](uint64_t index) {
      return std::binary_search(content_.snapshots.begin(), content_.snapshots.end(),
                                journal::SnapshotName(index));
    };
    plan_.new_index = plan_.last_seen;
    if (is_there(plan_.new_index)) ++plan_.new_index;
    plan_.aside = content_.snapshots;
    plan_.aside.insert(plan_.aside.end(), content_.segments.begin(), content_.segments.end());
    plan_.aside_folder = folder_ + "/" + journal::NumberedName("aside-", plan_.new_index);
  }

  Files& files_;
  const std::string& folder_;
  const uint32_t shard_;
  RepairPlan& plan_;
  FolderContent content_;
  std::optional<uint64_t> salt_;  // Of the segment before, where one's own cannot be read.
};

}  // namespace

Status PlanRepair(Files& files, const std::string& folder, uint32_t shard, RepairPlan* plan,
                  bool even_if_good) {
  return RepairPlanner(files, folder, shard, plan).Run(even_if_good);
}

// The new snapshot is the newest from the moment it has its name, and no daemon starts on it while
// segments are there that end before it.
Status Repair(Files& files, const std::string& folder, int64_t now_ms, RepairPlan* plan,
              Renewal* renewal) {
  engine::Engine& engine = *plan->state.engine;
  if (plan->loses || plan->ends_sessions) {
    const int64_t elapsed_ms = now_ms - static_cast<int64_t>(engine.last_time());
    *renewal = Renew(engine, JumpOver(static_cast<uint64_t>(std::max<int64_t>(elapsed_ms, 0))));
  }
  if (Status fault = SaveState(engine, {files, folder, plan->new_index})) return fault;
  COHELD_FAILPOINT("repair.saved");
  if (Status fault = files.MakeFolder(plan->aside_folder)) return fault;
  COHELD_FAILPOINT("repair.made_folder");
  for (const std::string& name : plan->aside) {
    if (Status fault = files.Rename(folder + "/" + name, plan->aside_folder + "/" + name))
      return fault;
    COHELD_FAILPOINT("repair.moved");
  }
  if (Status fault = files.SyncFolder(plan->aside_folder)) return fault;
  if (Status fault = files.SyncFolder(folder)) return fault;
  COHELD_FAILPOINT("repair.synced");
  return std::nullopt;
}

}  // namespace coheld::upkeep
