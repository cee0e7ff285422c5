// The engine's inputs on their way into the journal, as records (engine/input_log.h is their form).
#pragma once

#include <string_view>

#include "server/engine/input_log.h"
#include "server/journal/commit_log.h"

namespace coheld::dispatch {

class JournalLog : public engine::InputLog {
 public:
  // The log outlives this.
  explicit JournalLog(journal::CommitLog& log) : log_(log) {}

  void OnInput(const engine::Input& input) override {
    const engine::InputHead head(input);
    const std::string_view parts[] = {head.bytes(), input.stamp.site, input.payload};
    log_.AddParts(parts);
  }

 private:
  journal::CommitLog& log_;
};

}  // namespace coheld::dispatch
