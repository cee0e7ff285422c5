// The sorted set: its ops (coheld/v1/sorted_set.proto); members and scores are in score_table.h.
// Every handler validates the whole request before it changes anything.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/sorted_set.pb.h"
#include "server/engine/if_version.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/score_table.h"
#include "server/engine/slice.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

class SortedSetObject : public Object {
 public:
  uint64_t size() const override { return table.size(); }
  std::vector<WaitQueue*> wait_queues() override { return {&poppers}; }
  void VisitValues(const ValueVisitor& visit) const override {
    for (const DictTable::Entry& entry : table.members().entries()) {
      if (!entry.hole()) visit(entry.key);
    }
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    table.Save(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    table.Load(state);
  }

  ScoreTable table;
  WaitQueue poppers;
};

using Members = std::vector<std::pair<Value, double>>;

Failure Invalid(std::string message) {
  return {v1::ERROR_REASON_INVALID_ARGUMENT, std::move(message)};
}

Failure NotANumber(std::string_view what) {
  return Invalid("the " + std::string(what) + " is NaN, which has no place in an order");
}

Result<Members> ReadMembers(const google::protobuf::RepeatedPtrField<v1::ScoredMember>& wire) {
  Members members;
  members.reserve(static_cast<size_t>(wire.size()));
  for (const v1::ScoredMember& scored : wire) {
    Result<Value> member = KeyFromWire(scored.member());
    if (!member.ok()) return member.failure();
    if (std::isnan(scored.score())) {
      return NotANumber("score of " + ShortText(member.value()));
    }
    members.emplace_back(std::move(member).value(), scored.score());
  }
  return members;
}

Result<ScoreRange> ReadBounds(const v1::ScoreBounds& wire) {
  if (std::isnan(wire.min()) || std::isnan(wire.max())) return NotANumber("bound");
  ScoreRange range = {.min_open = wire.min_open(), .max_open = wire.max_open()};
  if (wire.has_min()) range.min = wire.min();
  if (wire.has_max()) range.max = wire.max();
  return range;
}

// TOO_LARGE if so many members more would pass the limit.
std::optional<Failure> CheckRoom(const SortedSetObject& set, size_t more) {
  if (set.table.members().places() + more <= kDictEntriesMax) return std::nullopt;
  return Failure{v1::ERROR_REASON_TOO_LARGE, "a sorted set holds at most " +
                                                 std::to_string(kDictEntriesMax) +
                                                 " members; spread them over several"};
}

void MemberToWire(const Value& member, double score, v1::ScoredMember* wire) {
  ToWire(member, wire->mutable_member());
  wire->set_score(score);
}

Outcome Create(SortedSetObject& set, const v1::SortedSetCreateRequest& request,
               v1::SortedSetCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("sorted set", set, request, turn)) return *failure;
  if (turn.created()) {
    Result<Members> members = ReadMembers(request.members());
    if (!members.ok()) return members.failure();
    for (auto& [member, score] : members.value()) set.table.Set(std::move(member), score);
    set.Touch();
    turn.Wake(set.poppers);
  }
  AnswerCreate(set, turn, reply);
  reply->set_version(set.version());
  return Done();
}

Outcome Len(SortedSetObject& set, const v1::SortedSetLenRequest& /*request*/,
            v1::SortedSetLenReply* reply, Turn& /*turn*/) {
  reply->set_length(set.table.size());
  reply->set_version(set.version());
  return Done();
}

// Says whether the conditions let a member have this score.
bool Allows(const v1::SortedSetAddRequest& request, std::optional<double> current, double score) {
  if (!current) return !request.only_existing();
  if (request.only_new()) return false;
  if (request.only_greater()) return score > *current;
  if (request.only_less()) return score < *current;
  return true;
}

Outcome AddMembers(SortedSetObject& set, const v1::SortedSetAddRequest& request,
                   v1::SortedSetAddReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  if (request.only_new() && request.only_existing()) {
    return Invalid("only_new and only_existing exclude each other; name one of them");
  }
  if (request.only_greater() && request.only_less()) {
    return Invalid("only_greater and only_less exclude each other; name one of them");
  }
  Result<Members> members = ReadMembers(request.members());
  if (!members.ok()) return members.failure();
  if (auto failure = CheckRoom(set, members.value().size())) return *failure;
  if (turn.rehearsal()) return Done();
  uint64_t added = 0;
  uint64_t changed = 0;
  for (auto& [member, score] : members.value()) {
    const std::optional<double> current = set.table.Find(member);
    if (current == score || !Allows(request, current, score)) continue;
    ++(current ? changed : added);
    set.table.Set(std::move(member), score);
  }
  if (added + changed > 0) set.Touch();
  if (added > 0) turn.Wake(set.poppers);
  reply->set_added(added);
  reply->set_changed(changed);
  reply->set_length(set.table.size());
  reply->set_version(set.version());
  return Done();
}

Outcome Increment(SortedSetObject& set, const v1::SortedSetIncrementRequest& request,
                  v1::SortedSetIncrementReply* reply, Turn& turn) {
  Result<Value> member = KeyFromWire(request.member());
  if (!member.ok()) return member.failure();
  const double sum = set.table.Find(member.value()).value_or(0) + request.amount();
  if (std::isnan(sum)) return NotANumber("sum");
  if (auto failure = CheckRoom(set, 1)) return *failure;
  if (turn.rehearsal()) return Done();
  set.table.Set(std::move(member).value(), sum);
  set.Touch();
  turn.Wake(set.poppers);
  reply->set_score(sum);
  reply->set_version(set.version());
  return Done();
}

Outcome Removed(SortedSetObject& set, size_t removed, v1::SortedSetRemoveReply* reply) {
  if (removed > 0) set.Touch();
  reply->set_removed(removed);
  reply->set_length(set.table.size());
  reply->set_version(set.version());
  return Done();
}

Outcome Remove(SortedSetObject& set, const v1::SortedSetRemoveRequest& request,
               v1::SortedSetRemoveReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  Value::Items members;
  for (const v1::Value& wire : request.members()) {
    Result<Value> member = KeyFromWire(wire);
    if (!member.ok()) return member.failure();
    members.push_back(std::move(member).value());
  }
  if (turn.rehearsal()) return Done();
  size_t removed = 0;
  for (const Value& member : members) removed += set.table.Remove(member) ? 1 : 0;
  return Removed(set, removed, reply);
}

Outcome RemoveByScore(SortedSetObject& set, const v1::SortedSetRemoveByScoreRequest& request,
                      v1::SortedSetRemoveReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  const Result<ScoreRange> range = ReadBounds(request.bounds());
  if (!range.ok()) return range.failure();
  const auto [begin, end] = set.table.Within(range.value());
  for (size_t rank = end; rank > begin; --rank) set.table.TakeAt(rank - 1);
  return Removed(set, end - begin, reply);
}

Outcome Score(SortedSetObject& set, const v1::SortedSetScoreRequest& request,
              v1::SortedSetScoreReply* reply, Turn& /*turn*/) {
  for (const v1::Value& wire : request.members()) {
    const Result<Value> member = KeyFromWire(wire);
    if (!member.ok()) return member.failure();
    v1::OptionalScore* optional = reply->add_scores();
    if (const auto score = set.table.Find(member.value())) optional->set_score(*score);
  }
  reply->set_version(set.version());
  return Done();
}

Outcome Rank(SortedSetObject& set, const v1::SortedSetRankRequest& request,
             v1::SortedSetRankReply* reply, Turn& /*turn*/) {
  const Result<Value> member = KeyFromWire(request.member());
  if (!member.ok()) return member.failure();
  const auto score = set.table.Find(member.value());
  if (!score) return Done();
  const size_t rank = set.table.RankOf(member.value());
  reply->set_rank(request.reverse() ? set.table.size() - 1 - rank : rank);
  reply->set_score(*score);
  return Done();
}

// Places to list, from `first` on; with `reverse` downwards.
struct Listing {
  size_t first = 0;
  size_t count = 0;
  bool reverse = false;
  uint32_t limit = 0;  // 0 is none.
};

void List(const SortedSetObject& set, const Listing& listing, v1::SortedSetRangeReply* reply) {
  const size_t wanted =
      listing.limit == 0 ? listing.count : std::min<size_t>(listing.count, listing.limit);
  ReplyBudget budget;
  size_t listed = 0;
  for (; listed < wanted; ++listed) {
    const size_t rank = listing.reverse ? listing.first - listed : listing.first + listed;
    const ScoreTable::Scored scored = set.table.At(rank);
    budget.Take(scored.member);
    if (listed > 0 && budget.bytes() > kReplyBytesMax) break;
    MemberToWire(scored.member, scored.score, reply->add_members());
  }
  reply->set_done(listed == listing.count);
  reply->set_version(set.version());
}

Outcome Range(SortedSetObject& set, const v1::SortedSetRangeRequest& request,
              v1::SortedSetRangeReply* reply, Turn& /*turn*/) {
  v1::Slice slice;
  if (request.has_start()) slice.set_start(request.start());
  if (request.has_stop()) slice.set_stop(request.stop());
  const SliceRange range = ResolveSlice(slice, set.table.size()).value();  // Its step is 1.
  const auto start = static_cast<size_t>(range.start);
  List(set,
       {.first = request.reverse() ? set.table.size() - 1 - start : start,
        .count = static_cast<size_t>(range.count),
        .reverse = request.reverse(),
        .limit = request.limit()},
       reply);
  return Done();
}

Outcome RangeByScore(SortedSetObject& set, const v1::SortedSetRangeByScoreRequest& request,
                     v1::SortedSetRangeReply* reply, Turn& /*turn*/) {
  const Result<ScoreRange> range = ReadBounds(request.bounds());
  if (!range.ok()) return range.failure();
  const auto [begin, end] = set.table.Within(range.value());
  const size_t skipped = std::min<uint64_t>(request.offset(), end - begin);
  List(set,
       {.first = request.reverse() ? end - 1 - skipped : begin + skipped,
        .count = end - begin - skipped,
        .reverse = request.reverse(),
        .limit = request.limit()},
       reply);
  return Done();
}

Outcome Count(SortedSetObject& set, const v1::SortedSetCountRequest& request,
              v1::SortedSetCountReply* reply, Turn& /*turn*/) {
  const Result<ScoreRange> range = ReadBounds(request.bounds());
  if (!range.ok()) return range.failure();
  const auto [begin, end] = set.table.Within(range.value());
  reply->set_count(end - begin);
  reply->set_version(set.version());
  return Done();
}

// Pops from the low end, or from the high one, or parks.
template <bool from_max, typename Request>
Outcome Pop(SortedSetObject& set, const Request& request, v1::SortedSetPopReply* reply,
            Turn& turn) {
  if (turn.MustQueue(set.poppers) || set.table.empty()) {
    return turn.Park(set.poppers, TimeoutOf(request), Done());
  }
  const size_t limit = std::max<size_t>(request.limit(), 1);
  ReplyBudget budget;
  for (size_t taken = 0; taken < limit && !set.table.empty(); ++taken) {
    const size_t rank = from_max ? set.table.size() - 1 : 0;
    budget.Take(set.table.At(rank).member);
    if (budget.bytes() > kPageBytesMax && taken > 0) break;  // Never lost to a reply too large.
    const auto [member, score] = set.table.TakeAt(rank);
    MemberToWire(member, score, reply->add_members());
  }
  set.Touch();
  reply->set_length(set.table.size());
  reply->set_version(set.version());
  return Done();
}

}  // namespace

const TypeRow& SortedSetType() {
  static const TypeRow row = MakeType<SortedSetObject>(
      "sorted_set",
      {Op<Create>("SortedSet.Create"), Op<Len>("SortedSet.Len"),
       JointOp<AddMembers>("SortedSet.Add"), JointOp<Increment>("SortedSet.Increment"),
       JointOp<Remove>("SortedSet.Remove"), Op<RemoveByScore>("SortedSet.RemoveByScore"),
       Op<Score>("SortedSet.Score"), Op<Rank>("SortedSet.Rank"), Op<Range>("SortedSet.Range"),
       Op<RangeByScore>("SortedSet.RangeByScore"), Op<Count>("SortedSet.Count"),
       Op<Pop<false, v1::SortedSetPopMinRequest>>("SortedSet.PopMin"),
       Op<Pop<true, v1::SortedSetPopMaxRequest>>("SortedSet.PopMax")});
  return row;
}

}  // namespace coheld::engine
