// What happened in a run, line by line, and a hash of it: two runs of one seed are the same if
// their hashes are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/schedule.h"

namespace coheld::simulation {

class History {
 public:
  History(const Schedule& schedule, bool keeps_lines)
      : schedule_(schedule), keeps_lines_(keeps_lines) {}

  void Note(const std::string& line) {
    const auto us = static_cast<int64_t>(schedule_.now());
    Mix(std::to_string(us));
    Mix(line);
    if (!keeps_lines_) return;
    const std::string fraction = std::to_string(1000 + us % kMs).substr(1);
    lines_.push_back(std::to_string(us / kMs) + "." + fraction + " ms  " + line);
  }

  int64_t now_us() const { return static_cast<int64_t>(schedule_.now()); }
  uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void Mix(const std::string& text) {  // FNV-1a.
    for (const char c : text) {
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
  }

  const Schedule& schedule_;
  const bool keeps_lines_;
  uint64_t hash_ = 0xcbf29ce484222325u;
  std::vector<std::string> lines_;
};

}  // namespace coheld::simulation
