// See snapshot_reads.h.
#include "server/dispatch/snapshot_reads.h"

#include <algorithm>
#include <utility>

#include "server/journal/snapshot.h"

namespace coheld::dispatch {
namespace {

wire::Failure CannotRead(uint64_t index, const std::string& why) {
  return {v1::ERROR_REASON_SNAPSHOT_FAILED, "snapshot " + std::to_string(index) +
                                                " cannot be read: " + why +
                                                "; have a new one made, and read that"};
}

}  // namespace

wire::Result<SnapshotReads::Open*> SnapshotReads::Find(uint64_t index) {
  if (const auto found = open_.find(index); found != open_.end()) return &found->second;
  Open opened;
  journal::Status fault = files_.Open(folder_ + "/" + journal::SnapshotName(index), &opened.file);
  if (!fault) fault = opened.file->Size(&opened.total);
  if (fault) return CannotRead(index, fault->message);
  if (open_.size() == kOpenMax) {
    open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
      return a.second.last_read < b.second.last_read;
    }));
  }
  return &(open_[index] = std::move(opened));
}

wire::Result<SnapshotReads::Part> SnapshotReads::Read(uint64_t index, uint64_t offset,
                                                      engine::TimeMs now) {
  CloseIdle(now);
  const wire::Result<Open*> found = Find(index);
  if (!found.ok()) return found.failure();
  Open& open = *found.value();
  if (offset > open.total) {
    return wire::Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                         "offset " + std::to_string(offset) + " is beyond the snapshot's " +
                             std::to_string(open.total) + " bytes"};
  }
  open.last_read = now;
  due_ = std::min(due_, engine::After(now, kIdleMs));
  Part part{.total = open.total};
  if (journal::Status fault = open.file->ReadAt(offset, kPartBytes, &part.bytes)) {
    return CannotRead(index, fault->message);
  }
  if (offset + part.bytes.size() >= part.total) open_.erase(index);
  return part;
}

void SnapshotReads::CloseIdle(engine::TimeMs now) {
  std::erase_if(open_, [now](const auto& open) {
    return engine::Elapsed(open.second.last_read, now) >= kIdleMs;
  });
  due_ = engine::kNever;
  for (const auto& [index, open] : open_) {
    due_ = std::min(due_, engine::After(open.last_read, kIdleMs));
  }
}

}  // namespace coheld::dispatch
