// Compares what clients were told (their histories) with what the daemon holds in the end: every
// acknowledged op is there exactly once. Knows the objects of MakeTally and MakeEndure (work.h).
// Tests only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace coheld::testing {

// What the daemon holds in the end.
struct Remains {
  int64_t counter = 0;
  int64_t cell = 0;
  std::vector<int64_t> queue;
  std::vector<int64_t> list;
  std::vector<int64_t> tasks = {};
  std::map<std::string, int64_t> own = {};  // By object and slot: "own/dict 3".
};

// All that clients were told. Add the lines of all histories, in each file's order; then Judge.
class Ledger {
 public:
  // Throws nlohmann::json::exception for what is no line of a history.
  void Add(const std::string& line);
  // Adds a file's lines. Throws std::runtime_error if it cannot be read.
  void AddFile(const std::string& path);

  // Returns what is wrong, a line each (at most 20); empty if nothing is. An op whose outcome is
  // unknown, or that failed, is wrong by itself: with exactly-once there is none as long as the
  // session lives.
  std::vector<std::string> Judge(const Remains& remains) const;

  uint64_t acknowledged() const { return acknowledged_; }

 private:
  // One critical section, as its owner saw it.
  struct Section {
    uint64_t acquired = 0;  // When the acquire was answered ...
    uint64_t left = 0;      // ... and when the release was sent.
    bool wrote = false;     // The set was acknowledged.
  };
  // The puts and gets of one container.
  struct Items {
    std::map<int64_t, uint64_t> put;    // How often each item was acknowledged as put ...
    std::map<int64_t, uint64_t> taken;  // ... and as taken.
  };
  // What only so many may have at once.
  struct Held {
    std::map<uint64_t, int64_t> changes;  // Of how much is held, by time.
    int64_t of = 0;                       // How much there is.
  };
  struct Pending {
    std::string object;
    std::string op;
    nlohmann::json arguments;
    uint64_t invoked = 0;
  };
  class Findings;

  void Acknowledge(uint64_t client, const Pending& call, const nlohmann::json& line);
  void AcknowledgeTask(const Pending& call, const nlohmann::json& result);
  void AcknowledgeHeld(const Pending& call, const nlohmann::json& line);
  void AcknowledgeOwn(const Pending& call, const nlohmann::json& result);
  void AcknowledgeTopic(const Pending& call, const nlohmann::json& result);
  void JudgeCounter(int64_t final_count, Findings& findings) const;
  void JudgeItems(const std::string& name, const std::vector<int64_t>& left,
                  Findings& findings) const;
  void JudgeSections(int64_t cell, Findings& findings) const;
  void JudgeHeld(Findings& findings) const;
  void JudgeOwn(const std::map<std::string, int64_t>& left, Findings& findings) const;

  std::map<uint64_t, Pending> pending_;   // By client.
  std::map<int64_t, uint64_t> counts_;    // How often the counter's add answered each number.
  std::map<std::string, Items> items_;    // By object.
  std::map<uint64_t, Section> sections_;  // By token.
  std::map<uint64_t, uint64_t> token_of_client_;  // Held now.
  std::map<int64_t, uint64_t> leased_;            // How often each task was delivered.
  std::set<uint64_t> deliveries_;                 // Their numbers.
  std::map<std::string, Held> held_;              // By object.
  std::map<std::string, int64_t> own_;            // What was last set, by object and slot.
  std::map<std::string, int64_t> published_;      // Last, by topic.
  std::vector<std::string> told_;                 // Failures, unknown outcomes, wrong answers.
  uint64_t twice_granted_ = 0;
  uint64_t acknowledged_ = 0;
};

}  // namespace coheld::testing
