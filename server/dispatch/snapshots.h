// What the dispatcher asks of whoever makes snapshots: one on demand, and how things stand. The
// daemon's is server/snapshot/snapshotter.h.
#pragma once

#include <cstdint>
#include <functional>

#include "coheld/v1/admin.pb.h"
#include "server/engine/reply.h"

namespace coheld::dispatch {

class Snapshots {
 public:
  virtual ~Snapshots() = default;

  // A snapshot that is durable and verified.
  struct Made {
    uint64_t index = 0;  // Of the last record that it has.
    uint64_t bytes = 0;  // Of its file.
    uint64_t duration_ms = 0;
  };
  using Tell = std::function<void(const wire::Result<Made>&)>;

  // Has a snapshot made of all that was recorded so far, and tells when it is there, or why it
  // cannot be: SNAPSHOT_FAILED. May tell before it returns.
  virtual void Request(Tell tell) = 0;
  // Fills in how the daemon recovered, and how its snapshots stand.
  virtual void Describe(v1::AdminStatusReply* status) const = 0;
};

}  // namespace coheld::dispatch
