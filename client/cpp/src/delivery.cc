// See delivery.h.
#include "client/cpp/src/delivery.h"

#include <algorithm>
#include <array>
#include <utility>

#include "client/cpp/src/time_left.h"
#include "proto/wire/methods.h"

namespace coheld::core {
namespace {

// Ops that mean nothing in another session than the one they were made for: they work on what it
// owned.
constexpr std::array kOwnersPaths = {
    "/coheld.v1.Barrier/ActionDone", "/coheld.v1.Condition/Wait",
    "/coheld.v1.Lock/Release",       "/coheld.v1.Lock/ReleaseAll",
    "/coheld.v1.RLock/Release",      "/coheld.v1.ReadWriteLock/Release",
    "/coheld.v1.Semaphore/Release",
};

// What a delivery has to know of a method.
struct Traits {
  bool read_only = false;
  bool needs_ownership = false;
  bool may_wait = false;  // Says for how long.
};

using TraitsTable = std::array<Traits, wire::kMethodNumberEnd>;

TraitsTable MakeTraits() {
  TraitsTable table{};
  for (const wire::MethodRow& row : wire::Methods()) {
    table[row.number].read_only = row.read_only;
    table[row.number].may_wait =
        row.descriptor->input_type()->FindFieldByName("timeout_ms") != nullptr;
  }
  for (const char* path : kOwnersPaths) {
    const wire::MethodRow* row = wire::FindMethod(std::string_view(path));
    if (row != nullptr) table[row->number].needs_ownership = true;
  }
  return table;
}

Traits TraitsOf(uint32_t method) {
  static const TraitsTable table = MakeTraits();
  return method < table.size() ? table[method] : Traits{};
}

}  // namespace

void PrepareDeliveries() { TraitsOf(0); }

Delivery::Delivery(std::span<const PipelinedCall> calls, const CallOptions& options)
    : options_(options), open_(calls.size()) {
  ops_.reserve(calls.size());
  for (const PipelinedCall& call : calls) {
    const Traits traits = TraitsOf(call.method);
    ops_.push_back({.method = call.method,
                    .request = call.request,
                    .read_only = traits.read_only,
                    .may_wait = traits.may_wait});
  }
}

Delivery::~Delivery() { LeaveSession(); }

bool Delivery::uncertain() const {
  return std::any_of(ops_.begin(), ops_.end(), [](const Op& op) {
    return op.fate == Fate::kOpen && op.uncertain && !op.read_only;
  });
}

bool Delivery::sent_none() const {
  return std::all_of(ops_.begin(), ops_.end(),
                     [](const Op& op) { return op.fate == Fate::kNever; });
}

// All seqs that were used are settled: either answered, or nobody will ask for the answer.
void Delivery::LeaveSession() {
  if (session_ == nullptr) return;
  for (const Op& op : ops_) {
    if (op.seq > 0) lanes_[op.lane].acked = std::max(lanes_[op.lane].acked, op.seq);
  }
  if (session_->own()) session_->GiveBack(lanes_);
  lanes_.clear();
  session_.reset();
}

void Delivery::Enter(const std::shared_ptr<OpenSession>& session) {
  if (session == session_) return;
  LeaveSession();
  session_ = session;
  for (Op& op : ops_) {
    if (op.fate == Fate::kOpen && op.uncertain && !op.read_only) End(op, Fate::kUnknown);
  }
  session_->TakeLanes(open_, &lanes_);
  uint64_t place = 0;
  for (Op& op : ops_) {
    op.seq = 0;
    if (op.fate != Fate::kOpen) continue;
    op.uncertain = false;
    op.lane = place / kLaneOpsMax;
    op.seq = lanes_[op.lane].acked + 1 + place % kLaneOpsMax;
    ++place;
  }
}

const std::vector<Frame>& Delivery::Frames(uint64_t deadline_ms, uint64_t passed_ms) {
  frames_.clear();
  for (Op& op : ops_) {
    if (op.fate != Fate::kOpen) continue;
    auto shortened = WithTimeLeft(op.method, op.request, passed_ms);
    if (shortened) op.shortened = std::move(*shortened);
    frames_.push_back({.method = op.method,
                       .request = shortened ? op.shortened : op.request,
                       .thread = options_.thread,
                       .deadline_ms = deadline_ms,
                       .lane = lanes_[op.lane].number,
                       .seq = op.seq,
                       .acked = lanes_[op.lane].acked,
                       .token = options_.token,
                       .site = options_.site,
                       .may_wait = op.may_wait});
  }
  answers_.assign(frames_.size(), Answer{});
  return frames_;
}

Delivery::Verdict Delivery::Take() {
  Verdict verdict;
  size_t place = 0;
  for (Op& op : ops_) {
    if (place == answers_.size()) break;
    if (op.fate == Fate::kOpen) TakeAnswer(op, answers_[place++], &verdict);
  }
  answers_.clear();
  return verdict;
}

void Delivery::TakeAnswer(Op& op, Answer& answer, Verdict* verdict) {
  switch (answer.state) {
    case Answer::State::kUnsent:
      return;
    case Answer::State::kPending:
      op.uncertain = true;
      return;
    case Answer::State::kReplied:
      op.answer = std::move(answer);
      return End(op, Fate::kReplied);
    case Answer::State::kFailed:
      break;
  }
  if (answer.failure.reason == v1::ERROR_REASON_SHUTTING_DOWN) {
    verdict->later = true;
    op.answer.failure = std::move(answer.failure);
    return;
  }
  if (answer.failure.reason == v1::ERROR_REASON_TAKEN_OVER) {
    op.uncertain = true;
    return;
  }
  if (answer.failure.reason == v1::ERROR_REASON_SESSION_EXPIRED) {
    verdict->session_gone = true;
    return TakeExpired(op, answer);
  }
  op.answer = std::move(answer);
  End(op, Fate::kFailed);
}

// This time it did not happen.
void Delivery::TakeExpired(Op& op, Answer& answer) {
  op.answer = std::move(answer);
  if (op.uncertain && !op.read_only) return End(op, Fate::kUnknown);
  if (TraitsOf(op.method).needs_ownership) End(op, Fate::kFailed);
}

void Delivery::End(Op& op, Fate fate) {
  op.fate = fate;
  --open_;
}

void Delivery::GiveUp() {
  for (Op& op : ops_) {
    if (op.fate != Fate::kOpen) continue;
    End(op, op.uncertain && !op.read_only ? Fate::kUnknown : Fate::kNever);
  }
}

}  // namespace coheld::core
