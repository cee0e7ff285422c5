// An engine that is saved and loaded into another in the midst of a test: nothing may differ.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "server/engine/engine.h"

namespace coheld::engine::testing {

// Returns what the engine saves.
inline std::string SavedState(const Engine& engine) {
  std::string state;
  engine.Save([&](std::string_view bytes) { state += bytes; });
  return state;
}

// Replaces the engine by one that loaded what it saved, and would save the same. Returns how many
// bytes that were.
inline size_t Reload(std::unique_ptr<Engine>* engine) {
  const std::string saved = SavedState(**engine);
  auto loaded = std::make_unique<Engine>();
  const std::optional<Failure> failure = loaded->Load(saved);
  EXPECT_FALSE(failure) << failure->message;
  if (failure) return saved.size();
  loaded->SetDeadlockPolicy((*engine)->deadlock_policy());
  EXPECT_TRUE(SavedState(*loaded) == saved) << "it saves something else than it loaded";
  *engine = std::move(loaded);
  return saved.size();
}

}  // namespace coheld::engine::testing
