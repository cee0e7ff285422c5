// See journal.h. Reading is in opening.cc.
#include "server/journal/journal.h"

#include <algorithm>
#include <utility>

#include "proto/wire/check.h"
#include "server/journal/failpoint.h"
#include "server/journal/planted_bug.h"

namespace coheld::journal {

void PendingBatch::Grow(size_t bytes) {
  room_.resize(std::max(bytes, room_.size() + room_.size() / 4));
}

void PendingBatch::Clear() {
  size_ = kBatchHeaderBytes;
  count_ = 0;
}

std::string Journal::PathOf(std::string_view name) const {
  return options_.folder + "/" + std::string(name);
}

Status Journal::Write(PendingBatch* pending) {
  COHELD_CHECK(!pending->empty());
  if (Status fault = WriteBatch(pending->count_, {pending->room_.data(), pending->size_}))
    return fault;
  pending->Clear();
  return std::nullopt;
}

Status Journal::Mark() {
  if (marked_ == durable_index_) return std::nullopt;
  std::string batch(kBatchHeaderBytes, '\0');
  if (Status fault = WriteBatch(0, batch)) return fault;
  COHELD_FAILPOINT("journal.marked");
  return std::nullopt;
}

Status Journal::WriteBatch(uint32_t count, std::span<char> batch) {
  if (offset_ + batch.size() > room_) {
    COHELD_FAILPOINT("journal.full");
    if (Status fault = StartSegment(batch.size())) return fault;
  }
  BatchHeader header{
      .count = count, .first = next_index_, .durable = durable_index_, .previous = previous_};
  SealBatch(salt_, &header, batch);
  COHELD_FAILPOINT("journal.write.before");
  if (Status fault = current_->WriteAt(offset_, {batch.data(), batch.size()})) return fault;
  COHELD_FAILPOINT("journal.wrote");
  offset_ += batch.size();
  next_index_ = header.end();
  previous_ = header.checksum;
  marked_ = header.durable;
  return std::nullopt;
}

Status Journal::Sync() {
  // A mark can wait for what comes after it.
  return durable_index_ + 1 == next_index_ ? std::nullopt : SyncAll();
}

Status Journal::SyncAll() {
  if (synced_offset_ == offset_) return std::nullopt;
  const uint64_t last = next_index_ - 1;
  const uint64_t offset = offset_;
  COHELD_FAILPOINT("journal.sync.before");
  const auto sync = [this] {
    return Planted(PlantedBug::kSyncSkipped) ? std::nullopt : current_->Sync();
  };
  if (Status fault = Aside(sync)) {
    if (!Planted(PlantedBug::kFailedSyncIgnored)) return fault;
  }
  COHELD_FAILPOINT("journal.synced");
  durable_index_ = std::max(durable_index_, last);
  synced_offset_ = std::max(synced_offset_, offset);
  return std::nullopt;
}

// What comes in the way of a new segment is not made aside: nothing may be written meanwhile.
Status Journal::Aside(const Call& call) const {
  return aside_ && !starting_ ? aside_(call) : call();
}

Status Journal::Roll() {
  if (sealed_index() + 1 == next_index_) return std::nullopt;
  if (Status fault = StartSegment(0)) return fault;
  COHELD_FAILPOINT("journal.rolled");
  return std::nullopt;
}

Status Journal::StartSegment(uint64_t batch_bytes) {
  starting_ = true;
  // A segment that follows says that all before it is durable, and goes on where that ended: after
  // a mark too.
  if (current_ != nullptr) {
    const bool is_mark = durable_index_ + 1 == next_index_;
    const bool skips = is_mark && Planted(PlantedBug::kMarkNotSynced);
    if (Status fault = skips ? std::nullopt : SyncAll()) return fault;
  }
  if (Status fault = PrepareNext(options_.segment_bytes)) return fault;
  const uint64_t room = std::max(next_room_, kSegmentHeaderBytes + batch_bytes);
  if (room > next_room_) {
    if (Status fault = TakeRoom(room)) return fault;
  }
  const std::string header = EncodeSegmentHeader(
      {.salt = salt_, .first = next_index_, .previous = previous_, .bytes = room});
  if (Status fault = next_->WriteAt(0, header)) return fault;
  COHELD_FAILPOINT("journal.named_next");
  if (Status fault = next_->Sync()) return fault;
  COHELD_FAILPOINT("journal.synced_next");
  const std::string path = PathOf(SegmentName(next_index_));
  if (Status fault = files_.Rename(PathOf(kNextSegmentName), path)) return fault;
  COHELD_FAILPOINT("journal.renamed");
  if (!Planted(PlantedBug::kNameNotSynced)) {
    if (Status fault = files_.SyncFolder(options_.folder)) return fault;
  }
  COHELD_FAILPOINT("journal.started");
  segments_[next_index_] = path;
  current_ = std::move(next_);
  next_room_ = 0;
  offset_ = synced_offset_ = kSegmentHeaderBytes;
  room_ = room;
  marked_ = durable_index_;
  starting_ = false;
  return std::nullopt;
}

Status Journal::TakeRoom(uint64_t bytes) {
  return options_.quick_syncs ? next_->Reserve(bytes) : next_->Allocate(bytes);
}

Status Journal::PrepareNext(uint64_t bytes) {
  if (prepared()) return std::nullopt;
  if (next_ == nullptr) {
    if (Status fault = files_.Create(PathOf(kNextSegmentName), &next_)) return fault;
    COHELD_FAILPOINT("journal.created_next");
  }
  const uint64_t room = std::min(next_room_ + bytes, options_.segment_bytes);
  if (Status fault = Aside([&] { return TakeRoom(room); })) return fault;
  COHELD_FAILPOINT("journal.reserved");
  if (room == options_.segment_bytes) {
    if (Status fault = Aside([&] { return next_->Sync(); })) return fault;
    COHELD_FAILPOINT("journal.synced_reserve");
  }
  next_room_ = room;
  return std::nullopt;
}

Status Journal::ExtendNext(uint64_t bytes) {
  COHELD_CHECK(prepared());
  const uint64_t room = kSegmentHeaderBytes + bytes;
  if (room <= next_room_) return std::nullopt;
  const Status fault = Aside([&] { return TakeRoom(room); });
  if (!fault) next_room_ = room;
  if (!fault || !IsFull(*fault)) return fault;
  return next_->Size(&next_room_);
}

Status Journal::DropNext() {
  if (next_ == nullptr) return std::nullopt;
  next_ = nullptr;
  next_room_ = 0;
  if (Status fault = files_.Remove(PathOf(kNextSegmentName))) return fault;
  return std::nullopt;
}

Status Journal::TrimTo(uint64_t index) {
  if (Planted(PlantedBug::kTrimmedTooFar)) index += 40;
  bool removed = false;
  while (segments_.size() > 1 && std::next(segments_.begin())->first <= index + 1) {
    COHELD_FAILPOINT("journal.trim.before");
    if (Status fault = files_.Remove(segments_.begin()->second)) return fault;
    COHELD_FAILPOINT("journal.removed");
    segments_.erase(segments_.begin());
    removed = true;
  }
  if (!removed) return std::nullopt;
  if (Status fault = files_.SyncFolder(options_.folder)) return fault;
  COHELD_FAILPOINT("journal.trimmed");
  return std::nullopt;
}

}  // namespace coheld::journal
