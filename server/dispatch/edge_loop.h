// What the dispatcher asks of the event loop. The daemon's is asio_loop.h; tests bring their own.
#pragma once

#include <functional>
#include <memory>

#include "server/engine/ids.h"

namespace coheld::dispatch {

class EdgeLoop {
 public:
  virtual ~EdgeLoop() = default;
  // The one clock; it never runs backwards. It may stand still during a turn: reading one costs as
  // much as a good part of a short op.
  virtual engine::TimeMs Now() const = 0;
  // Tells that a turn ended.
  virtual void OnTurnEnd() {}
  // Calls `fire` once, at or soon after this time. Replaces what was armed before.
  virtual void ArmTimer(engine::TimeMs when, std::function<void()> fire) = 0;
  // Calls `gone` once, when the process behind the pidfd ends, unless the watch is destroyed
  // before. The pidfd is duplicated. Returns nullptr if it cannot be watched.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  virtual std::unique_ptr<Watch> WatchProcess(int pidfd, std::function<void()> gone) = 0;
};

}  // namespace coheld::dispatch
