// What a daemon has once for each of its shards: a loop, the sockets, the objects and their
// journal. All of it is used on one thread, once it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <asio/io_context.hpp>

#include "server/config/config.h"
#include "server/dispatch/asio_loop.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/snapshot_reads.h"
#include "server/journal/committer.h"
#include "server/journal/posix_files.h"
#include "server/snapshot/snapshot_process.h"
#include "server/snapshot/snapshotter.h"
#include "server/store/data_folder.h"
#include "server/transport/listener.h"

namespace coheld::shard {

// The data folder of one shard, opened; all empty without --data-dir.
struct OpenFolder {
  std::string path;
  store::DataFolder folder;
  uint64_t recovery_ms = 0;
};

class Shard {
 public:
  // The configuration outlives it. `secret` proves the tokens of sessions. `post` is its way to the
  // others; null if there are none.
  Shard(const config::Config& config, const engine::Placement& placement, OpenFolder folder,
        const std::string& secret, dispatch::ShardPost* post);

  // Handles what happens until the io_context is stopped.
  void Run() { loop_.Run(std::chrono::microseconds(config_.spin_us)); }

  asio::io_context& io() { return io_; }
  dispatch::AsioLoop& loop() { return loop_; }
  dispatch::Dispatcher& dispatcher() { return dispatcher_; }
  transport::Listener& listener() { return listener_; }

 private:
  std::unique_ptr<journal::Committer> Committing();
  dispatch::Beginning Begin(const engine::Placement& placement, const std::string& secret,
                            dispatch::ShardPost* post);
  void BeginSnapshots();
  // On the committer's thread.
  void PostProgress();

  const config::Config& config_;
  asio::io_context io_{1};
  dispatch::AsioLoop loop_;
  OpenFolder folder_;
  std::atomic<bool> progress_posted_ = false;
  const std::unique_ptr<journal::Committer> committer_;  // Null without a folder.
  dispatch::Dispatcher dispatcher_;
  transport::Listener listener_;
  std::unique_ptr<snapshot::SnapshotProcess> snapshot_process_;  // Null without a folder, ...
  std::unique_ptr<snapshot::Snapshotter> snapshotter_;           // ... as this ...
  journal::PosixFiles files_;
  std::unique_ptr<dispatch::SnapshotReads> snapshot_reads_;  // ... and this.
};

}  // namespace coheld::shard
