// Reads of a snapshot's file by clients that make a backup. What is being read stays to be read,
// also when a newer snapshot took its place.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "proto/wire/result.h"
#include "server/engine/ids.h"
#include "server/journal/files.h"

namespace coheld::dispatch {

class SnapshotReads {
 public:
  // As much as one read gives: the loop stands still for so long.
  static constexpr size_t kPartBytes = size_t{256} << 10;
  // Snapshots that are read at the same time; the one that was not read for longest makes way.
  static constexpr size_t kOpenMax = 4;
  // After so long without a read a snapshot is not kept open any more.
  static constexpr uint64_t kIdleMs = 60'000;

  // `files` must outlive it.
  SnapshotReads(journal::Files& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}

  struct Part {
    std::string bytes;   // Empty at the end.
    uint64_t total = 0;  // Of the file.
  };
  // Reads a part of a snapshot's file. SNAPSHOT_FAILED if it is not there (any more), or cannot be
  // read; INVALID_ARGUMENT for an offset beyond its end.
  wire::Result<Part> Read(uint64_t index, uint64_t offset, engine::TimeMs now);

  // Lets those go that nobody has read for a while: removed files take room while they are open.
  void CloseIdle(engine::TimeMs now);
  // When that has something to do, or kNever.
  engine::TimeMs due() const { return due_; }

  size_t open() const { return open_.size(); }

 private:
  struct Open {
    std::unique_ptr<journal::File> file;
    uint64_t total = 0;
    engine::TimeMs last_read{};
  };
  wire::Result<Open*> Find(uint64_t index);

  journal::Files& files_;
  const std::string folder_;
  std::map<uint64_t, Open> open_;  // By index.
  engine::TimeMs due_ = engine::kNever;
};

}  // namespace coheld::dispatch
