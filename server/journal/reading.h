// Reads the journal in a folder: its segments, oldest first, each of which has to go on where the
// one before it ended. Writes nothing and takes no lock: it may read what a daemon is writing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "server/journal/files.h"
#include "server/journal/segment_reader.h"

namespace coheld::journal {

// Called with each record, in order. A Fault ends the reading.
using Visit = std::function<Status(uint64_t index, std::string_view record)>;

struct ReadingOptions {
  std::string folder;
  uint64_t after = 0;           // Records up to this one are not visited (a snapshot has them).
  uint64_t up_to = UINT64_MAX;  // Nothing after this record is looked at; it has to be there.
  // Looks at segments too that only have records up to `after`.
  bool with_covered = false;
};

// What reading found.
struct Reading {
  std::map<uint64_t, std::string> segments;  // Paths of all, by the index of their first record.
  uint64_t records = 0;                      // Visited.
  uint64_t bytes = 0;                        // Of the segments that were read.
  uint64_t next_index = 1;                   // The index after the last good record.
  // Of the segment that was read last. The end is known unless `up_to` came first.
  uint64_t salt = 0;
  uint64_t previous = 0;  // The checksum of the last good batch.
  uint64_t size = 0;
  SegmentEnd end;
  uint64_t unsure_offset = 0;  // What is good from there on may not be durable.
  std::string path;            // Empty if there is no segment.
  std::string damage;          // What is wrong at end.offset; empty if nothing is.
};

// Reads the journal of a folder. Faults: a call that failed; damage, which is anything but a tail
// that was never confirmed, with file, offset and what to do (`reading` then tells where); records
// that are missing after `after`, or before `up_to`. A folder without segments has no records.
[[nodiscard]] Status ReadJournal(Files& files, const ReadingOptions& options, const Visit& visit,
                                 Reading* reading);

}  // namespace coheld::journal
