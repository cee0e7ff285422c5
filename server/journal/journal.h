// The journal in a folder of files: records are written in batches, made durable, read again when
// the daemon starts, and trimmed when a snapshot has them. The format is in format.h.
//
// One thread at a time; which one is committer.h's business. After a Fault the journal must not be
// used again: what is on disk is unknown until it is opened anew.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/journal/files.h"
#include "server/journal/format.h"
#include "server/journal/reading.h"

namespace coheld::journal {

struct JournalOptions {
  std::string folder;
  // How large a segment is; one with a batch that is larger still is as large as that.
  uint64_t segment_bytes = uint64_t{64} << 20;
  // Whether syncs are waited for. Then a segment is filled with zeros before it is used, so that a
  // sync writes data only; else it is only allocated, which takes a tenth of the time.
  bool quick_syncs = true;
  // A random number for a new folder. Not needed if there are segments.
  uint64_t salt = 0;
};

// Records that are on their way into the journal as one batch.
class PendingBatch {
 public:
  PendingBatch() { Clear(); }
  void Add(std::string_view record) { Add({&record, 1}); }
  // Adds a record that is these parts in a row.
  void Add(std::span<const std::string_view> parts) {
    size_t bytes = 0;
    for (const std::string_view part : parts) bytes += part.size();
    const size_t needed = size_ + kRecordHeadBytesMax + bytes;
    if (needed > room_.size()) [[unlikely]]
      Grow(needed);
    size_ = static_cast<size_t>(WriteRecord(parts, bytes, room_.data() + size_) - room_.data());
    ++count_;
  }
  void Clear();
  bool empty() const { return count_ == 0; }
  uint32_t count() const { return count_; }
  size_t bytes() const { return size_; }
  // Without the header that every batch has.
  size_t record_bytes() const { return size_ - kBatchHeaderBytes; }

 private:
  friend class Journal;
  // Makes room for so many bytes.
  void Grow(size_t bytes);

  std::string room_;  // The header's, the body's and more, which need not be zeroed each time.
  size_t size_ = 0;   // Of header and body.
  uint32_t count_ = 0;
};

class Journal {
 public:
  using Visit = journal::Visit;

  // What opening found.
  struct Found {
    uint64_t records = 0;  // Visited.
    uint64_t segments = 0;
    uint64_t bytes_cut = 0;  // Of a tail that was never confirmed.
    std::string cut;         // For people: where that was; empty if there was none.
  };

  // Opens the journal of a folder, or makes one. Visits every record after `after` (what a snapshot
  // has; 0: none) and makes them durable. Faults: a call that failed; damage, which is anything but
  // a tail that was never confirmed, with file, offset and what to do; records missing after
  // `after`.
  [[nodiscard]] static Status Open(Files& files, const JournalOptions& options, uint64_t after,
                                   const Visit& visit, Found* found,
                                   std::unique_ptr<Journal>* journal);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Has calls that take long made by `aside`: they need nothing of the journal, so another thread
  // may call Write, with what fits, and Sync meanwhile.
  using Call = std::function<Status()>;
  void SetAside(std::function<Status(const Call& call)> aside) { aside_ = std::move(aside); }

  // True if a batch fits into the current segment: then Write only writes.
  bool Fits(const PendingBatch& pending) const { return offset_ + pending.bytes() <= room_; }
  // Writes the records as one batch and clears it; they are not durable yet, but survive the
  // process. They get the indices from next_index() on.
  [[nodiscard]] Status Write(PendingBatch* pending);
  // Makes all that was written durable.
  [[nodiscard]] Status Sync();
  // Notes in the journal what is durable, so that damage to it is not taken for a tail that was
  // never confirmed. For when nothing else is to be written for a while.
  [[nodiscard]] Status Mark();
  // Seals the current segment, if it has records: makes them durable and goes on in the next one.
  // What a sealed segment has is read by others while the journal is written on.
  [[nodiscard]] Status Roll();
  // Removes the segments all of whose records have indices up to this one.
  [[nodiscard]] Status TrimTo(uint64_t index);
  // Takes room on the disk for the next segment: so many bytes more, until prepared(). Without it
  // the journal writes on in what it has, and takes the room when that is full.
  [[nodiscard]] Status PrepareNext(uint64_t bytes);
  // Takes more for a segment that is prepared, so that a batch of so many bytes fits into it. If
  // the disk gets full, the segment has what there was.
  [[nodiscard]] Status ExtendNext(uint64_t bytes);
  // Gives the room back that was taken so far for the next segment, to others who need it more: a
  // snapshot, after which segments can go. For when there is not enough.
  [[nodiscard]] Status DropNext();

  // True if so much of the current segment is used that it is time to prepare the next one.
  bool half_used() const { return room_ - offset_ < options_.segment_bytes / 2; }
  // True if so little is left of it that the next one must be there soon.
  bool almost_full() const { return room_ - offset_ < options_.segment_bytes / 8; }
  uint64_t segment_bytes() const { return options_.segment_bytes; }
  // For how many bytes of batches there surely is room, even if the disk is full: in the next
  // segment, as one of them may not fit into what is left of this one.
  uint64_t sure_bytes() const {
    return prepared() ? next_room_ - kSegmentHeaderBytes : room_ - offset_;
  }
  // True if there is nothing that Sync or Mark would do.
  bool settled() const { return durable_index_ + 1 == next_index_ && marked_ == durable_index_; }
  // True if the next segment has its room on the disk: so much can be written even if it is full.
  bool prepared() const { return next_room_ >= options_.segment_bytes; }
  // The index that the next record will have; that of the first ever is 1.
  uint64_t next_index() const { return next_index_; }
  // The index of the last record in a sealed segment; 0 if there is none.
  uint64_t sealed_index() const { return segments_.rbegin()->first - 1; }
  // The index of the last durable record; 0 if there is none.
  uint64_t durable_index() const { return durable_index_; }

 private:
  class Opening;
  Journal(Files& files, const JournalOptions& options) : files_(files), options_(options) {}

  std::string PathOf(std::string_view name) const;
  // Seals and writes what is after the room for a header in `batch`.
  Status WriteBatch(uint32_t count, std::span<char> batch);
  // Makes durable what Sync does, and a mark.
  Status SyncAll();
  Status Aside(const Call& call) const;
  Status TakeRoom(uint64_t bytes);
  // Makes all so far durable and begins the next segment.
  Status StartSegment(uint64_t batch_bytes);

  Files& files_;
  const JournalOptions options_;
  std::function<Status(const Call&)> aside_;  // Null: calls are made here.
  uint64_t salt_ = 0;
  std::map<uint64_t, std::string> segments_;  // Paths by the index of their first record.
  std::unique_ptr<File> current_;
  uint64_t offset_ = 0;  // Where in it the next batch goes.
  uint64_t synced_offset_ = 0;
  uint64_t room_ = 0;  // Its size.
  std::unique_ptr<File> next_;
  bool starting_ = false;  // A segment is being started; after a Fault for ever.
  uint64_t next_room_ = 0;
  uint64_t next_index_ = 1;
  uint64_t durable_index_ = 0;
  uint64_t previous_ = 0;  // The checksum of the last batch.
  uint64_t marked_ = 0;    // What the last batch or mark says is durable.
};

}  // namespace coheld::journal
