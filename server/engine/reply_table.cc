// See reply_table.h.
#include "server/engine/reply_table.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/planted_bug.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

using wire::Failure;

constexpr size_t kReasonBytes = 4;
constexpr uint64_t kSeqMax = (uint64_t{1} << 62) - 1;

PackedBytes Encode(const Failure& failure) {
  const auto reason = static_cast<uint32_t>(failure.reason);
  return PackedBytes({reinterpret_cast<const char*>(&reason), kReasonBytes}, failure.message);
}

Failure Decode(std::string_view bytes) {
  uint32_t reason = 0;
  std::memcpy(&reason, bytes.data(), kReasonBytes);
  return {static_cast<v1::ErrorReason>(reason), std::string(bytes.substr(kReasonBytes))};
}

Failure Acknowledged(const Stamp& stamp) {
  return {v1::ERROR_REASON_ALREADY_ACKNOWLEDGED,
          "the reply to seq " + std::to_string(stamp.seq) + " of lane " +
              std::to_string(stamp.lane) + " was acknowledged (up to " +
              std::to_string(stamp.acked) + "); the op was not done again; give each op a new seq"};
}

}  // namespace

// --- A lane ---

const ReplyTable::Kept* ReplyTable::Lane::Find(uint64_t seq) const {
  if (empty() || kept_.back().seq < seq) return nullptr;
  const auto place = std::lower_bound(
      begin(), end(), seq, [](const Kept& kept, uint64_t wanted) { return kept.seq < wanted; });
  return place->seq == seq ? &*place : nullptr;
}

void ReplyTable::Lane::Insert(Kept kept) {
  bytes_ += kept.bytes.size();
  if (empty() || kept_.back().seq < kept.seq) return kept_.push_back(std::move(kept));
  const auto first = kept_.begin() + static_cast<ptrdiff_t>(first_);
  const auto place = std::lower_bound(
      first, kept_.end(), kept.seq, [](const Kept& k, uint64_t wanted) { return k.seq < wanted; });
  kept_.insert(place, std::move(kept));
}

void ReplyTable::Lane::Forget(uint64_t acked) {
  for (; !empty() && kept_[first_].seq <= acked; ++first_) {
    bytes_ -= kept_[first_].bytes.size();
    kept_[first_].bytes = PackedBytes();
  }
  if (empty()) {
    kept_.clear();
    first_ = 0;
  } else if (first_ * 2 > kept_.size()) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

void ReplyTable::Lane::ForgetAcknowledgedUnchanged() {
  while (!empty() && !kept_.back().change && kept_.back().seq <= seen_) {
    bytes_ -= kept_.back().bytes.size();
    kept_.pop_back();
  }
}

void ReplyTable::Lane::ForgetUnchanged() {
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<ptrdiff_t>(std::exchange(first_, 0)));
  std::erase_if(kept_, [this](const Kept& kept) {
    if (!kept.change) bytes_ -= kept.bytes.size();
    return !kept.change;
  });
}

bool ReplyTable::Lane::HasChangeUpTo(uint64_t acked) const {
  for (auto kept = begin(); kept != end() && kept->seq <= acked; ++kept) {
    if (kept->change) return true;
  }
  return false;
}

size_t ReplyTable::Lane::unacknowledged() const {
  if (empty() || kept_.back().seq <= seen_) return 0;
  const auto first = std::upper_bound(
      begin(), end(), seen_, [](uint64_t acked, const Kept& kept) { return acked < kept.seq; });
  return static_cast<size_t>(end() - first);
}

// --- The table ---

std::optional<Failure> ReplyTable::Refuse(const Lane& lane, const Stamp& stamp) const {
  if (stamp.seq > kSeqMax) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "seq is " + std::to_string(stamp.seq) + "; it must be below 2^62"};
  }
  if (stamp.seq <= lane.seen_ && !Planted(PlantedBug::kLateCopyDone)) return Acknowledged(stamp);
  const size_t open = lane.unacknowledged() + lane.waiting_.size();
  if (open < kLaneRepliesMax && (open == 0 || lane.bytes_ < kLaneBytesMax)) return std::nullopt;
  return Failure{v1::ERROR_REASON_TOO_MANY,
                 "lane " + std::to_string(stamp.lane) + " has " + std::to_string(open) +
                     " replies of " + std::to_string(lane.bytes_) +
                     " bytes that are not acknowledged, the most that are kept; acknowledge them "
                     "or use another lane"};
}

ReplyTable::Lane* ReplyTable::Find(uint32_t number) {
  if (last_ != nullptr && number == last_number_) return last_;
  const auto found = lanes_.find(number);
  if (found == lanes_.end()) return nullptr;
  last_number_ = number;
  last_ = &found->second;
  return last_;
}

ReplyTable::Judgement ReplyTable::Judge(Stamp* stamp, Reply* reply) {
  Lane* found = Find(stamp->lane);
  if (found == nullptr) {
    if (lanes_.size() >= kSessionLanesMax) {
      reply->failure = Failure{v1::ERROR_REASON_TOO_MANY,
                               "the session has " + std::to_string(lanes_.size()) +
                                   " lanes, the most allowed; use those that are idle again"};
      return {.verdict = Verdict::kAnswered};
    }
    found = &lanes_[stamp->lane];
  }
  Lane& lane = *found;
  lane.seen_ = std::max(lane.seen_, stamp->acked);
  stamp->acked = lane.seen_;
  if (const Kept* kept = stamp->seq <= lane.seen_ ? nullptr : lane.Find(stamp->seq)) {
    reply->durability = v1::DURABILITY_SYNC;  // What it waited for is not kept.
    if (kept->failed) {
      reply->failure = Decode(kept->bytes.view());
    } else {
      reply->payload = kept->bytes.view();
    }
    return {.verdict = Verdict::kAnswered};
  }
  for (const auto& [seq, call] : lane.waiting_) {
    if (seq == stamp->seq && !Planted(PlantedBug::kCopyWaitsToo))
      return {.verdict = Verdict::kWaits, .waits = call};
  }
  reply->failure = Refuse(lane, *stamp);
  return {.verdict = reply->failure ? Verdict::kAnswered : Verdict::kNew};
}

bool ReplyTable::Acknowledge(uint32_t lane_number, uint64_t acked) {
  const auto found = lanes_.find(lane_number);
  if (found == lanes_.end() || found->second.seen_ > acked) return false;
  Lane& lane = found->second;
  lane.seen_ = acked;
  const bool change = lane.HasChangeUpTo(acked);
  if (change) {
    lane.acked_ = acked;
    lane.Forget(acked);
  }
  lane.ForgetAcknowledgedUnchanged();
  return change;
}

bool ReplyTable::Knows(const Stamp& stamp) const {
  const auto lane = lanes_.find(stamp.lane);
  return lane != lanes_.end() && lane->second.Find(stamp.seq) != nullptr;
}

void ReplyTable::Keep(const Stamp& stamp, const Reply& reply, bool change) {
  const bool astray = Planted(PlantedBug::kReplyUnderWrongLane);
  Lane& lane = astray ? lanes_.begin()->second : *Find(stamp.lane);
  if (Planted(PlantedBug::kReplyForgottenEarly)) lane.Forget(stamp.seq);
  if (change && stamp.acked > lane.acked_) {
    lane.acked_ = stamp.acked;
    lane.Forget(stamp.acked);
  }
  lane.ForgetAcknowledgedUnchanged();
  if (stamp.seq <= lane.acked_) return;  // Given up while it waited: nobody asks for it any more.
  lane.Insert({.seq = stamp.seq & kSeqMax,
               .failed = reply.failure.has_value(),
               .change = change,
               .bytes = reply.failure ? Encode(*reply.failure) : PackedBytes(reply.payload)});
}

void ReplyTable::NoteWaiting(const Stamp& stamp) {
  lanes_[stamp.lane].waiting_.emplace_back(stamp.seq, stamp.call);
}

void ReplyTable::ForgetWaiting(const Stamp& stamp) {
  std::erase(lanes_.at(stamp.lane).waiting_, std::pair(stamp.seq, stamp.call));
}

void ReplyTable::ForgetUnchanged() {
  for (auto& [number, lane] : lanes_) lane.ForgetUnchanged();
}

// --- Saved state ---

size_t ReplyTable::Lane::changes() const {
  return static_cast<size_t>(
      std::count_if(begin(), end(), [](const Kept& kept) { return kept.change; }));
}

void ReplyTable::Lane::Save(StateWriter& state) const {
  state.PutUnsigned(acked_);
  state.PutUnsigned(changes());
  for (auto kept = begin(); kept != end(); ++kept) {
    if (!kept->change) continue;
    state.PutUnsigned(kept->seq);
    state.PutFlag(kept->failed);
    state.PutBytes(kept->bytes.view());
  }
}

void ReplyTable::Lane::Load(StateReader& state) {
  acked_ = state.TakeUnsigned();
  seen_ = acked_;
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const uint64_t seq = state.TakeUnsigned(kSeqMax, "a seq");
    const bool failed = state.TakeFlag();
    const std::string_view bytes = state.TakeBytes();
    if (seq <= acked_ || (!empty() && seq <= kept_.back().seq)) {
      return state.Fail("the answers of a lane are not in order");
    }
    if (failed && bytes.size() < kReasonBytes) return state.Fail("a failure has no reason");
    Insert({.seq = seq & kSeqMax, .failed = failed, .change = true, .bytes = PackedBytes(bytes)});
  }
  if (state.ok() && !is_state()) state.Fail("a lane has no state");
}

void ReplyTable::Save(StateWriter& state) const {
  state.PutUnsigned(static_cast<size_t>(std::count_if(
      lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane.second.is_state(); })));
  for (const auto& [number, lane] : lanes_) {
    if (!lane.is_state()) continue;
    state.PutUnsigned(number);
    lane.Save(state);
  }
}

void ReplyTable::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    const auto number = static_cast<uint32_t>(state.TakeUnsigned(UINT32_MAX, "a lane"));
    if (!lanes_.empty() && number <= lanes_.rbegin()->first) {
      return state.Fail("the lanes are not in order");
    }
    lanes_[number].Load(state);
  }
}

}  // namespace coheld::engine
