// See verify.h.
#include "server/upkeep/verify.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "server/engine/input_log.h"
#include "server/journal/reading.h"

namespace coheld::upkeep {
namespace {

std::string TextOf(const engine::StateDigest& digest) { return engine::ToText(digest); }

class FolderVerifier {
 public:
  FolderVerifier(Files& files, const std::string& folder) : files_(files), folder_(folder) {}

  Verdict Run() {
    if (Status fault = ListFolder(files_, folder_, &content_)) return Fail(*fault);
    verdict_.others = content_.others;
    if (content_.empty()) {
      return Fail({0, folder_ + " is no data folder: it has no journal and no snapshot"});
    }
    for (const std::string& name : content_.snapshots) LookAtSnapshot(name);
    if (!content_.segments.empty()) LookAtJournal();
    if (engine_ != nullptr) {
      verdict_.figures = FiguresOf(*engine_, index_);
      verdict_.last_time = engine_->last_time();
    }
    return std::move(verdict_);
  }

 private:
  Verdict Fail(Fault fault) {
    verdict_.faults.push_back(std::move(fault));
    return std::move(verdict_);
  }

  // The first record in the journal.
  uint64_t first() const { return *journal::FirstOf(content_.segments.front()); }

  // Loads one, and goes on from it if the journal does.
  void LookAtSnapshot(const std::string& name) {
    VerifiedSnapshot snapshot{.name = name};
    LoadedState loaded;
    snapshot.fault = LoadStateFile(files_, folder_ + "/" + name, &loaded);
    if (!snapshot.fault && loaded.index != *journal::SnapshotIndexOf(name)) {
      snapshot.fault =
          Fault{0, folder_ + "/" + name + " is damaged: it has the state after record " +
                       std::to_string(loaded.index)};
    }
    if (snapshot.fault) {
      verdict_.faults.push_back(*snapshot.fault);
    } else {
      snapshot.figures = FiguresOf(*loaded.engine, loaded.index);
      snapshot.state_bytes = loaded.state_bytes;
      const bool follows = content_.segments.empty() || first() <= loaded.index + 1;
      const bool oldest = engine_ == nullptr && (content_.segments.empty() || first() != 1);
      if (follows && (oldest || content_.segments.empty())) {
        engine_ = std::move(loaded.engine);
        index_ = loaded.index;
      }
    }
    verdict_.snapshots.push_back(std::move(snapshot));
  }

  void LookAtJournal() {
    if (engine_ == nullptr && first() == 1) engine_ = std::make_unique<engine::Engine>();
    if (engine_ == nullptr) {
      verdict_.faults.push_back({0, "the journal in " + folder_ + " begins with record " +
                                        std::to_string(first()) +
                                        ", and no good snapshot has what was before"});
    }
    journal::Reading reading;
    const Status fault = journal::ReadJournal(
        files_, {.folder = folder_, .after = first() - 1, .with_covered = true},
        [this](uint64_t index, std::string_view record) { return Visit(index, record); }, &reading);
    if (fault) verdict_.faults.push_back(*fault);
    verdict_.segments = reading.segments.size();
    verdict_.journal_bytes = reading.bytes;
    verdict_.first_record = reading.records == 0 ? 0 : first();
    verdict_.last_record = reading.next_index - 1;
    if (reading.end.kind == journal::SegmentEnd::Kind::kTorn)
      verdict_.tail_bytes = reading.end.size;
    if (!fault) CheckEnd(reading.next_index - 1);
  }

  // The journal may not end before the newest snapshot does.
  void CheckEnd(uint64_t last) {
    if (content_.snapshots.empty()) return;
    const uint64_t newest = *journal::SnapshotIndexOf(content_.snapshots.back());
    if (newest <= last) return;
    verdict_.faults.push_back({0, "the journal in " + folder_ + " ends with record " +
                                      std::to_string(last) + ", before record " +
                                      std::to_string(newest) + ", which the newest snapshot has"});
  }

  Status Visit(uint64_t index, std::string_view record) {
    engine::Input input;
    if (!engine::DecodeInput(record, &input)) {
      return Fault{journal::kNewerFile,
                   "record " + std::to_string(index) + " of the journal in " + folder_ +
                       " is none that this program knows. Use the coheld that wrote it, or a newer "
                       "one"};
    }
    if (engine_ == nullptr || index <= index_) return std::nullopt;
    engine::Replay(*engine_, input, &replies_);
    replies_.clear();
    index_ = index;
    ++verdict_.replayed;
    for (VerifiedSnapshot& snapshot : verdict_.snapshots) {
      if (!snapshot.fault && snapshot.figures.index == index) Compare(&snapshot);
    }
    return std::nullopt;
  }

  void Compare(VerifiedSnapshot* snapshot) {
    snapshot->compared = true;
    const engine::StateDigest digest = engine_->Digest();
    if (digest == snapshot->figures.digest) return;
    snapshot->fault = Fault{0, folder_ + "/" + snapshot->name + " has the state " +
                                   TextOf(snapshot->figures.digest) +
                                   ", and the records before it make " + TextOf(digest)};
    verdict_.faults.push_back(*snapshot->fault);
  }

  Files& files_;
  const std::string& folder_;
  FolderContent content_;
  std::unique_ptr<engine::Engine> engine_;  // Null: nothing to go on from.
  uint64_t index_ = 0;                      // Of the last record that it has.
  std::vector<engine::Reply> replies_;      // Nobody waits for them.
  Verdict verdict_;
};

}  // namespace

Verdict VerifyFolder(Files& files, const std::string& folder) {
  return FolderVerifier(files, folder).Run();
}

Verdict VerifyFile(Files& files, const std::string& path) {
  Verdict verdict;
  VerifiedSnapshot snapshot{.name = path};
  LoadedState loaded;
  snapshot.fault = LoadStateFile(files, path, &loaded);
  if (snapshot.fault) {
    verdict.faults.push_back(*snapshot.fault);
  } else {
    snapshot.figures = FiguresOf(*loaded.engine, loaded.index);
    snapshot.state_bytes = loaded.state_bytes;
    verdict.figures = snapshot.figures;
    verdict.last_time = loaded.engine->last_time();
  }
  verdict.snapshots.push_back(std::move(snapshot));
  return verdict;
}

}  // namespace coheld::upkeep
