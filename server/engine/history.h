// The changes of an object that somebody watches: what happened to it, as the ops that did it, from
// its first watch on, as many as the limits allow. An object that nobody watches has none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/ids.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class Object;

// An op that changed an object, or, if the method is 0, the end of something that did.
struct Change {
  uint64_t version = 0;  // The object's after it.
  uint32_t method = 0;
  std::string payload;
  SessionId session = kNoSession;
};

class History {
 public:
  // `changed` is where the object is put when it changes; it outlives the history.
  History(uint64_t version, std::vector<Object*>* changed) : start_(version), changed_(changed) {}

  // Puts the object where the engine finds it at the end of the op.
  void NoteChange(Object* object);
  // Adds a change, dropping the oldest ones that are beyond the limits.
  void Add(Change change);

  // The changes after a version are there if it is not below this.
  uint64_t start() const { return start_; }
  const std::deque<Change>& changes() const { return changes_; }

  // Somebody asked for changes.
  void NoteAsked() { unasked_ = 0; }
  // True if nobody waits and nobody has asked for long.
  bool idle() const;

  WaitQueue watchers;

 private:
  uint64_t start_;
  std::vector<Object*>* changed_;
  bool noted_ = false;  // In *changed_.
  std::deque<Change> changes_;
  size_t bytes_ = 0;      // Of their payloads.
  uint64_t unasked_ = 0;  // Changes since somebody asked.
};

}  // namespace coheld::engine
