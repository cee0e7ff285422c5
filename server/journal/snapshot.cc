// See snapshot.h.
#include "server/journal/snapshot.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "server/journal/failpoint.h"
#include "server/journal/little_endian.h"
#include "server/journal/planted_bug.h"

namespace coheld::journal {
namespace {

constexpr size_t kHeaderBytes = kFileHeadBytes;
constexpr size_t kChunkHeaderBytes = 16;
constexpr size_t kChunkChecksumAt = 8;
constexpr size_t kStateBytes = size_t{1} << 20;  // Of a chunk.
constexpr size_t kStateBytesMax = size_t{64} << 20;
constexpr int kCompression = 1;
constexpr uint64_t kCompressedMost = 256;  // Times; of a state that is believed unread.
constexpr uint64_t kSyncBytes = uint64_t{4} << 20;

// Returns the checksum of a chunk, header and all.
uint64_t ChunkChecksum(uint64_t number, uint64_t previous, std::string_view chunk) {
  const uint64_t chain[] = {number, previous};
  const uint64_t seed = XXH3_64bits(chain, sizeof(chain));
  const uint64_t head = XXH3_64bits_withSeed(chunk.data(), kChunkChecksumAt, seed);
  chunk.remove_prefix(kChunkHeaderBytes);
  return XXH3_64bits_withSeed(chunk.data(), chunk.size(), head);
}

std::string EncodeHeader(uint64_t index) {
  std::string bytes = BeginHead(kSnapshotKind);
  PutNumber(index, 16, &bytes);
  SealHead(&bytes);
  return bytes;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

SnapshotWriter::SnapshotWriter(Files& files, std::string path, std::string next, uint64_t index)
    : files_(files), path_(std::move(path)), next_(std::move(next)), index_(index) {}

SnapshotWriter::SnapshotWriter(Files& files, const std::string& folder, uint64_t index)
    : SnapshotWriter(files, folder + "/" + SnapshotName(index),
                     folder + "/" + std::string(kNextSnapshotName), index) {}

SnapshotWriter SnapshotWriter::InFile(Files& files, const std::string& path, uint64_t index) {
  return {files, path, path + ".next", index};
}

SnapshotWriter::~SnapshotWriter() = default;

Status SnapshotWriter::Open() {
  if (file_ != nullptr) return std::nullopt;
  if (Status fault = files_.Remove(next_); fault && fault->code != ENOENT) return fault;
  if (Status fault = files_.Create(next_, &file_)) return fault;
  if (Status fault = file_->WriteAt(0, EncodeHeader(index_))) return fault;
  COHELD_FAILPOINT("snapshot.created");
  offset_ = kHeaderBytes;
  return std::nullopt;
}

Status SnapshotWriter::Add(std::string_view bytes) {
  if (Status fault = Open()) return fault;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kStateBytes - gathered_.size());
    gathered_ += part;
    bytes.remove_prefix(part.size());
    if (gathered_.size() < kStateBytes) break;
    if (Status fault = WriteChunk(gathered_)) return fault;
    gathered_.clear();
  }
  return std::nullopt;
}

Status SnapshotWriter::WriteChunk(std::string_view state) {
  std::string chunk(kChunkHeaderBytes, '\0');
  if (!state.empty()) {
    chunk.resize(kChunkHeaderBytes + ZSTD_compressBound(state.size()));
    const size_t size =
        ZSTD_compress(chunk.data() + kChunkHeaderBytes, chunk.size() - kChunkHeaderBytes,
                      state.data(), state.size(), kCompression);
    if (ZSTD_isError(size)) return Fault{ENOMEM, std::string("zstd: ") + ZSTD_getErrorName(size)};
    chunk.resize(kChunkHeaderBytes + size);
  }
  PutNumber(static_cast<uint32_t>(chunk.size() - kChunkHeaderBytes), 0, &chunk);
  PutNumber(static_cast<uint32_t>(state.size()), 4, &chunk);
  previous_ = ChunkChecksum(chunks_++, previous_, chunk);
  PutNumber(previous_, kChunkChecksumAt, &chunk);
  if (Status fault = file_->WriteAt(offset_, chunk)) return fault;
  COHELD_FAILPOINT("snapshot.wrote_chunk");
  offset_ += chunk.size();
  if (offset_ - synced_ < kSyncBytes) return std::nullopt;
  // Not all at the end: the journal's own syncs would wait for it.
  synced_ = offset_;
  return file_->Sync();
}

Status SnapshotWriter::Seal() {
  if (Status fault = Open()) return fault;
  if (!gathered_.empty()) {
    if (Status fault = WriteChunk(gathered_)) return fault;
  }
  if (Status fault = WriteChunk({})) return fault;
  COHELD_FAILPOINT("snapshot.ended");
  if (!Planted(PlantedBug::kSnapshotNotSynced)) {
    if (Status fault = file_->Sync()) return fault;
  }
  COHELD_FAILPOINT("snapshot.synced");
  file_.reset();
  return std::nullopt;
}

Status SnapshotWriter::Publish() {
  COHELD_FAILPOINT("snapshot.verified");
  if (Status fault = files_.Rename(next_, path_)) return fault;
  COHELD_FAILPOINT("snapshot.renamed");
  if (Status fault = files_.SyncFolder(FolderOf(path_))) return fault;
  COHELD_FAILPOINT("snapshot.synced_folder");
  return std::nullopt;
}

Status SnapshotWriter::Finish() {
  if (Status fault = Seal()) return fault;
  if (Status fault = CheckSnapshot(files_, next_)) return fault;
  return Publish();
}

Status SnapshotReader::Open(Files& files, const std::string& folder, uint64_t index,
                            std::unique_ptr<SnapshotReader>* reader) {
  std::unique_ptr<SnapshotReader> opened;
  if (Status fault = OpenFile(files, folder + "/" + SnapshotName(index), &opened)) return fault;
  if (opened->index_ != index) return opened->Damaged("its name has another index");
  *reader = std::move(opened);
  return std::nullopt;
}

Status SnapshotReader::OpenFile(Files& files, const std::string& path,
                                std::unique_ptr<SnapshotReader>* reader) {
  std::unique_ptr<SnapshotReader> opened(new SnapshotReader(path));
  if (Status fault = files.Open(path, &opened->file_)) return fault;
  if (Status fault = opened->ReadHeader()) return fault;
  *reader = std::move(opened);
  return std::nullopt;
}

Fault SnapshotReader::Damaged(const std::string& why) const {
  return {0, path_ + " is damaged at byte " + std::to_string(offset_) + ": " + why +
                 ". Restore a backup, or repair the folder and lose what no older snapshot "
                 "and no record has (coheldctl repair)"};
}

Status SnapshotReader::ReadHeader() {
  std::string bytes;
  if (Status fault = file_->ReadAt(0, kHeaderBytes, &bytes)) return fault;
  const HeadVerdict verdict = JudgeHead(kSnapshotKind, bytes);
  if (verdict.kind == HeadVerdict::Kind::kDamaged) return Damaged(verdict.why);
  if (verdict.kind == HeadVerdict::Kind::kNewer) {
    return Fault{kNewerFile, path_ + " is of a newer coheld: " + verdict.why +
                                 ". Use the coheld that wrote it, or a newer one"};
  }
  index_ = GetNumber<uint64_t>(bytes, 16);
  offset_ = kHeaderBytes;
  return std::nullopt;
}

Status SnapshotReader::StateBytes(uint64_t* bytes) const {
  uint64_t file_bytes = 0;
  if (Status fault = file_->Size(&file_bytes)) return fault;
  *bytes = 0;
  std::string head;
  for (uint64_t at = kHeaderBytes; at < file_bytes;) {
    if (Status fault = file_->ReadAt(at, kChunkHeaderBytes, &head)) return fault;
    if (head.size() < kChunkHeaderBytes) break;
    const auto state_size = GetNumber<uint32_t>(head, 4);
    if (state_size > kStateBytesMax) break;
    at += kChunkHeaderBytes + GetNumber<uint32_t>(head, 0);
    *bytes += state_size;
  }
  *bytes = std::min(*bytes, file_bytes * kCompressedMost);
  return std::nullopt;
}

Status SnapshotReader::Next(std::string* part) {
  std::string chunk;
  if (Status fault = file_->ReadAt(offset_, kChunkHeaderBytes, &chunk)) return fault;
  if (chunk.size() < kChunkHeaderBytes) return Damaged("it ends there");
  const auto size = GetNumber<uint32_t>(chunk, 0);
  const auto state_size = GetNumber<uint32_t>(chunk, 4);
  const auto checksum = GetNumber<uint64_t>(chunk, kChunkChecksumAt);
  if (state_size > kStateBytesMax || size > ZSTD_compressBound(state_size)) {
    return Damaged("a chunk cannot be as large as it says");
  }
  std::string body;
  if (Status fault = file_->ReadAt(offset_ + kChunkHeaderBytes, size, &body)) return fault;
  chunk += body;
  if (body.size() < size) return Damaged("it ends within a chunk");
  if (ChunkChecksum(chunks_, previous_, chunk) != checksum) {
    return Damaged("the chunk's checksum is wrong");
  }
  part->resize(state_size);
  if (state_size > 0 &&
      ZSTD_decompress(part->data(), state_size, body.data(), size) != state_size) {
    return Damaged("the chunk cannot be decompressed");
  }
  if (state_size == 0) {
    if (Status fault = file_->ReadAt(offset_ + kChunkHeaderBytes, 1, &body)) return fault;
    if (size != 0 || !body.empty()) return Damaged("it goes on after its end");
  }
  offset_ += chunk.size();
  previous_ = checksum;
  ++chunks_;
  return std::nullopt;
}

Status CheckSnapshot(Files& files, const std::string& path) {
  std::unique_ptr<SnapshotReader> reader;
  if (Status fault = SnapshotReader::OpenFile(files, path, &reader)) return fault;
  std::string part;
  do {
    if (Status fault = reader->Next(&part)) return fault;
  } while (!part.empty());
  return std::nullopt;
}

Status FindSnapshot(Files& files, const std::string& folder, std::optional<uint64_t>* index) {
  std::vector<std::string> names;
  if (Status fault = files.List(folder, &names)) return fault;
  for (const std::string& name : names) {
    if (const std::optional<uint64_t> found = SnapshotIndexOf(name)) *index = found;
  }
  return std::nullopt;
}

Status RemoveSnapshotsBefore(Files& files, const std::string& folder, uint64_t index) {
  std::vector<std::string> names;
  if (Status fault = files.List(folder, &names)) return fault;
  for (const std::string& name : names) {
    const std::optional<uint64_t> found = SnapshotIndexOf(name);
    if (name != kNextSnapshotName && !(found && *found < index)) continue;
    if (Status fault = files.Remove(folder + "/" + name)) return fault;
    COHELD_FAILPOINT("snapshot.removed");
  }
  if (Status fault = files.SyncFolder(folder)) return fault;
  COHELD_FAILPOINT("snapshot.removed_all");
  return std::nullopt;
}

}  // namespace coheld::journal
