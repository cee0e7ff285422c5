// See collections_words.h.
#include "tests/simulation/collections_words.h"

#include <array>

#include "coheld/v1/array.pb.h"
#include "coheld/v1/namespace.pb.h"
#include "coheld/v1/sorted_set.pb.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {
namespace {

using engine::testing::Count;
using engine::testing::Named;
using engine::testing::Parse;
using engine::testing::Waiting;
using Kind = CollectionOp::Kind;

std::string Numbered(const char* word, int64_t number) {
  return std::string(word) + " " + std::to_string(number);
}

// Scores are whole numbers here.
int64_t Whole(double score) { return static_cast<int64_t>(score); }

template <typename Reply>
std::string Members(const Reply& reply) {
  std::string words;
  for (const v1::ScoredMember& one : reply.members()) {
    words += Numbered("", one.member().integer()) + ":" + std::to_string(Whole(one.score()));
  }
  return words;
}

template <typename Request>
std::string PopPayload(const CollectionOp& op) {
  auto request = Waiting<Request>(op);
  request.set_limit(static_cast<uint32_t>(op.number));
  return request.SerializeAsString();
}

std::string ArrayPayload(const CollectionOp& op) {
  if (op.kind == Kind::kArrayItems) return Named<v1::ArrayGetRangeRequest>(op).SerializeAsString();
  if (op.kind == Kind::kArrayExchange) {
    auto request = Named<v1::ArrayCompareExchangeRequest>(op);
    request.set_index(op.key);
    request.mutable_expected()->set_integer(op.expected);
    request.mutable_desired()->set_integer(op.number);
    return request.SerializeAsString();
  }
  auto request = Named<v1::ArraySetRequest>(op);  // Add has the same fields, Get the first of them.
  request.set_index(op.key);
  if (op.kind != Kind::kArrayGet) request.mutable_value()->set_integer(op.number);
  return request.SerializeAsString();
}

std::string ScoresPayload(const CollectionOp& op) {
  switch (op.kind) {
    case Kind::kScoreRank: {
      auto request = Named<v1::SortedSetRankRequest>(op);
      request.mutable_member()->set_integer(op.key);
      return request.SerializeAsString();
    }
    case Kind::kScoreAdd: {
      auto request = Named<v1::SortedSetAddRequest>(op);
      v1::ScoredMember& one = *request.add_members();
      one.mutable_member()->set_integer(op.key);
      one.set_score(static_cast<double>(op.number));
      request.set_only_new(op.flag);
      return request.SerializeAsString();
    }
    case Kind::kScoreIncrement: {
      auto request = Named<v1::SortedSetIncrementRequest>(op);
      request.mutable_member()->set_integer(op.key);
      request.set_amount(static_cast<double>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kScoreRemove: {
      auto request = Named<v1::SortedSetRemoveRequest>(op);
      request.add_members()->set_integer(op.key);
      return request.SerializeAsString();
    }
    case Kind::kPopMin:
    case Kind::kPopMax:  // Both requests are alike.
      return PopPayload<v1::SortedSetPopMinRequest>(op);
    default:
      return Named<v1::SortedSetLenRequest>(op).SerializeAsString();
  }
}

std::string ScoresWords(const CollectionOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kScoreLen:
      return Count("length", Parse<v1::SortedSetLenReply>(payload).length());
    case Kind::kScoreRank: {
      const auto reply = Parse<v1::SortedSetRankReply>(payload);
      if (!reply.has_rank()) return "no rank";
      return Count("rank", reply.rank()) + Numbered(" score", Whole(reply.score()));
    }
    case Kind::kScoreItems:
      return "members" + Members(Parse<v1::SortedSetRangeReply>(payload));
    case Kind::kScoreAdd: {
      const auto reply = Parse<v1::SortedSetAddReply>(payload);
      return Count("added", reply.added()) + Count(" changed", reply.changed()) +
             Count(" length", reply.length());
    }
    case Kind::kScoreIncrement:
      return Numbered("score", Whole(Parse<v1::SortedSetIncrementReply>(payload).score()));
    case Kind::kScoreRemove: {
      const auto reply = Parse<v1::SortedSetRemoveReply>(payload);
      return Count("removed", reply.removed()) + Count(" length", reply.length());
    }
    default:
      break;
  }
  const auto reply = Parse<v1::SortedSetPopReply>(payload);
  if (reply.members().empty()) return "popped none";
  return "popped" + Members(reply) + Count(" length", reply.length());
}

std::string ArrayWords(const CollectionOp& op, const std::string& payload) {
  if (op.kind == Kind::kArraySet) return "set";
  if (op.kind == Kind::kArrayItems) {
    std::string words = "items";
    const auto reply = Parse<v1::ArrayGetRangeReply>(payload);
    for (const v1::Value& item : reply.values()) words += Numbered("", item.integer());
    return words;
  }
  if (op.kind == Kind::kArrayExchange) {
    const auto reply = Parse<v1::ArrayCompareExchangeReply>(payload);
    return Numbered(reply.exchanged() ? "exchanged" : "current", reply.current().integer());
  }
  return Numbered("value", Parse<v1::ArrayGetReply>(payload).value().integer());  // As Add's.
}

}  // namespace

std::string MethodName(const CollectionOp& op) {
  static constexpr std::array kMethods = {
      "Array.Get",        "Array.Set",           "Array.Add",        "Array.CompareExchange",
      "Array.GetRange",   "SortedSet.Len",       "SortedSet.Rank",   "SortedSet.Range",
      "SortedSet.Add",    "SortedSet.Increment", "SortedSet.Remove", "SortedSet.PopMin",
      "SortedSet.PopMax", "Namespace.Get",       "Namespace.Set",    "Namespace.Delete",
      "Namespace.Items"};
  return kMethods[static_cast<size_t>(op.kind)];
}

std::string Payload(const CollectionOp& op, uint64_t /*token*/) {
  if (op.kind <= Kind::kArrayItems) return ArrayPayload(op);
  if (op.kind <= Kind::kPopMax) return ScoresPayload(op);
  auto request = Named<v1::NamespaceSetRequest>(op);  // All begin alike.
  if (op.kind != Kind::kAttributes) request.set_attribute(std::to_string(op.key));
  if (op.kind == Kind::kAttributeSet) request.mutable_value()->set_integer(op.number);
  return request.SerializeAsString();
}

std::string Words(const CollectionOp& op, const std::string& payload) {
  if (op.kind <= Kind::kArrayItems) return ArrayWords(op, payload);
  if (op.kind <= Kind::kPopMax) return ScoresWords(op, payload);
  if (op.kind == Kind::kAttributeGet) {
    return Numbered("value", Parse<v1::NamespaceGetReply>(payload).value().integer());
  }
  if (op.kind != Kind::kAttributes) {
    return Count("length", Parse<v1::NamespaceChangeReply>(payload).length());
  }
  std::string words = "attributes";
  const auto reply = Parse<v1::NamespaceItemsReply>(payload);
  for (const v1::Attribute& one : reply.attributes()) {
    words += " " + one.attribute() + ":" + std::to_string(one.value().integer());
  }
  return words;
}

std::vector<uint64_t> GrantTokens(const CollectionOp& /*op*/, const std::string& /*payload*/) {
  return {};
}

bool MayChangeNothing(const CollectionOp& op, const std::string& words) {
  switch (op.kind) {
    case Kind::kArraySet:
    case Kind::kArrayAdd:
    case Kind::kScoreIncrement:
    case Kind::kAttributeSet:
    case Kind::kAttributeDelete:
      return false;
    case Kind::kArrayExchange:
      return words.starts_with("current");
    case Kind::kScoreAdd:
      return words.starts_with("added 0 changed 0");
    case Kind::kScoreRemove:
      return words.starts_with("removed 0");
    case Kind::kPopMin:
    case Kind::kPopMax:
      return words == "popped none";
    case Kind::kArrayGet:
    case Kind::kArrayItems:
    case Kind::kScoreLen:
    case Kind::kScoreRank:
    case Kind::kScoreItems:
    case Kind::kAttributeGet:
    case Kind::kAttributes:
      break;
  }
  return true;
}

std::string Describe(const CollectionOp& op) {
  return MethodName(op) + " " + op.object + Numbered(" key", op.key) +
         Numbered(" number", op.number) + (op.flag ? " flag" : "");
}

}  // namespace coheld::simulation
