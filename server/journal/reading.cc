// See reading.h.
#include "server/journal/reading.h"

#include <memory>
#include <optional>
#include <vector>

#include "server/journal/failpoint.h"

namespace coheld::journal {
namespace {

class JournalReader {
 public:
  JournalReader(Files& files, const ReadingOptions& options, const Visit& visit, Reading* reading)
      : files_(files), options_(options), visit_(visit), reading_(*reading) {}

  Status Run() {
    if (Status fault = FindSegments()) return fault;
    reading_.next_index = options_.after + 1;
    bool is_first = true;
    for (auto segment = reading_.segments.begin(); segment != reading_.segments.end();) {
      const auto& [first, path] = *segment++;
      if (first > options_.up_to) break;
      const bool is_last = segment == reading_.segments.end();
      const bool is_covered = !is_last && segment->first <= options_.after + 1;
      if (is_covered && !options_.with_covered) continue;
      if (Status fault = ReadSegment(first, path, is_first)) return fault;
      is_first = false;
      if (done_) return std::nullopt;
      if (Status fault = JudgeEnd(is_last)) return fault;
    }
    return CheckWhole();
  }

 private:
  Status FindSegments() {
    std::vector<std::string> names;
    if (Status fault = files_.List(options_.folder, &names)) return fault;
    for (const std::string& name : names) {
      const std::optional<uint64_t> first = FirstOf(name);
      if (first) reading_.segments[*first] = options_.folder + "/" + name;
    }
    return std::nullopt;
  }

  // Notes what is wrong with the segment being read.
  Fault Damaged(uint64_t offset, const std::string& why) {
    reading_.end.kind = SegmentEnd::Kind::kDamaged;
    reading_.end.offset = offset;
    reading_.damage = why;
    return {0, reading_.path + " is damaged at byte " + std::to_string(offset) + ": " + why +
                   ". The last good record is " + std::to_string(reading_.next_index - 1) +
                   ". Restore a backup, or repair the folder and lose what comes after it "
                   "(coheldctl repair)"};
  }

  // Reads the header, which has to go on where the segment before it ended.
  Status ReadHeader(uint64_t first, bool is_first, SegmentHeader* header) {
    HeadVerdict verdict;
    const std::optional<SegmentHeader> decoded = DecodeSegmentHeader(bytes_, &verdict);
    if (verdict.kind == HeadVerdict::Kind::kNewer) {
      return Fault{kNewerFile, reading_.path + " is of a newer coheld: " + verdict.why +
                                   ". Use the coheld that wrote it, or a newer one"};
    }
    if (!decoded) return Damaged(0, verdict.why);
    if (decoded->first != first) {
      return Damaged(0, "its header names record " + std::to_string(decoded->first));
    }
    if (is_first && first > options_.after + 1) {
      return Damaged(0, "the records before it are missing");
    }
    if (!is_first && (first != reading_.next_index || decoded->previous != reading_.previous ||
                      decoded->salt != reading_.salt)) {
      return Damaged(0, "it does not go on where the segment before it ends");
    }
    *header = *decoded;
    return std::nullopt;
  }

  Status ReadSegment(uint64_t first, const std::string& path, bool is_first) {
    reading_.path = path;
    reading_.end = {};
    std::unique_ptr<File> file;
    if (Status fault = files_.Open(path, &file)) return fault;
    if (Status fault = file->Size(&reading_.size)) return fault;
    if (Status fault = file->ReadAt(0, reading_.size, &bytes_)) return fault;
    reading_.bytes += bytes_.size();
    SegmentHeader header;
    if (Status fault = ReadHeader(first, is_first, &header)) return fault;
    reading_.salt = header.salt;
    SegmentReader reader(header, bytes_);
    while (!done_) {
      const std::optional<SegmentReader::Batch> batch = reader.Next();
      reading_.next_index = reader.next_index();
      reading_.previous = reader.previous();
      if (!batch) break;
      if (Status fault = VisitBatch(*batch)) return fault;
    }
    if (done_) return std::nullopt;
    reading_.end = reader.end();
    reading_.unsure_offset = reader.unsure_offset();
    if (bytes_.size() < header.bytes) {
      return Damaged(bytes_.size(),
                     "it ends there, and should have " + std::to_string(header.bytes) + " bytes");
    }
    COHELD_FAILPOINT("opening.read_segment");
    return std::nullopt;
  }

  Status VisitBatch(const SegmentReader::Batch& batch) {
    std::string_view body = batch.body;
    for (uint64_t index = batch.header.first; index < batch.header.end() && !done_; ++index) {
      const std::string_view record = NextRecord(&body);
      done_ = index == options_.up_to;
      if (index <= options_.after) continue;
      if (Status fault = visit_(index, record)) return fault;
      ++reading_.records;
    }
    COHELD_FAILPOINT("opening.visited_batch");
    return std::nullopt;
  }

  // Only the last segment may end with what was never confirmed.
  Status JudgeEnd(bool is_last) {
    const SegmentEnd& end = reading_.end;
    if (end.kind == SegmentEnd::Kind::kClean) return std::nullopt;
    if (end.kind == SegmentEnd::Kind::kTorn && is_last) return std::nullopt;
    return Damaged(end.offset, end.why);
  }

  // The journal has to go on where a snapshot ends, and to have what was asked for.
  Status CheckWhole() {
    const uint64_t last = reading_.next_index - 1;
    if (!reading_.segments.empty() && last < options_.after) {
      return Fault{0, "the journal in " + options_.folder + " ends with record " +
                          std::to_string(last) + ", before record " +
                          std::to_string(options_.after) + ", which the snapshot ends with"};
    }
    if (options_.up_to != UINT64_MAX && last < options_.up_to) {
      return Fault{0, "the journal in " + options_.folder + " ends with record " +
                          std::to_string(last) + ", before record " +
                          std::to_string(options_.up_to) + ", which was asked for"};
    }
    return std::nullopt;
  }

  Files& files_;
  const ReadingOptions& options_;
  const Visit& visit_;
  Reading& reading_;
  std::string bytes_;  // Of the segment being read.
  bool done_ = false;  // `up_to` was visited.
};

}  // namespace

Status ReadJournal(Files& files, const ReadingOptions& options, const Visit& visit,
                   Reading* reading) {
  *reading = {};
  return JournalReader(files, options, visit, reading).Run();
}

}  // namespace coheld::journal
