// Who holds how much of an object that several owners may hold: permits of a semaphore, reads of a
// read-write lock. Keeps the sessions' books (Turn::NoteHold) as it goes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "server/engine/object.h"
#include "server/engine/turn.h"

namespace coheld::engine {

// Holds by owner, each of one or more. Every change costs the logarithm of the number of owners.
class HoldTable {
 public:
  // `object` is whose holds they are; it outlives the table.
  explicit HoldTable(Object& object) : object_(object) {}

  bool empty() const { return holds_.empty(); }
  // The owners that hold something.
  size_t owners() const { return holds_.size(); }
  // What all of them hold together.
  uint64_t total() const { return total_; }
  // Returns what the owner holds, or nullptr. Its token is the newest grant's, its time the
  // first's.
  const Hold* Find(const Owner& owner) const;
  // All holds, by owner.
  std::vector<Hold> All() const;

  // Grants the caller so many more.
  void Add(uint64_t count, uint64_t token, Turn& turn);
  // Takes at most so many from the owner; returns how many it took.
  uint64_t Take(const Owner& owner, uint64_t count, Turn& turn);
  // Takes at most so many from the owners in the session, by thread.
  uint64_t TakeFromSession(SessionId session, uint64_t count, Turn& turn);
  // Holds in saved state; Load only while it is empty. The sessions' books are the engine's then.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);
  // Takes at most so many from all owners, those first that have held the longest.
  uint64_t TakeOldest(uint64_t count, Turn& turn);

 private:
  struct Entry {
    Hold hold;
    uint64_t first_token = 0;
  };

  bool HeldBySession(SessionId session) const;

  Object& object_;
  std::map<Owner, Entry> holds_;
  std::set<std::pair<uint64_t, Owner>> by_age_;  // By the first token of what is held.
  uint64_t total_ = 0;
};

}  // namespace coheld::engine
