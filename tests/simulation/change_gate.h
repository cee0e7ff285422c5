// The door at which models ask whether an op may change an object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace coheld::simulation {

// Says who may change what (rights_model.h).
class ChangeGate {
 public:
  virtual ~ChangeGate() = default;
  // Why the caller may not change the object, or nothing. `fence` is the grant of a lock that the
  // op came with, or 0.
  virtual std::optional<std::string> Refusal(const std::string& object, uint64_t session,
                                             uint64_t thread, uint64_t fence) const = 0;
};

}  // namespace coheld::simulation
