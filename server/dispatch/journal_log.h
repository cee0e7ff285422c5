// The engine's inputs on their way into the journal, as records (engine/input_log.h is their form).
#pragma once

#include <string>

#include "server/engine/input_log.h"
#include "server/journal/commit_log.h"

namespace coheld::dispatch {

class JournalLog : public engine::InputLog {
 public:
  // The log outlives this.
  explicit JournalLog(journal::CommitLog& log) : log_(log) {}

  void OnInput(const engine::Input& input) override {
    record_.clear();
    engine::EncodeInput(input, &record_);
    log_.Add(record_);
    if (record_.capacity() > kRecordBytesKept) std::string().swap(record_);
  }

 private:
  static constexpr size_t kRecordBytesKept = size_t{64} << 10;

  journal::CommitLog& log_;
  std::string record_;  // Keeps its memory.
};

}  // namespace coheld::dispatch
