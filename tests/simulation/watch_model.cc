// See watch_model.h.
#include "tests/simulation/watch_model.h"

#include <utility>

#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {

using engine::testing::Count;

bool WatchModel::IsReady(const WatchOp& op) const {
  if (op.kind == Kind::kAdd || !op.after) return true;
  const auto counter = counters_.find(op.object);
  return *op.after != (counter == counters_.end() ? 1 : counter->second.version());
}

Answers WatchModel::Apply(const WatchOp& op, int64_t now) {
  Counter& counter = counters_[op.object];
  if (op.kind == Kind::kChanges) {
    if (!counter.start) counter.start = counter.version();
    if (std::exchange(counter.unasked, false)) counter.resumed = counter.version();
  }
  return WaitingModel::Apply(op, now);
}

std::string WatchModel::TimedOut(const WatchOp& op) const { return Count("version", *op.after); }

std::string WatchModel::Do(const WatchOp& op) {
  Counter& counter = counters_.at(op.object);
  if (op.kind == Kind::kAdd) {
    counter.changes.push_back({op.session, op.number});
    counter.sum += op.number;
    return "value " + std::to_string(counter.sum);
  }
  const uint64_t version = counter.version();
  const uint64_t after = op.after.value_or(version);
  if (after < counter.start.value_or(version) || after > version) return "COMPACTED";
  const uint64_t limit = op.number == 0 ? UINT64_MAX : static_cast<uint64_t>(op.number);
  const uint64_t last = after + std::min(version - after, limit);
  std::string words = Count("version", last);
  for (uint64_t told = after + 1; told <= last; ++told) {
    const Change& change = counter.changes[told - 2];
    words += ", " + std::to_string(told) + Count(" by", change.session) + " adds " +
             std::to_string(change.amount);
  }
  return words + (after < counter.resumed ? kOrCompacted : "");
}

void WatchModel::Resume() {
  for (auto& [name, counter] : counters_) counter.unasked = true;
}

}  // namespace coheld::simulation
