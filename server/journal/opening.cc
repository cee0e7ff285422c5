// Opening a journal: reads its segments, oldest first, and finds where to go on. See journal.h.
#include <vector>

#include "server/journal/failpoint.h"
#include "server/journal/journal.h"
#include "server/journal/segment_reader.h"

namespace coheld::journal {
namespace {

Fault Damaged(const std::string& path, uint64_t offset, const std::string& why,
              uint64_t next_index) {
  return {0, path + " is damaged at byte " + std::to_string(offset) + ": " + why +
                 ". The last good record is " + std::to_string(next_index - 1) +
                 ". Restore a backup, or repair the folder and lose what comes after it"};
}

}  // namespace

class Journal::Opening {
 public:
  Opening(Journal& journal, uint64_t after, const Visit& visit, Found* found)
      : journal_(journal), after_(after), visit_(visit), found_(found) {}

  Status Run() {
    std::vector<uint64_t> firsts;
    if (Status fault = FindSegments(&firsts)) return fault;
    if (firsts.empty()) return Begin();
    for (const uint64_t first : firsts) {
      if (Status fault = ReadSegment(first, first == firsts.back())) return fault;
    }
    if (journal_.next_index_ <= after_) {
      return Fault{0, "the journal in " + journal_.options_.folder + " ends with record " +
                          std::to_string(journal_.next_index_ - 1) + ", before record " +
                          std::to_string(after_) + ", which the snapshot ends with"};
    }
    // What a killed process wrote may not be on disk yet.
    if (Status fault = journal_.current_->Sync()) return fault;
    COHELD_FAILPOINT("opening.synced");
    journal_.durable_index_ = journal_.next_index_ - 1;
    return std::nullopt;
  }

 private:
  Status FindSegments(std::vector<uint64_t>* firsts) {
    const std::string& folder = journal_.options_.folder;
    if (Status fault = journal_.files_.MakeFolder(folder)) return fault;
    COHELD_FAILPOINT("folder.made");
    std::vector<std::string> names;
    if (Status fault = journal_.files_.List(folder, &names)) return fault;
    for (const std::string& name : names) {
      if (name == kNextSegmentName) {  // Nothing in it counts before it is renamed.
        if (Status fault = journal_.files_.Remove(journal_.PathOf(name))) return fault;
        COHELD_FAILPOINT("opening.dropped_next");
      } else if (const std::optional<uint64_t> first = FirstOf(name)) {
        firsts->push_back(*first);
      }
    }
    found_->segments = firsts->size();
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

  // Reads the header, which has to go on where the segment before it ended.
  Status ReadHeader(const std::string& path, uint64_t first, std::string_view bytes,
                    SegmentHeader* header) {
    std::string why;
    const std::optional<SegmentHeader> decoded = DecodeSegmentHeader(bytes, &why);
    const bool is_first = journal_.segments_.empty();
    const uint64_t expected = is_first ? first : journal_.next_index_;
    if (!decoded) return Damaged(path, 0, why, expected);
    if (bytes.size() < decoded->bytes) {
      return Damaged(path, bytes.size(),
                     "it ends there, and should have " + std::to_string(decoded->bytes) + " bytes",
                     expected);
    }
    if (decoded->first != first) {
      return Damaged(path, 0, "its header names record " + std::to_string(decoded->first),
                     expected);
    }
    if (is_first && first > after_ + 1) {
      return Damaged(path, 0, "the records before it are missing", after_ + 1);
    }
    if (!is_first && (first != expected || decoded->previous != journal_.previous_ ||
                      decoded->salt != journal_.salt_)) {
      return Damaged(path, 0, "it does not go on where the segment before it ends", expected);
    }
    *header = *decoded;
    return std::nullopt;
  }

  Status ReadSegment(uint64_t first, bool last) {
    const std::string path = journal_.PathOf(SegmentName(first));
    std::unique_ptr<File> file;
    if (Status fault = journal_.files_.Open(path, &file)) return fault;
    uint64_t size = 0;
    if (Status fault = file->Size(&size)) return fault;
    std::string bytes;
    if (Status fault = file->ReadAt(0, size, &bytes)) return fault;
    SegmentHeader header;
    if (Status fault = ReadHeader(path, first, bytes, &header)) return fault;
    SegmentReader reader(header, bytes);
    while (const std::optional<SegmentReader::Batch> batch = reader.Next()) {
      if (Status fault = VisitBatch(*batch)) return fault;
    }
    journal_.segments_[first] = path;
    journal_.salt_ = header.salt;
    journal_.next_index_ = reader.next_index();
    journal_.previous_ = reader.previous();
    COHELD_FAILPOINT("opening.read_segment");
    return Finish(path, std::move(file), reader.end(), size, last);
  }

  Status VisitBatch(const SegmentReader::Batch& batch) {
    std::string_view body = batch.body;
    for (uint64_t index = batch.header.first; index < batch.header.end(); ++index) {
      const std::string_view record = NextRecord(&body);
      if (index <= after_) continue;
      if (Status fault = visit_(index, record)) return fault;
      ++found_->records;
    }
    COHELD_FAILPOINT("opening.visited_batch");
    return std::nullopt;
  }

  // Looks at how a segment ends, and goes on with the last one.
  Status Finish(const std::string& path, std::unique_ptr<File> file, const SegmentEnd& end,
                uint64_t size, bool last) {
    if (end.kind == SegmentEnd::Kind::kDamaged || (end.kind == SegmentEnd::Kind::kTorn && !last)) {
      return Damaged(path, end.offset, end.why, journal_.next_index_);
    }
    if (!last) return std::nullopt;
    if (end.kind == SegmentEnd::Kind::kTorn) {
      found_->bytes_cut = end.size;
      found_->cut = path + " from byte " + std::to_string(end.offset) + ": " + end.why;
      // Not by making the file shorter, which is how damage looks.
      if (Status fault = file->WriteAt(end.offset, std::string(end.size, '\0'))) return fault;
      COHELD_FAILPOINT("opening.cut");
    }
    journal_.current_ = std::move(file);
    journal_.offset_ = end.offset;
    journal_.room_ = size;
    return std::nullopt;
  }

  Journal& journal_;
  const uint64_t after_;
  const Visit& visit_;
  Found* const found_;
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
