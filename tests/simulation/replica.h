// The inputs of the daemon's engine as records, and the engine that they make again: what a journal
// will do with them. Its state must be the same.
#pragma once

#include <string>
#include <vector>

#include "server/engine/engine.h"
#include "server/engine/input_log.h"
#include "tests/simulation/random.h"

namespace coheld::simulation {

class Replica {
 public:
  // Begins with the state of an engine.
  void Begin(const engine::Engine& engine);
  void OnInput(const engine::Input& input);
  // Forgets all inputs but the first so many.
  void TakeBack(uint64_t inputs) { inputs_.resize(inputs); }
  // Throws a Violation unless the inputs give the engine's state. Somewhere between them the
  // replica is saved, and loaded into another engine that goes on.
  void Judge(const engine::Engine& engine, Random random) const;

 private:
  std::string beginning_;
  std::vector<std::string> inputs_;
};

}  // namespace coheld::simulation
