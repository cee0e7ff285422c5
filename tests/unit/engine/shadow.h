// A second engine that is given the inputs which the first one logged, as bytes, and must come to
// the same state.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/engine/engine.h"
#include "server/engine/input_log.h"

namespace coheld::engine::testing {

class Shadow : public InputLog {
 public:
  void OnInput(const Input& input) override {
    EncodeInput(input, &inputs_.emplace_back());
    ++logged_;
  }

  // Goes on with what was logged since the last call, and compares.
  void Follow(const Engine& engine) {
    for (const std::string& bytes : std::exchange(inputs_, {})) {
      Input input;
      ASSERT_TRUE(DecodeInput(bytes, &input));
      std::string again;
      EncodeInput(input, &again);
      ASSERT_EQ(again, bytes);
      std::vector<Reply> replies;
      Replay(engine_, input, &replies);
    }
    EXPECT_EQ(engine_.Digest(), engine.Digest()) << "after " << logged_ << " inputs";
  }

  size_t logged() const { return logged_; }

 private:
  Engine engine_;
  std::vector<std::string> inputs_;
  size_t logged_ = 0;
};

}  // namespace coheld::engine::testing
