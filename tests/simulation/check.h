// Thrown when a run breaks a promise: it ends there, and its history is shown.
#pragma once

#include <stdexcept>
#include <string>

namespace coheld::simulation {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws unless the promise holds.
inline void Require(bool holds, const std::string& broken) {
  if (!holds) throw Violation(broken);
}

}  // namespace coheld::simulation
