// Opening a journal: reads it (reading.h), cuts a tail that was never confirmed, and finds where to
// go on. See journal.h.
#include <cerrno>

#include "server/journal/failpoint.h"
#include "server/journal/journal.h"
#include "server/journal/planted_bug.h"
#include "server/journal/reading.h"

namespace coheld::journal {

class Journal::Opening {
 public:
  Opening(Journal& journal, uint64_t after, const Visit& visit, Found* found)
      : journal_(journal), after_(after), visit_(visit), found_(found) {}

  Status Run() {
    const std::string& folder = journal_.options_.folder;
    if (Status fault = journal_.files_.MakeFolder(folder)) return fault;
    const Status fault =
        ReadJournal(journal_.files_, {.folder = folder, .after = after_}, visit_, &reading_);
    found_->records = reading_.records;
    found_->segments = reading_.segments.size();
    if (fault) return fault;
    if (Status failed = RemoveNext()) return failed;
    return reading_.segments.empty() ? Begin() : GoOn();
  }

 private:
  // Nothing in a segment counts before it is renamed.
  Status RemoveNext() {
    const Status fault = journal_.files_.Remove(journal_.PathOf(kNextSegmentName));
    if (fault) return fault->code == ENOENT ? std::nullopt : fault;
    COHELD_FAILPOINT("opening.dropped_next");
    return std::nullopt;
  }

  Status Begin() {
    journal_.salt_ = journal_.options_.salt;
    journal_.next_index_ = after_ + 1;
    journal_.durable_index_ = after_;
    if (Status fault = journal_.StartSegment(0)) return fault;
    COHELD_FAILPOINT("opening.began");
    return std::nullopt;
  }

  Status GoOn() {
    if (Status fault = journal_.files_.Open(reading_.path, &journal_.current_)) return fault;
    if (Status fault = CutTail()) return fault;
    journal_.segments_ = reading_.segments;
    journal_.salt_ = reading_.salt;
    journal_.next_index_ = reading_.next_index;
    journal_.previous_ = reading_.previous;
    journal_.offset_ = journal_.synced_offset_ = reading_.end.offset;
    journal_.room_ = reading_.size;
    if (Status fault = MakeDurable()) return fault;
    COHELD_FAILPOINT("opening.synced");
    journal_.durable_index_ = journal_.next_index_ - 1;
    return std::nullopt;
  }

  // What a killed process wrote may not be on disk yet. Syncing is not enough: what a sync failed
  // to write counts as written, and is still read. Nor need the segment's name be durable.
  Status MakeDurable() {
    std::string bytes;
    const uint64_t size = reading_.end.offset - reading_.unsure_offset;
    if (Status fault = journal_.current_->ReadAt(reading_.unsure_offset, size, &bytes)) {
      return fault;
    }
    if (Planted(PlantedBug::kTailNotWrittenAgain)) return std::nullopt;
    if (!bytes.empty()) {
      if (Status fault = journal_.current_->WriteAt(reading_.unsure_offset, bytes)) return fault;
    }
    if (Status fault = journal_.current_->Sync()) return fault;
    return journal_.files_.SyncFolder(journal_.options_.folder);
  }

  Status CutTail() {
    const SegmentEnd& end = reading_.end;
    if (end.kind == SegmentEnd::Kind::kClean) return std::nullopt;
    found_->bytes_cut = end.size;
    found_->cut = reading_.path + " from byte " + std::to_string(end.offset) + ": " + end.why;
    // Not by making the file shorter, which is how damage looks.
    if (Status fault = journal_.current_->WriteAt(end.offset, std::string(end.size, '\0'))) {
      return fault;
    }
    COHELD_FAILPOINT("opening.cut");
    return std::nullopt;
  }

  Journal& journal_;
  const uint64_t after_;
  const Visit& visit_;
  Found* const found_;
  Reading reading_;
};

Status Journal::Open(Files& files, const JournalOptions& options, uint64_t after,
                     const Visit& visit, Found* found, std::unique_ptr<Journal>* journal) {
  std::unique_ptr<Journal> opened(new Journal(files, options));
  *found = {};
  if (Status fault = Opening(*opened, after, visit, found).Run()) return fault;
  *journal = std::move(opened);
  return std::nullopt;
}

}  // namespace coheld::journal
