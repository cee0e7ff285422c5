// Snapshots: the whole state as it was after some record of the journal, in one file. What the
// bytes of a state mean is the engine's business. All numbers are little-endian.
//
//   file     snapshot-INDEX, INDEX in 20 digits; snapshot-next is one being made
//   snapshot header chunk* end
//   header   0   head           16 bytes and the checksum, as in all files (file_head.h)
//            16  index          8 bytes, of the last record that the state has
//            24  zeros          32 bytes
//            56  checksum       8 bytes
//   chunk    0   size           4 bytes, of what follows; not 0
//            4   state size     4 bytes, of the part of the state that it holds
//            8   checksum       8 bytes, XXH3 of bytes 0-7 and what follows, seeded with the
//                               chunk's number from 0 and the checksum before it (FORMAT.md)
//            16  a part of the state, compressed by zstd
//   end      a chunk without a size, whose state size is 0 and whose checksum is chained like all
//
// A snapshot is written aside, synced, read once more and renamed before anything that it replaces
// is removed. A backup is a snapshot in a file of any name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/journal/files.h"
#include "server/journal/format.h"

namespace coheld::journal {

inline constexpr std::string_view kNextSnapshotName = "snapshot-next";

// Returns the name of the snapshot whose last record has this index.
inline std::string SnapshotName(uint64_t index) { return NumberedName("snapshot-", index); }
// Returns the index in a snapshot's name, or nothing if it is no such name.
inline std::optional<uint64_t> SnapshotIndexOf(std::string_view name) {
  return NumberIn(name, "snapshot-");
}

// Writes one snapshot. After a Fault it must be dropped; what it wrote has no name that counts.
class SnapshotWriter {
 public:
  // Begins the snapshot of the state after record `index`.
  SnapshotWriter(Files& files, const std::string& folder, uint64_t index);
  // The same under a name of one's own: `path`, and `path`.next while it is being made.
  static SnapshotWriter InFile(Files& files, const std::string& path, uint64_t index);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // Adds the next bytes of the state.
  [[nodiscard]] Status Add(std::string_view bytes);
  // Makes the snapshot durable under its name: Seal, reading it once more, Publish.
  [[nodiscard]] Status Finish();
  // Ends the snapshot and makes it durable, under a name that does not count yet: next_path().
  [[nodiscard]] Status Seal();
  // Gives a sealed snapshot its name.
  [[nodiscard]] Status Publish();

  const std::string& next_path() const { return next_; }
  // How large the file is so far.
  uint64_t bytes() const { return offset_; }

 private:
  SnapshotWriter(Files& files, std::string path, std::string next, uint64_t index);
  Status Open();
  Status WriteChunk(std::string_view state);

  Files& files_;
  const std::string path_;
  const std::string next_;  // The path while it is being made.
  const uint64_t index_;
  std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
  uint64_t synced_ = 0;  // Up to where the file is durable.
  uint64_t chunks_ = 0;
  uint64_t previous_ = 0;
  std::string gathered_;
};

// Reads one snapshot, part by part.
class SnapshotReader {
 public:
  // Opens the snapshot that ends with record `index`.
  [[nodiscard]] static Status Open(Files& files, const std::string& folder, uint64_t index,
                                   std::unique_ptr<SnapshotReader>* reader);
  // Opens the snapshot in a file of any name.
  [[nodiscard]] static Status OpenFile(Files& files, const std::string& path,
                                       std::unique_ptr<SnapshotReader>* reader);
  // Returns the next part of the state in `part`; empty at the end. A Fault if the snapshot is
  // damaged: it names file, offset and what to do.
  [[nodiscard]] Status Next(std::string* part);

  // Returns how large the state is as the parts say, which are not looked at for that: at most some
  // multiple of the file, whatever they say.
  [[nodiscard]] Status StateBytes(uint64_t* bytes) const;

  uint64_t index() const { return index_; }
  const std::string& path() const { return path_; }
  // How much of the file was read.
  uint64_t bytes_read() const { return offset_; }

 private:
  explicit SnapshotReader(std::string path) : path_(std::move(path)) {}
  Status ReadHeader();
  Fault Damaged(const std::string& why) const;

  const std::string path_;
  uint64_t index_ = 0;
  std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
  uint64_t chunks_ = 0;
  uint64_t previous_ = 0;
};

// Reads a snapshot to its end. A Fault if it is damaged.
[[nodiscard]] Status CheckSnapshot(Files& files, const std::string& path);

// Finds the newest snapshot of a folder. Leaves `index` alone if there is none.
[[nodiscard]] Status FindSnapshot(Files& files, const std::string& folder,
                                  std::optional<uint64_t>* index);

// Removes all snapshots before this one, and what an unfinished one left.
[[nodiscard]] Status RemoveSnapshotsBefore(Files& files, const std::string& folder, uint64_t index);

}  // namespace coheld::journal
