// A model of guards: which lock guards which object, and who may change it. Written from
// object.proto, not from the engine's code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/unit/engine/lock_model.h"

namespace coheld::simulation {

using engine::testing::Caller;
using engine::testing::LockModel;

// One op. All are on objects that are there.
struct RightsOp {
  enum class Kind { kGuard, kUnguard, kInspect };
  Kind kind = Kind::kInspect;
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  std::string object;
  std::string lock;                    // Of kGuard.
  std::optional<uint64_t> timeout_ms;  // None ever parks.
  uint64_t fence = 0;                  // The grant that the op came with, or 0.
};

class RightsModel {
 public:
  std::string Apply(const RightsOp& op, const LockModel& locks);
  // Why the caller may not change the object, or nothing. `fence` is the grant that the op came
  // with, or 0.
  std::optional<std::string> Refusal(const std::string& object, const Caller& caller,
                                     uint64_t fence, const LockModel& locks) const;

 private:
  std::map<std::string, std::string> guards_;  // Locks by object.
};

}  // namespace coheld::simulation
