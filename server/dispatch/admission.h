// Who is let in when memory or the disk is full. What an op does to the room that there is stands
// in the protos (`option (room)`); nothing is ever evicted to make some.
//
//                            reads that  reads that  ROOM_FREED       ROOM_KEPT    adds
//                            answer      may wait                                  something
//   memory at growth_max     yes         yes         yes              if its       no
//                                                                     object is there
//   memory at max            of Admin    no          unless it waits  no           no
//   disk: no next segment    yes         yes         yes              no           no
//   disk: the reserve ends   yes         no          no               no           no
//
// A Create of what is there counts as ROOM_FREED. What was refused is kept as the answer to its
// seq. Copies of what was done, or waits, are let in. Not asked: what time brings about (leases,
// TTLs, sessions that end), and what is recovered.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/wire/methods.h"
#include "server/engine/store.h"
#include "server/journal/commit_log.h"
#include "server/observe/memory.h"

namespace coheld::dispatch {

class Admission {
  // What a record has besides the request, at most.
  static constexpr size_t kRecordBytes = 512;

 public:
  // `log` is null if nothing is recorded.
  Admission(const observe::MemoryCap& memory, journal::CommitLog* log);

  // True if an op is let in without doubt. Nobody is asked who would have to look.
  bool HasPlenty(uint32_t method, size_t payload_bytes) const {
    if (log_ != nullptr && !log_->has_plenty_for(payload_bytes + kRecordBytes)) return false;
    return memory_.max == 0 || HasPlentyOfMemory(method, payload_bytes);
  }
  // Returns why an op is not let in, or nothing: MEMORY_FULL, DISK_FULL. Costs next to nothing as
  // long as there is room.
  std::optional<wire::Failure> Refuse(uint32_t method, std::string_view payload,
                                      const engine::Store& store) {
    if (HasPlenty(method, payload.size())) [[likely]]
      return std::nullopt;
    return Judge(method, payload, store);
  }

  const observe::MemoryCap& memory() const { return memory_; }
  bool disk_full() const { return log_ != nullptr && !log_->has_room(); }
  // Tells how an op ended that Refuse did not let in: a copy may have its answer already.
  void NoteAnswer(const std::optional<wire::Failure>& failure) {
    if (failure && failure->reason == v1::ERROR_REASON_MEMORY_FULL) ++memory_refusals_;
  }
  // How many ops were refused for the memory.
  uint64_t memory_refusals() const { return memory_refusals_; }

 private:
  bool HasPlentyOfMemory(uint32_t method, size_t payload_bytes) const;
  std::optional<wire::Failure> Judge(uint32_t method, std::string_view payload,
                                     const engine::Store& store);
  std::optional<wire::Failure> JudgeDisk(const wire::MethodRow& row, v1::Room room,
                                         size_t payload_bytes) const;
  // As long as there is less than growth_max, and then as long as there is less than max.
  bool FitsBelowMax(const wire::MethodRow& row, v1::Room room, std::string_view payload,
                    const engine::Store& store) const;
  bool FitsAboveMax(const wire::MethodRow& row, v1::Room room) const;

  const observe::MemoryCap memory_;
  journal::CommitLog* const log_;
  uint64_t memory_refusals_ = 0;
};

}  // namespace coheld::dispatch
