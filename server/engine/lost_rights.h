// What the owners of one session lost without giving it back, so that they can be told when they
// come with it again. Bounded: of more than kLostRightsMax the oldest grants are forgotten, and who
// lost those is told only that he is not the owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "server/engine/ids.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

// A right that is gone.
struct LostRight {
  enum class Why { kLeaseEnded, kDeleted };
  uint64_t token = 0;  // Its grant's.
  Why why = Why::kLeaseEnded;
  TimeMs at{};  // Of kLeaseEnded.
};

class LostRights {
 public:
  // By the object's name and the owner's thread.
  using Key = std::pair<std::string, uint64_t>;
  using Map = std::map<Key, LostRight>;

  // Adds a loss; it takes the place of an older one of the same owner and object.
  void Add(const std::string& name, uint64_t thread, const LostRight& lost);
  // Returns what the thread lost of that name, or, if `token` is not 0, what any thread lost that
  // had this token; else nullptr.
  const LostRight* Find(const std::string& name, uint64_t thread, uint64_t token) const;
  // Forgets what the thread lost of that name: it has it again.
  void Forget(const std::string& name, uint64_t thread) {
    if (!lost_.empty()) lost_.erase({name, thread});
  }

  // The losses in saved state.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  Map lost_;
};

}  // namespace coheld::engine
