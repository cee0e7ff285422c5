// See ledger.h.
#include "tests/robustness/ledger.h"

#include <fstream>
#include <stdexcept>

namespace coheld::testing {

using nlohmann::json;

// Collects findings, up to a number that people read.
class Ledger::Findings {
 public:
  static constexpr size_t kMax = 20;

  void Add(std::string text) {
    if (texts_.size() < kMax) texts_.push_back(std::move(text));
  }
  std::vector<std::string> Take() { return std::move(texts_); }

 private:
  std::vector<std::string> texts_;
};

void Ledger::AddFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  for (std::string line; std::getline(file, line);) Add(line);
}

void Ledger::Add(const std::string& text) {
  const json line = json::parse(text);
  const auto client = line.at("client").get<uint64_t>();
  const auto event = line.at("event").get<std::string>();
  if (event == "invoke") {
    pending_[client] = {line.at("object"), line.at("op"), line.at("arguments"), line.at("time")};
    return;
  }
  const auto place = pending_.find(client);
  if (place == pending_.end()) throw std::runtime_error("an answer to nothing: " + text);
  const Pending call = std::move(place->second);
  pending_.erase(place);
  if (event == "ok") return Acknowledge(client, call, line);
  told_.push_back("client " + std::to_string(client) + " was told that its " + call.op + " on " +
                  call.object + " is " + event + ": " + line.at("reason").get<std::string>());
}

void Ledger::Acknowledge(uint64_t client, const Pending& call, const json& line) {
  ++acknowledged_;
  const json& result = line.at("result");
  if (call.object == "tally/tasks") return AcknowledgeTask(call, result);
  if (call.object.starts_with("held/")) return AcknowledgeHeld(call, line);
  if (call.op == "publish" || call.op == "receive") return AcknowledgeTopic(call, result);
  if (call.object.starts_with("own/")) return AcknowledgeOwn(call, result);
  if (call.object == "tally/counter") {
    ++counts_[result.get<int64_t>()];
  } else if (call.op == "put" || call.op == "append") {
    ++items_[call.object].put[call.arguments.at("item").get<int64_t>()];
  } else if (call.object == "tally/queue" || call.object == "tally/list") {
    if (!result.is_null()) ++items_[call.object].taken[result.get<int64_t>()];
  } else if (call.op == "acquire" && !result.is_null()) {
    const auto token = result.get<uint64_t>();
    const bool fresh = sections_.emplace(token, Section{.acquired = line.at("time")}).second;
    if (!fresh) ++twice_granted_;
    token_of_client_[client] = token;
  } else if (call.op == "set") {
    sections_[token_of_client_[client]].wrote = true;
  } else if (call.op == "release") {
    sections_[token_of_client_[client]].left = call.invoked;
  }
}

void Ledger::AcknowledgeTask(const Pending& call, const json& result) {
  if (call.op == "put") {
    ++items_[call.object].put[call.arguments.at("item").get<int64_t>()];
  } else if (call.op == "ack") {
    ++items_[call.object].taken[call.arguments.at("item").get<int64_t>()];
  } else if (!result.is_null()) {
    ++leased_[result.at("item").get<int64_t>()];
    const auto number = result.at("delivery").get<uint64_t>();
    if (deliveries_.insert(number).second) return;
    told_.push_back("there are two deliveries with number " + std::to_string(number));
  }
}

// It was held at least from the answer to its acquire to the moment when its release was sent.
void Ledger::AcknowledgeHeld(const Pending& call, const json& line) {
  Held& held = held_[call.object];
  held.of = call.arguments.at("of");
  const auto share = call.arguments.at("share").get<int64_t>();
  if (call.op == "acquire") {
    held.changes[line.at("time").get<uint64_t>()] += share;
  } else {
    held.changes[call.invoked] -= share;
  }
}

void Ledger::AcknowledgeOwn(const Pending& call, const json& result) {
  if (!call.arguments.contains("slot")) return;  // It only had to work.
  const std::string slot = call.object + " " + call.arguments.at("slot").get<std::string>();
  if (call.op == "set") {
    const auto value = call.arguments.at("value").get<int64_t>();
    const auto place = own_.find(slot);
    const bool changes = value != (place == own_.end() ? 0 : place->second);
    own_[slot] = value;
    if (result.get<bool>() == changes) return;
    told_.push_back(slot + " was set to " + std::to_string(value) +
                    (changes ? ", and had not changed" : ", which it was, and had changed"));
  } else if (result.get<int64_t>() != own_[slot]) {
    told_.push_back(slot + " was " + std::to_string(result.get<int64_t>()) +
                    " after it was set to " + std::to_string(own_[slot]));
  }
}

void Ledger::AcknowledgeTopic(const Pending& call, const json& result) {
  int64_t& published = published_[call.object];
  if (call.op == "publish") {
    published = call.arguments.at("value");
  } else if (result.is_null() || result.get<int64_t>() != published) {
    told_.push_back(call.object + " gave " + result.dump() + " after " + std::to_string(published) +
                    " was published");
  }
}

std::vector<std::string> Ledger::Judge(const Remains& remains) const {
  Findings findings;
  for (const std::string& text : told_) findings.Add(text);
  for (const auto& [client, call] : pending_) {
    findings.Add("client " + std::to_string(client) + " never heard of its " + call.op + " on " +
                 call.object);
  }
  JudgeCounter(remains.counter, findings);
  JudgeItems("tally/queue", remains.queue, findings);
  JudgeItems("tally/list", remains.list, findings);
  JudgeItems("tally/tasks", remains.tasks, findings);
  for (const auto& [item, times] : leased_) {
    if (times == 1) continue;
    findings.Add("task " + std::to_string(item) + " was delivered " + std::to_string(times) +
                 " times, though nobody lost it");
  }
  JudgeSections(remains.cell, findings);
  JudgeHeld(findings);
  JudgeOwn(remains.own, findings);
  return findings.Take();
}

// Each addition of one is answered by another number, and together they are 1, 2, ... to the last.
void Ledger::JudgeCounter(int64_t final_count, Findings& findings) const {
  for (const auto& [number, times] : counts_) {
    if (times == 1) continue;
    findings.Add("the counter answered " + std::to_string(number) + " to " + std::to_string(times) +
                 " additions");
  }
  const auto acknowledged = static_cast<int64_t>(counts_.size());
  if (acknowledged == final_count) return;
  findings.Add("the counter is " + std::to_string(final_count) + " after " +
               std::to_string(acknowledged) + " acknowledged additions");
}

void Ledger::JudgeItems(const std::string& name, const std::vector<int64_t>& left,
                        Findings& findings) const {
  Items items;
  if (const auto place = items_.find(name); place != items_.end()) items = place->second;
  for (const int64_t item : left) ++items.taken[item];
  for (const auto& [item, times] : items.put) {
    const auto place = items.taken.find(item);
    const uint64_t taken = place == items.taken.end() ? 0 : place->second;
    if (times == taken) continue;
    findings.Add(name + ": item " + std::to_string(item) + " was put " + std::to_string(times) +
                 " times and taken or left " + std::to_string(taken) + " times");
  }
  for (const auto& [item, times] : items.taken) {
    if (items.put.contains(item)) continue;
    findings.Add(name + ": item " + std::to_string(item) + " was taken and never put");
  }
}

void Ledger::JudgeHeld(Findings& findings) const {
  for (const auto& [object, held] : held_) {
    int64_t now = 0;
    for (const auto& [time, change] : held.changes) {
      now += change;
      if (now <= held.of) continue;
      findings.Add("of " + object + " more than there is was held at " + std::to_string(time));
      break;
    }
  }
}

void Ledger::JudgeOwn(const std::map<std::string, int64_t>& left, Findings& findings) const {
  for (const auto& [slot, value] : own_) {
    const auto place = left.find(slot);
    const int64_t found = place == left.end() ? 0 : place->second;
    if (found == value) continue;
    findings.Add(slot + " is " + std::to_string(found) + " in the end, and was set to " +
                 std::to_string(value));
  }
}

// In the order of their tokens the critical sections follow each other, and none lost its write.
void Ledger::JudgeSections(int64_t cell, Findings& findings) const {
  if (twice_granted_ > 0) {
    findings.Add(std::to_string(twice_granted_) + " grants of the lock came with a used token");
  }
  int64_t writes = 0;
  const Section* before = nullptr;
  for (const auto& [token, section] : sections_) {
    if (section.wrote) ++writes;
    if (before != nullptr && section.acquired < before->left) {
      findings.Add("the lock was granted with token " + std::to_string(token) +
                   " while the owner before held it");
    }
    before = &section;
  }
  if (writes == cell) return;
  findings.Add("the cell is " + std::to_string(cell) + " after " + std::to_string(writes) +
               " critical sections that added one");
}

}  // namespace coheld::testing
