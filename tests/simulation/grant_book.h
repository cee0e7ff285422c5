// Which number the daemon gave to which grant of the models: the fencing tokens of locks and the
// like, the deliveries of queues. No two grants have one number, none has two, and those of one
// lock grow.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "tests/unit/engine/lock_model.h"

namespace coheld::simulation {

class GrantBook {
 public:
  // A client was told that a call's grant has this number. Throws a Violation if that cannot be.
  // `index` is the input of which the client learned.
  void Note(uint64_t number, uint64_t grant, uint64_t call, uint64_t index);
  // A client was told these words to a call; the models say the others. In both grants are
  // "@NUMBER". False if the words are not the same; throws a Violation if the numbers are not.
  bool Match(const std::string& told, const std::string& expected, uint64_t call, uint64_t index);
  // The same without looking at the numbers.
  static bool MatchWords(const std::string& told, const std::string& expected);
  // Throws a Violation unless the tokens of each lock grow.
  void JudgeOrder(const engine::testing::LockModel& locks) const;
  // Returns the grant that has the number, and for 0 none: 0. One that is not known is no grant's.
  uint64_t With(uint64_t number) const;

  // The inputs after this one are no more, or all.
  void TakeBack(uint64_t index, const std::function<bool(uint64_t)>& is_there);
  void Forget();

 private:
  struct Grant {
    uint64_t number = 0;  // As GrantOf.
    uint64_t index = 0;
    bool own = false;  // Told to who was granted it.
  };

  std::map<uint64_t, Grant> grants_;   // By the daemon's number.
  std::map<uint64_t, uint64_t> told_;  // The daemon's numbers, by grant.
  std::set<uint64_t> lost_;            // Told by the daemon, and lost since; of the whole run.
};

}  // namespace coheld::simulation
