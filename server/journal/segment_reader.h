// Reads the batches of one segment and tells how they end. Knows no files.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "server/journal/format.h"

namespace coheld::journal {

// Where the batches of a segment end, and why there.
struct SegmentEnd {
  enum class Kind {
    kClean,    // Nothing but zeros follows.
    kTorn,     // What follows was never confirmed to be written; it may be cut off.
    kDamaged,  // What follows was confirmed, and is not there.
  };
  Kind kind = Kind::kClean;
  uint64_t offset = 0;  // Of the first byte after the last good batch.
  uint64_t size = 0;    // From there to the last byte that is not zero.
  std::string why;      // For people; empty if clean.
};

class SegmentReader {
 public:
  // `bytes` is the whole file and outlives the reader; `header` was read from it.
  SegmentReader(const SegmentHeader& header, std::string_view bytes);

  struct Batch {
    BatchHeader header;
    std::string_view body;
  };
  // Returns the next good batch, or nothing at the end.
  std::optional<Batch> Next();

  // Tells what is after the last batch, once Next gave nothing.
  const SegmentEnd& end() const { return end_; }
  // The index of the record after the last one read, and the checksum of the last batch.
  uint64_t next_index() const { return next_index_; }
  uint64_t previous() const { return previous_; }
  // Where the first good batch begins of which none so far says that it was durable.
  uint64_t unsure_offset() const { return unsure_.empty() ? offset_ : unsure_.front().offset; }
  // The highest index that a batch so far, good or not, says was durable.
  uint64_t durable() const { return durable_; }

 private:
  // Returns what is wrong with the batch at the offset, or an empty text.
  std::string Check(const std::optional<BatchHeader>& header) const;
  void FindEnd(std::string why);

  const uint64_t salt_;
  const std::string_view bytes_;
  uint64_t offset_ = kSegmentHeaderBytes;
  uint64_t next_index_;
  uint64_t previous_;
  uint64_t durable_ = 0;
  struct Unsure {
    uint64_t end = 0;  // The index after its last record.
    uint64_t offset = 0;
  };
  std::deque<Unsure> unsure_;
  SegmentEnd end_;
};

// Returns the next record of a body that was read from a batch, and takes it off the body.
std::string_view NextRecord(std::string_view* body);

}  // namespace coheld::journal
