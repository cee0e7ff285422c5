// Builds and reads the messages of coheld.v1.SortedSet. See coheld/ops/sorted_set.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/sorted_set.h"
#include "coheld/v1/sorted_set.pb.h"

namespace coheld::ops {
namespace {

using core::Changing;
using core::FromMessage;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessage;
using core::ToMessages;
using core::Waiting;

using Messages = google::protobuf::RepeatedPtrField<v1::ScoredMember>;

void Fill(std::vector<ScoredValue> members, Messages* messages) {
  messages->Reserve(static_cast<int>(members.size()));
  for (ScoredValue& member : members) {
    v1::ScoredMember* message = messages->Add();
    ToMessage(std::move(member.member), message->mutable_member());
    message->set_score(member.score);
  }
}

void Fill(const ScoreBounds& bounds, v1::ScoreBounds* message) {
  if (bounds.min) message->set_min(*bounds.min);
  if (bounds.max) message->set_max(*bounds.max);
  message->set_min_open(bounds.min_open);
  message->set_max_open(bounds.max_open);
}

std::vector<ScoredValue> MembersFrom(Messages* messages) {
  std::vector<ScoredValue> members;
  members.reserve(static_cast<size_t>(messages->size()));
  for (v1::ScoredMember& message : *messages) {
    members.push_back({FromMessage(std::move(*message.mutable_member())), message.score()});
  }
  return members;
}

template <typename Request>
Op<ScoredPage> RangeOp(uint32_t method, const Request& request) {
  return MakeOp<v1::SortedSetRangeReply>(method, request, [](v1::SortedSetRangeReply reply) {
    return ScoredPage{.members = MembersFrom(reply.mutable_members()),
                      .done = reply.done(),
                      .version = reply.version()};
  });
}

template <typename Request>
Op<uint64_t> RemoveOp(uint32_t method, const Request& request) {
  return MakeOp<v1::SortedSetRemoveReply>(
      method, request,
      [](const v1::SortedSetRemoveReply& reply) -> uint64_t { return reply.removed(); });
}

template <typename Request>
Op<std::vector<ScoredValue>> PopOp(uint32_t method, const std::string& name, uint32_t limit,
                                   WaitTime time) {
  auto request = Waiting<Request>(name, time);
  request.set_limit(limit);
  return MakeOp<v1::SortedSetPopReply>(method, request, [](v1::SortedSetPopReply reply) {
    return MembersFrom(reply.mutable_members());
  });
}

}  // namespace

Op<Created> sorted_set_create(const std::string& name, std::vector<ScoredValue> members,
                              bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Create");
  auto request = Named<v1::SortedSetCreateRequest>(name);
  Fill(std::move(members), request.mutable_members());
  request.set_exclusive(exclusive);
  return core::CreateOp<v1::SortedSetCreateReply>(method, request);
}

Op<Changed> sorted_set_len(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Len");
  return core::ChangeOp<v1::SortedSetLenReply>(method, Named<v1::SortedSetLenRequest>(name));
}

Op<SortedSetChange> sorted_set_add(const std::string& name, std::vector<ScoredValue> members,
                                   const SortedSetConditions& conditions) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Add");
  auto request = Changing<v1::SortedSetAddRequest>(name, conditions.version);
  Fill(std::move(members), request.mutable_members());
  request.set_only_new(conditions.only_new);
  request.set_only_existing(conditions.only_existing);
  request.set_only_greater(conditions.only_greater);
  request.set_only_less(conditions.only_less);
  return MakeOp<v1::SortedSetAddReply>(method, request, [](const v1::SortedSetAddReply& reply) {
    return SortedSetChange{.added = reply.added(),
                           .changed = reply.changed(),
                           .length = reply.length(),
                           .version = reply.version()};
  });
}

Op<double> sorted_set_increment(const std::string& name, Value member, double amount) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Increment");
  auto request = Named<v1::SortedSetIncrementRequest>(name);
  ToMessage(std::move(member), request.mutable_member());
  request.set_amount(amount);
  return MakeOp<v1::SortedSetIncrementReply>(
      method, request, [](const v1::SortedSetIncrementReply& reply) { return reply.score(); });
}

Op<uint64_t> sorted_set_remove(const std::string& name, std::vector<Value> members,
                               IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Remove");
  auto request = Changing<v1::SortedSetRemoveRequest>(name, version);
  ToMessages(std::move(members), request.mutable_members());
  return RemoveOp(method, request);
}

Op<uint64_t> sorted_set_remove_by_score(const std::string& name, const ScoreBounds& bounds,
                                        IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/RemoveByScore");
  auto request = Changing<v1::SortedSetRemoveByScoreRequest>(name, version);
  Fill(bounds, request.mutable_bounds());
  return RemoveOp(method, request);
}

Op<std::vector<std::optional<double>>> sorted_set_score(const std::string& name,
                                                        std::vector<Value> members) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Score");
  auto request = Named<v1::SortedSetScoreRequest>(name);
  ToMessages(std::move(members), request.mutable_members());
  return MakeOp<v1::SortedSetScoreReply>(method, request, [](const v1::SortedSetScoreReply& reply) {
    std::vector<std::optional<double>> scores;
    for (const v1::OptionalScore& score : reply.scores()) {
      scores.push_back(score.has_score() ? std::optional(score.score()) : std::nullopt);
    }
    return scores;
  });
}

Op<std::optional<PlaceAndScore>> sorted_set_rank(const std::string& name, Value member,
                                                 bool reverse) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Rank");
  auto request = Named<v1::SortedSetRankRequest>(name);
  ToMessage(std::move(member), request.mutable_member());
  request.set_reverse(reverse);
  return MakeOp<v1::SortedSetRankReply>(
      method, request, [](const v1::SortedSetRankReply& reply) -> std::optional<PlaceAndScore> {
        if (!reply.has_rank()) return std::nullopt;
        return PlaceAndScore{.rank = reply.rank(), .score = reply.score()};
      });
}

Op<ScoredPage> sorted_set_range(const std::string& name, const PlaceRange& range) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Range");
  auto request = Named<v1::SortedSetRangeRequest>(name);
  if (range.start) request.set_start(*range.start);
  if (range.stop) request.set_stop(*range.stop);
  request.set_reverse(range.reverse);
  request.set_limit(range.limit);
  return RangeOp(method, request);
}

Op<ScoredPage> sorted_set_range_by_score(const std::string& name, const ScoreRange& range) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/RangeByScore");
  auto request = Named<v1::SortedSetRangeByScoreRequest>(name);
  Fill(range.bounds, request.mutable_bounds());
  request.set_reverse(range.reverse);
  request.set_offset(range.offset);
  request.set_limit(range.limit);
  return RangeOp(method, request);
}

Op<uint64_t> sorted_set_count(const std::string& name, const ScoreBounds& bounds) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/Count");
  auto request = Named<v1::SortedSetCountRequest>(name);
  Fill(bounds, request.mutable_bounds());
  return MakeOp<v1::SortedSetCountReply>(
      method, request,
      [](const v1::SortedSetCountReply& reply) -> uint64_t { return reply.count(); });
}

Op<std::vector<ScoredValue>> sorted_set_pop_min(const std::string& name, uint32_t limit,
                                                WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/PopMin");
  return PopOp<v1::SortedSetPopMinRequest>(method, name, limit, time);
}

Op<std::vector<ScoredValue>> sorted_set_pop_max(const std::string& name, uint32_t limit,
                                                WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.SortedSet/PopMax");
  return PopOp<v1::SortedSetPopMaxRequest>(method, name, limit, time);
}

}  // namespace coheld::ops
