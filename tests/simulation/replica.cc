// See replica.h.
#include "tests/simulation/replica.h"

#include <memory>
#include <string_view>

#include "tests/simulation/check.h"

namespace coheld::simulation {
namespace {

std::string Saved(const engine::Engine& engine) {
  std::string bytes;
  engine.Save([&](std::string_view more) { bytes.append(more); });
  return bytes;
}

std::unique_ptr<engine::Engine> Loaded(const std::string& bytes) {
  auto engine = std::make_unique<engine::Engine>();
  const std::optional<engine::Failure> failure = engine->Load(bytes);
  Require(!failure, "a saved state cannot be loaded: " + (failure ? failure->message : ""));
  return engine;
}

}  // namespace

void Replica::Begin(const engine::Engine& engine) {
  beginning_ = Saved(engine);
  inputs_.clear();
}

void Replica::OnInput(const engine::Input& input) {
  engine::EncodeInput(input, &inputs_.emplace_back());
}

void Replica::Judge(const engine::Engine& engine, Random random) const {
  std::unique_ptr<engine::Engine> replica = Loaded(beginning_);
  const size_t pause = random.Pick(inputs_.size() + 1);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (i == pause) replica = Loaded(Saved(*replica));
    engine::Input input;
    Require(engine::DecodeInput(inputs_[i], &input), "a record cannot be read");
    std::vector<engine::Reply> replies;
    engine::Replay(*replica, input, &replies);
  }
  Require(replica->Digest() == engine.Digest(),
          "a replay gives another state, saved and loaded after so many inputs: " +
              std::to_string(pause) + " of " + std::to_string(inputs_.size()));
}

}  // namespace coheld::simulation
