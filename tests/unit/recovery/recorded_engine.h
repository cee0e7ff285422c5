// An engine whose inputs go to the journal in a folder, as the daemon's do.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "server/engine/input_log.h"
#include "server/journal/journal.h"
#include "server/journal/snapshot.h"

namespace coheld::recovery {

class RecordedEngine : public engine::InputLog {
 public:
  // Goes on with a journal that was opened, or makes one in the folder "d".
  RecordedEngine(journal::Files& files, uint64_t segment_bytes) : files_(files) {
    journal::Journal::Found found;
    const auto refuse = [](uint64_t, std::string_view) -> journal::Status {
      return journal::Fault{0, "the folder is not new"};
    };
    EXPECT_FALSE(journal::Journal::Open(files,
                                        {.folder = "d", .segment_bytes = segment_bytes, .salt = 7},
                                        0, refuse, &found, &journal_));
    engine_.SetInputLog(this);
  }

  void OnInput(const engine::Input& input) override {
    std::string record;
    engine::EncodeInput(input, &record);
    journal::PendingBatch pending;
    pending.Add(record);
    EXPECT_FALSE(journal_->Write(&pending));
  }

  // Applies an op that is answered at once.
  template <typename Request>
  void Apply(std::string_view path, const Request& request) {
    std::vector<engine::Reply> replies;
    engine_.Apply({.call = engine::CallId{++last_call_}, .now = engine::TimeMs{1000}},
                  wire::FindMethod(path)->number, request.SerializeAsString(), &replies);
    EXPECT_EQ(replies.size(), 1u);
  }
  void Append(std::string_view text) {
    v1::ListAppendRequest request;
    request.set_name("l");
    request.mutable_value()->set_text(std::string(text));
    Apply("/coheld.v1.List/Append", request);
  }
  void AppendMany(int count) {
    for (int i = 0; i < count; ++i) Append("item " + std::to_string(++appended_));
  }

  // Writes a snapshot of the state now.
  journal::Status WriteSnapshot() {
    journal::SnapshotWriter writer(files_, "d", journal_->next_index() - 1);
    journal::Status fault;
    engine_.Save([&](std::string_view bytes) {
      if (!fault) fault = writer.Add(bytes);
    });
    return fault ? fault : writer.Finish();
  }

  engine::Engine& engine() { return engine_; }
  journal::Journal& journal() { return *journal_; }
  // The index of the last record.
  uint64_t last_index() const { return journal_->next_index() - 1; }

 private:
  journal::Files& files_;
  std::unique_ptr<journal::Journal> journal_;
  engine::Engine engine_;
  uint64_t last_call_ = 0;
  int appended_ = 0;
};

}  // namespace coheld::recovery
