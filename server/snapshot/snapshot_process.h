// Makes the daemon's snapshots in a process of its own, at the lowest priority, so that the daemon
// never stalls or forks for one: it is started by posix_spawn, which copies no memory, and its end
// is an event of the loop (pidfd).
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "server/dispatch/edge_loop.h"
#include "server/journal/committer.h"
#include "server/snapshot/snapshotter.h"

namespace coheld::snapshot {

// One thread, the loop's, but for what the committer calls.
class SnapshotProcess : public SnapshotMaker {
 public:
  // All must outlive it. Folder: the committer's.
  SnapshotProcess(asio::io_context& io, dispatch::EdgeLoop& loop, journal::Committer& committer,
                  std::string folder);
  // Ends the process, if there is one.
  ~SnapshotProcess() override;
  SnapshotProcess(const SnapshotProcess&) = delete;
  SnapshotProcess& operator=(const SnapshotProcess&) = delete;

  // Whom to tell; before anything else.
  void SetSnapshotter(Snapshotter* snapshotter) { snapshotter_ = snapshotter; }

  void Seal() override;
  void Make(uint64_t index, Haste haste) override;
  void Trim(uint64_t index) override { committer_.Trim(index); }
  uint64_t bytes_added() const override { return committer_.bytes_added(); }
  engine::TimeMs Now() const override { return loop_.Now(); }

 private:
  // Starts the process. Returns why it could not, or an empty text.
  std::string Start(uint64_t index, Haste haste);
  // Sees after a while whether a process without haste gets anything of the machine; if not it is
  // started anew, with some.
  void GuardAgainstStarving(uint64_t index);
  bool IsStarving() const;
  // Ends the process, if there is one.
  void Stop();
  void OnEnd();

  asio::io_context& io_;
  dispatch::EdgeLoop& loop_;
  journal::Committer& committer_;
  const std::string folder_;
  Snapshotter* snapshotter_ = nullptr;
  pid_t pid_ = 0;  // 0: there is none.
  int pidfd_ = -1;
  int output_ = -1;  // What it writes.
  std::unique_ptr<dispatch::EdgeLoop::Watch> watch_;
  asio::steady_timer patience_;
};

}  // namespace coheld::snapshot
