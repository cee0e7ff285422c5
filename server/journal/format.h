// The format of the journal's files; FORMAT.md shows all files and an example. All numbers are
// little-endian.
//
//   folder   the files journal-FIRST, FIRST being the index of its first record in 20 digits;
//            journal-next, if it is there, is one being made and holds nothing yet
//   segment  header batch* zeros
//   header   0   head           16 bytes and the checksum, as in all files (file_head.h)
//            16  salt           8 bytes, random, the same in all segments of a folder
//            24  first          8 bytes, the index of the segment's first record
//            32  previous       8 bytes, the checksum of the last batch before it; 0 if none is
//            40  bytes          8 bytes, how long the file is at least
//            48  zeros          8 bytes
//            56  checksum       8 bytes
//   batch    0   size           4 bytes, of the body
//            4   count          4 bytes, how many records it has; 0 in a mark, which only tells
//                               what is durable
//            8   first          8 bytes, the index of its first record
//            16  durable        8 bytes, the index of the last record known to be on disk when the
//                               batch was written; 0 if there is none
//            24  previous       8 bytes, the checksum of the batch before it
//            32  body checksum  8 bytes, XXH3 of the body
//            40  checksum       8 bytes, XXH3 of bytes 0-39, seeded with the salt
//            48  body           record*
//   record   size (varint) bytes
//
// A batch is what one write call wrote. Batches are chained by their checksums, so that none can be
// missing, doubled or out of order, and no client can make one up, for it does not know the salt.
//
// Where the batches end there are zeros, or what a power cut left of writes that were never
// confirmed. It is damage, not such a tail, if a valid header follows that was written when what is
// missing was already durable: `durable` tells. So the journal writes a mark when it falls idle.
// A file that is shorter than its header says is damaged too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/wire/fields.h"
#include "server/journal/file_head.h"

namespace coheld::journal {

inline constexpr size_t kSegmentHeaderBytes = kFileHeadBytes;
inline constexpr size_t kBatchHeaderBytes = 48;
inline constexpr size_t kBatchFirstAt = 8;  // Of its `first`.
inline constexpr size_t kBatchBodyBytesMax = size_t{3} << 29;
inline constexpr std::string_view kNextSegmentName = "journal-next";

struct SegmentHeader {
  uint64_t salt = 0;
  uint64_t first = 0;
  uint64_t previous = 0;
  uint64_t bytes = 0;
};

struct BatchHeader {
  uint32_t size = 0;
  uint32_t count = 0;
  uint64_t first = 0;
  uint64_t durable = 0;
  uint64_t previous = 0;
  uint64_t body_checksum = 0;
  uint64_t checksum = 0;

  // The index after its last record.
  uint64_t end() const { return first + count; }
};

// Returns the header's bytes.
std::string EncodeSegmentHeader(const SegmentHeader& header);

// Returns the header that the bytes begin with, or, as the verdict, what is wrong with them.
std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes, HeadVerdict* verdict);

// Fills in the header of a batch: `batch` is room for it and then the body. Completes `header` too.
void SealBatch(uint64_t salt, BatchHeader* header, std::span<char> batch);

// Returns the header of a batch that the bytes begin with; nothing if its checksum is wrong.
std::optional<BatchHeader> DecodeBatchHeader(uint64_t salt, std::string_view bytes);

// True if the bytes, after the header that they begin with, have its whole body.
bool HasBody(const BatchHeader& header, std::string_view bytes);

// What stands before a record takes so many bytes at most.
inline constexpr size_t kRecordHeadBytesMax = wire::kVarintBytesMax;

// Writes a record, which is these parts in a row of so many bytes, and returns what follows it. The
// room must be there. Inline: it is on the way of each op.
inline char* WriteRecord(std::span<const std::string_view> parts, size_t bytes, char* out) {
  out = wire::WriteVarint(bytes, out);
  for (const std::string_view part : parts) {
    if (!part.empty()) std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
  return out;
}

// Takes a record from the front of a body; nothing if it is not whole.
std::optional<std::string_view> TakeRecord(std::string_view* body);

// Returns the name of a file: the prefix and the number in 20 digits.
std::string NumberedName(std::string_view prefix, uint64_t number);

// Returns the number in such a name, or nothing if it is none.
std::optional<uint64_t> NumberIn(std::string_view name, std::string_view prefix);

// Returns the name of the segment whose first record has this index.
inline std::string SegmentName(uint64_t first) { return NumberedName("journal-", first); }

// Returns the index in a segment's name, or nothing if it is no such name.
inline std::optional<uint64_t> FirstOf(std::string_view name) { return NumberIn(name, "journal-"); }

}  // namespace coheld::journal
