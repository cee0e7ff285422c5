// See recovery_log.h.
#include "server/recovery/recovery_log.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace coheld::recovery {
namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

RecoveryLog::RecoveryLog(std::string folder) : folder_(std::move(folder)) {}

uint64_t RecoveryLog::elapsed_ms() const {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_).count());
}

void RecoveryLog::Note(const Report& report) {
  const Clock::time_point now = Clock::now();
  if (now - noted_ < kInterval) return;
  noted_ = now;
  spdlog::info("recovering snapshot_bytes={} records={} record_bytes={} ms={}",
               report.snapshot_bytes, report.records, report.record_bytes, elapsed_ms());
}

void RecoveryLog::Finish(const Report& report) {
  if (!report.journal.cut.empty()) {
    spdlog::info("tail_cut bytes={} where=\"{}\" hint=\"it was never acknowledged\"",
                 report.journal.bytes_cut, report.journal.cut);
  }
  spdlog::info(
      "recovered path={} snapshot={} snapshot_bytes={} records={} record_bytes={} last_index={} "
      "ms={}",
      folder_, report.snapshot.value_or(0), report.snapshot_bytes, report.records,
      report.record_bytes, report.last_index, elapsed_ms());
}

}  // namespace coheld::recovery
