// See shard.h.
#include "server/shard/shard.h"

#include <unistd.h>

#include <utility>

#include <spdlog/spdlog.h>
#include <asio/post.hpp>

namespace coheld::shard {
namespace {

constexpr int kExitDiskFailed = 3;

// Nothing can be told to be safe any more, so nothing is: clients find out when they come again.
[[noreturn]] void EndOnFault(const journal::Fault& fault) {
  spdlog::critical(
      "journal_failed error=\"{}\" errno={} hint=\"nothing more is acknowledged; see to the disk "
      "and start the daemon again\"",
      fault.message, fault.code);
  spdlog::default_logger()->flush();
  _exit(kExitDiskFailed);
}

// What is limited for the daemon, each shard has its part of.
size_t PartOf(size_t limit, const engine::Placement& placement) {
  return (limit + placement.shards - 1) / placement.shards;
}

transport::TransportLimits PartOf(transport::TransportLimits limits,
                                  const engine::Placement& placement) {
  limits.connections_max = PartOf(limits.connections_max, placement);
  return limits;
}

dispatch::DispatchLimits PartOf(dispatch::DispatchLimits limits,
                                const engine::Placement& placement) {
  limits.parked_max = PartOf(limits.parked_max, placement);
  return limits;
}

}  // namespace

Shard::Shard(const config::Config& config, const engine::Placement& placement, OpenFolder folder,
             const std::string& secret, dispatch::ShardPost* post)
    : config_(config),
      loop_(io_),
      folder_(std::move(folder)),
      committer_(Committing()),
      dispatcher_(loop_, PartOf(config.dispatch, placement),
                  {.version = COHELD_VERSION,
                   .durability = std::string(config::WordsOf(config.durability).word),
                   .message_bytes_max = config.transport.session.message_bytes_max},
                  config.key, Begin(placement, secret, post)),
      listener_(io_, PartOf(config.transport, placement), dispatcher_) {
  if (committer_ != nullptr) BeginSnapshots();
}

std::unique_ptr<journal::Committer> Shard::Committing() {
  if (folder_.folder.journal == nullptr) return nullptr;
  loop_.StartClockAt(folder_.folder.engine->last_time());
  return std::make_unique<journal::Committer>(
      std::move(folder_.folder.journal),
      journal::Committer::Options{.on_progress = [this] { PostProgress(); },
                                  .on_fault = EndOnFault});
}

dispatch::Beginning Shard::Begin(const engine::Placement& placement, const std::string& secret,
                                 dispatch::ShardPost* post) {
  return {.engine = std::move(folder_.folder.engine),
          .log = committer_.get(),
          .level = config_.durability,
          .session_secret = secret,
          .placement = placement,
          .post = post};
}

void Shard::BeginSnapshots() {
  snapshot_process_ =
      std::make_unique<snapshot::SnapshotProcess>(io_, loop_, *committer_, folder_.path);
  snapshotter_ = std::make_unique<snapshot::Snapshotter>(
      *committer_, *snapshot_process_,
      snapshot::Snapshotter::Options{.after_bytes = config_.snapshot_after,
                                     .recovered = folder_.folder.report,
                                     .recovery_ms = folder_.recovery_ms});
  snapshot_process_->SetSnapshotter(snapshotter_.get());
  dispatcher_.SetSnapshots(snapshotter_.get());
  snapshot_reads_ = std::make_unique<dispatch::SnapshotReads>(files_, folder_.path);
  dispatcher_.SetSnapshotReads(snapshot_reads_.get());
}

void Shard::PostProgress() {
  if (progress_posted_.exchange(true)) return;
  asio::post(io_, [this] {
    progress_posted_ = false;
    listener_.Release();
    if (snapshotter_ != nullptr) snapshotter_->Consider();
  });
}

}  // namespace coheld::shard
