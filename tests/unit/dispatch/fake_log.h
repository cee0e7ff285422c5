// A journal that keeps the records in memory, and is where the test says. Tests only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/commit_log.h"

namespace coheld::dispatch {

// Keeps the records, and says nothing of them is safe unless it is told.
class FakeLog : public journal::CommitLog {
 public:
  uint64_t AddParts(std::span<const std::string_view> parts) override {
    std::string& record = records.emplace_back();
    for (const std::string_view part : parts) record += part;
    return last_index_ = records.size();
  }
  void Submit(uint64_t durable) override { wanted = durable; }
  uint64_t written() const override { return written_index; }
  uint64_t durable() const override { return durable_index; }
  bool has_room() const override { return room; }

  std::vector<std::string> records;
  uint64_t wanted = 0;
  uint64_t written_index = 0;
  uint64_t durable_index = 0;
  bool room = true;
};

}  // namespace coheld::dispatch
