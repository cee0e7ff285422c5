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

// Replaces the engine by one that loaded what it saved, and would save the same.
inline void Reload(std::unique_ptr<Engine>* engine) {
  const std::string saved = SavedState(**engine);
  auto loaded = std::make_unique<Engine>();
  const std::optional<Failure> failure = loaded->Load(saved);
  ASSERT_FALSE(failure) << failure->message;
  ASSERT_EQ(SavedState(*loaded), saved);
  ASSERT_EQ(loaded->Digest(), (*engine)->Digest());
  *engine = std::move(loaded);
}

}  // namespace coheld::engine::testing
