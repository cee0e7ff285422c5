// A model of arrays, sorted sets and namespaces that is obviously right. Written from the protos,
// not from the engine's code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/waiting_model.h"

namespace coheld::simulation {

// One op. Which fields count depends on the kind.
struct CollectionOp {
  enum class Kind {
    kArrayGet,       // key: index.
    kArraySet,       // key: index, number.
    kArrayAdd,       // key: index, number.
    kArrayExchange,  // key: index, expected, number: desired.
    kArrayItems,
    kScoreLen,
    kScoreRank,  // key: member.
    kScoreItems,
    kScoreAdd,         // key: member, number: score. flag: only_new.
    kScoreIncrement,   // key: member, number: amount.
    kScoreRemove,      // key: member.
    kPopMin,           // number: limit.
    kPopMax,           // number: limit.
    kAttributeGet,     // key: attribute.
    kAttributeSet,     // key: attribute, number.
    kAttributeDelete,  // key: attribute.
    kAttributes,
  };
  Kind kind = Kind::kArrayGet;
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  std::string object;
  std::optional<uint64_t> timeout_ms;  // Of what pops.
  int64_t key = 0;
  int64_t number = 0;
  int64_t expected = 0;
  bool flag = false;
  uint64_t fence = 0;
};

// Arrays have so many items, of signed integers of 8 bits, all 0 at first.
constexpr int64_t kArrayLength = 4;
constexpr const char* kArrayTypecode = "b";

class CollectionsModel : public WaitingModel<CollectionOp> {
 private:
  using Kind = CollectionOp::Kind;
  // A member of a sorted set.
  struct Member {
    int64_t score = 0;
    uint64_t came = 0;  // In which order to the set.
  };
  using Members = std::map<int64_t, Member>;

  bool Reads(const CollectionOp& op) const override;
  bool IsReady(const CollectionOp& op) const override;
  bool Parks(const CollectionOp& op) const override;
  std::string Do(const CollectionOp& op) override;
  std::string TimedOut(const CollectionOp& op) const override;

  std::string DoArray(const CollectionOp& op);
  std::string DoScores(const CollectionOp& op);
  std::string DoNamespace(const CollectionOp& op);
  // The members by score and then in the order in which they came.
  static std::vector<std::pair<int64_t, int64_t>> InOrder(const Members& members);

  std::map<std::string, std::vector<int64_t>> arrays_;
  std::map<std::string, Members> scores_;
  uint64_t last_came_ = 0;
  // Attributes in the order in which they were first set.
  std::map<std::string, std::vector<std::pair<int64_t, int64_t>>> namespaces_;
};

}  // namespace coheld::simulation
