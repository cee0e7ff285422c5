// See admission.h.
#include "server/dispatch/admission.h"

#include <string>

#include "proto/wire/request_name.h"
#include "server/dispatch/footprint.h"

namespace coheld::dispatch {
namespace {

// A request of more is not "small", whatever the op does.
constexpr size_t kSmallRequestBytes = 64 << 10;

bool MayWait(const wire::MethodRow& row) {
  return row.descriptor->input_type()->FindFieldByName("timeout_ms") != nullptr;
}

bool IsForOperators(const wire::MethodRow& row) {
  return row.descriptor->service()->name() == "Admin";
}

// What an op does to the room: a Create of what is there does nothing.
v1::Room RoomOf(const wire::MethodRow& row, std::string_view payload, const engine::Store& store) {
  const bool is_there =
      row.name.ends_with(".Create") && store.Find(wire::NameIn(payload)) != nullptr;
  return is_there ? v1::ROOM_FREED : row.room;
}

std::string InMiB(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

wire::Failure MemoryFull(const observe::MemoryCap& memory, uint64_t used) {
  return {v1::ERROR_REASON_MEMORY_FULL,
          "the daemon uses " + InMiB(used) + " of the " + InMiB(memory.max) +
              " that it may, and adds nothing from " + InMiB(memory.growth_max()) +
              " on; nothing was done: read, take, release or delete something, or start the "
              "daemon with a larger --memory-max"};
}

wire::Failure DiskFull(std::string_view state) {
  return {v1::ERROR_REASON_DISK_FULL, "there is no room on the disk of the daemon's --data-dir " +
                                          std::string(state) +
                                          "; nothing was done: make room there, and it goes on"};
}

}  // namespace

Admission::Admission(const observe::MemoryCap& memory, journal::CommitLog* log)
    : memory_(memory), log_(log) {}

bool Admission::HasPlentyOfMemory(uint32_t method, size_t payload_bytes) const {
  return memory_.AllowsGrowth(kFootprintMin + kFootprintPerByte * payload_bytes) &&
         !IsAmplifier(method);
}

std::optional<wire::Failure> Admission::Judge(uint32_t method, std::string_view payload,
                                              const engine::Store& store) {
  const wire::MethodRow* const row = wire::FindMethod(method);
  if (row == nullptr) return std::nullopt;  // Refused as that.
  const v1::Room room = RoomOf(*row, payload, store);
  if (auto failure = JudgeDisk(*row, room, payload.size())) return failure;
  const bool below_max = memory_.Allows(payload.size());
  if (below_max ? FitsBelowMax(*row, room, payload, store)
                : FitsAboveMax(*row, room) && payload.size() <= kSmallRequestBytes) {
    return std::nullopt;
  }
  return MemoryFull(memory_, memory_.used());
}

std::optional<wire::Failure> Admission::JudgeDisk(const wire::MethodRow& row, v1::Room room,
                                                  size_t payload_bytes) const {
  if (log_ == nullptr || (row.read_only && !MayWait(row))) return std::nullopt;
  if (log_->has_room_for(payload_bytes + kRecordBytes)) return std::nullopt;
  if (!log_->has_reserve_for(payload_bytes + kRecordBytes)) {
    return DiskFull("at all: what was reserved for what gives room back is used up");
  }
  if (row.read_only || room == v1::ROOM_FREED) return std::nullopt;
  return DiskFull("for what adds to the state");
}

bool Admission::FitsBelowMax(const wire::MethodRow& row, v1::Room room, std::string_view payload,
                             const engine::Store& store) const {
  if (row.read_only || room == v1::ROOM_FREED) return true;
  if (room == v1::ROOM_KEPT && store.Find(wire::NameIn(payload)) != nullptr) return true;
  return memory_.AllowsGrowth(FootprintOf(row, payload, store));
}

bool Admission::FitsAboveMax(const wire::MethodRow& row, v1::Room room) const {
  return (room == v1::ROOM_FREED && !MayWait(row)) || IsForOperators(row);
}

}  // namespace coheld::dispatch
