// See collections_model.h.
#include "tests/simulation/collections_model.h"

#include <algorithm>

namespace coheld::simulation {
namespace {

using Kind = CollectionOp::Kind;

std::string Numbered(const char* word, int64_t number) {
  return std::string(word) + " " + std::to_string(number);
}

std::string Pair(int64_t first, int64_t second) {
  return " " + std::to_string(first) + ":" + std::to_string(second);
}

bool Pops(Kind kind) { return kind == Kind::kPopMin || kind == Kind::kPopMax; }

}  // namespace

bool CollectionsModel::Reads(const CollectionOp& op) const {
  switch (op.kind) {
    case Kind::kArrayGet:
    case Kind::kArrayItems:
    case Kind::kScoreLen:
    case Kind::kScoreRank:
    case Kind::kScoreItems:
    case Kind::kAttributeGet:
    case Kind::kAttributes:
      return true;
    case Kind::kArraySet:
    case Kind::kArrayAdd:
    case Kind::kArrayExchange:
    case Kind::kScoreAdd:
    case Kind::kScoreIncrement:
    case Kind::kScoreRemove:
    case Kind::kPopMin:
    case Kind::kPopMax:
    case Kind::kAttributeSet:
    case Kind::kAttributeDelete:
      break;
  }
  return false;
}

bool CollectionsModel::IsReady(const CollectionOp& op) const {
  if (!Pops(op.kind)) return true;
  const auto members = scores_.find(op.object);
  return members != scores_.end() && !members->second.empty();
}

bool CollectionsModel::Parks(const CollectionOp& op) const { return Pops(op.kind); }

std::string CollectionsModel::TimedOut(const CollectionOp& /*op*/) const { return "popped none"; }

std::string CollectionsModel::Do(const CollectionOp& op) {
  if (op.kind <= Kind::kArrayItems) return DoArray(op);
  if (op.kind <= Kind::kPopMax) return DoScores(op);
  return DoNamespace(op);
}

std::string CollectionsModel::DoArray(const CollectionOp& op) {
  std::vector<int64_t>& items = arrays_[op.object];
  items.resize(kArrayLength);
  if (op.kind == Kind::kArrayItems) {
    std::string words = "items";
    for (const int64_t item : items) words += " " + std::to_string(item);
    return words;
  }
  const int64_t index = op.key < 0 ? op.key + kArrayLength : op.key;
  if (index < 0 || index >= kArrayLength) return "INDEX_OUT_OF_RANGE";
  int64_t& item = items[static_cast<size_t>(index)];
  if (op.kind == Kind::kArrayGet) return Numbered("value", item);
  if (op.kind == Kind::kArrayExchange) {
    if (item != op.expected) return Numbered("current", item);
    item = op.number;
    return Numbered("exchanged", item);
  }
  const int64_t result = op.kind == Kind::kArrayAdd ? item + op.number : op.number;
  if (result < INT8_MIN || result > INT8_MAX) return "OVERFLOW";
  item = result;
  return op.kind == Kind::kArrayAdd ? Numbered("value", item) : "set";
}

std::vector<std::pair<int64_t, int64_t>> CollectionsModel::InOrder(const Members& members) {
  std::vector<std::pair<int64_t, Member>> all(members.begin(), members.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.score, a.second.came) < std::pair(b.second.score, b.second.came);
  });
  std::vector<std::pair<int64_t, int64_t>> scores;
  for (const auto& [key, member] : all) scores.emplace_back(key, member.score);
  return scores;
}

std::string CollectionsModel::DoScores(const CollectionOp& op) {
  Members& members = scores_[op.object];
  std::vector<std::pair<int64_t, int64_t>> order = InOrder(members);
  switch (op.kind) {
    case Kind::kScoreLen:
      return Numbered("length", static_cast<int64_t>(members.size()));
    case Kind::kScoreRank: {
      const auto found = std::find_if(order.begin(), order.end(),
                                      [&](const auto& member) { return member.first == op.key; });
      if (found == order.end()) return "no rank";
      return Numbered("rank", found - order.begin()) + Numbered(" score", found->second);
    }
    case Kind::kScoreAdd: {
      const bool there = members.contains(op.key);
      Member& member = members[op.key];
      if (!there) member.came = ++last_came_;
      const bool changes = there && !op.flag && member.score != op.number;
      if (!there || !op.flag) member.score = op.number;
      return Numbered("added", !there) + Numbered(" changed", changes) +
             Numbered(" length", static_cast<int64_t>(members.size()));
    }
    case Kind::kScoreIncrement: {
      if (!members.contains(op.key)) members[op.key].came = ++last_came_;
      return Numbered("score", members[op.key].score += op.number);
    }
    case Kind::kScoreRemove: {
      const auto removed = static_cast<int64_t>(members.erase(op.key));
      return Numbered("removed", removed) +
             Numbered(" length", static_cast<int64_t>(members.size()));
    }
    case Kind::kScoreItems:
    case Kind::kPopMin:
    case Kind::kPopMax:
    default:
      break;
  }
  if (op.kind == Kind::kPopMax) std::reverse(order.begin(), order.end());
  if (Pops(op.kind))
    order.resize(std::min(order.size(), static_cast<size_t>(std::max<int64_t>(op.number, 1))));
  std::string words = Pops(op.kind) ? "popped" : "members";
  for (const auto& [key, score] : order) {
    words += Pair(key, score);
    if (Pops(op.kind)) members.erase(key);
  }
  return Pops(op.kind) ? words + Numbered(" length", static_cast<int64_t>(members.size())) : words;
}

std::string CollectionsModel::DoNamespace(const CollectionOp& op) {
  auto& attributes = namespaces_[op.object];
  if (op.kind == Kind::kAttributes) {
    std::string words = "attributes";
    for (const auto& [key, value] : attributes) words += Pair(key, value);
    return words;
  }
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& one) { return one.first == op.key; });
  if (op.kind == Kind::kAttributeSet) {
    if (found == attributes.end()) {
      attributes.emplace_back(op.key, op.number);
    } else {
      found->second = op.number;
    }
    return Numbered("length", static_cast<int64_t>(attributes.size()));
  }
  if (found == attributes.end()) return "ATTRIBUTE_NOT_FOUND";
  if (op.kind == Kind::kAttributeGet) return Numbered("value", found->second);
  attributes.erase(found);
  return Numbered("length", static_cast<int64_t>(attributes.size()));
}

}  // namespace coheld::simulation
