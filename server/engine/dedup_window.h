// The keys of the last puts into a queue, so that a put which comes again is known. It forgets by
// number and by age, and never because somebody only asked: asking changes nothing.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/engine/ids.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class DedupWindow {
 public:
  // Says whether the key was added within the last kDedupMs, and no more than kDedupKeysMax since.
  bool Has(std::string_view key, TimeMs now) const;
  // Adds a key that it has not. Forgets what is too old or too much.
  void Add(std::string_view key, TimeMs now);
  // Forgets what is too old.
  void Expire(TimeMs now);

  // The keys in saved state; Load only while there are none.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

  // When the last key will be too old, or kNever if there is none.
  TimeMs LastEnd() const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string key;
    TimeMs added{};
  };
  void Append(std::string_view key, TimeMs added);
  void Forget();

  std::list<Entry> entries_;  // In order of time. Entries never move; empty it takes no memory.
  std::unordered_map<std::string_view, const Entry*> index_;  // The keys are those of the entries.
};

}  // namespace coheld::engine
